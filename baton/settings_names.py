"""Whether the systems that one part of ``systems.yaml`` names are in another part of it, and can do what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from baton.contracts import Connector, Notifier, PaymentChannel
from baton.errors import ConfigurationError, Fault
from baton.registry import Registry
from baton.settings_shape import SystemsFile
from baton.strict_yaml import Document, did_you_mean


@dataclass(slots=True)
class _Able:
    """The systems of a file that can do one thing."""

    names: list[str] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    """Those whose connector cannot be loaded: that is told of elsewhere."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A place at which a system is named."""

    setting: str
    at: tuple[str | int, ...]
    system: str


def faults_of_names(parts: SystemsFile, document: Document, registry: Registry) -> Iterator[Fault]:
    """A fault for every name of a system that is not there, or cannot do what it is named for.

    One that is switched off passes: it is there, and what leads through it waits for it.
    """
    telling = _able(parts, registry, Notifier)
    for each in _tellers(parts):
        if not _known(each.system, telling, parts, document):
            yield _fault(each, telling, "no_notifier", "can send messages", document)
    paying = _able(parts, registry, PaymentChannel)
    for system in parts.payments.banks:
        bank = _Named("payments.banks", ("payments", "banks", system), system)
        if not _known(system, paying, parts, document):
            yield _fault(bank, paying, "unknown_bank", "takes payment files", document)


def _tellers(parts: SystemsFile) -> Iterator[_Named]:
    """Where a system is named that is to tell people something."""
    for name, route in parts.alarms.routes.items():
        yield _Named(f"alarms.routes.{name}.system", ("alarms", "routes", name, "system"), route.system)
    for position, system in enumerate(parts.offboarding.notifiers):
        yield _Named("offboarding.notifiers", ("offboarding", "notifiers", position), system)


def _able(parts: SystemsFile, registry: Registry, ability: type[Any]) -> _Able:
    able = _Able()
    kinds: Mapping[str, type[Connector] | None] = {
        connector: _kind(connector, registry) for connector in {part.connector for part in parts.systems.values()}
    }
    for name, part in parts.systems.items():
        kind = kinds[part.connector]
        if kind is None:
            able.doubtful.add(name)
        elif issubclass(kind, ability):
            able.names.append(name)
    return able


def _kind(connector: str, registry: Registry) -> type[Connector] | None:
    try:
        return registry.load(connector) if connector in registry.names() else None
    except ConfigurationError:
        return None


def _known(system: str, able: _Able, parts: SystemsFile, document: Document) -> bool:
    """Whether this name is right, or is wrong for a reason that has been told: its part of the file was left out."""
    left_out = system not in parts.systems and document.node(("systems", system)) is not None
    return left_out or system in able.names or system in able.doubtful


def _fault(named: _Named, able: _Able, rule: str, ability: str, document: Document) -> Fault:
    hint = did_you_mean(named.system, able.names) or f"; there are: {', '.join(able.names) or 'none'}"
    message = f"{named.setting}: {named.system[:60]!r} is no system that {ability}{hint}"
    return document.fault(named.at, rule, message)
