"""Finds connectors by their folder, loads them by name, and says what they are.

``<package>/<kind>/<name>/connector.py`` defines exactly one public connector class; the connector's name is
``<kind>/<name>``. Listing reads the disk and imports nothing; nothing in `baton` ever imports a connector by name.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from baton.client import Client, Limiter, Limits
from baton.clock import Clock
from baton.contracts import Connector, ConnectorSettings
from baton.egress import EgressRule, ascii_host, origin_of
from baton.errors import ConfigurationError, Fault
from baton.strict_yaml import did_you_mean

if TYPE_CHECKING:
    import httpx

    from baton.settings import SystemSettings

NAME: Final = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")
_OTHER_SCHEMES: Final = frozenset(
    {"postgresql", "mysql", "mariadb", "sqlite", "oracle", "mssql", "duckdb", "ldap", "ldaps", "smtp", "smtps", "file"}
)
"""URLs that the HTTP client never dials; they need no egress origin."""


class Registry:
    """The connectors in one package."""

    def __init__(self, package: str = "connectors") -> None:
        self.package = package

    def names(self) -> tuple[str, ...]:
        """``<kind>/<name>`` of every connector on disk, sorted; nothing is imported."""
        found = {
            f"{file.parent.parent.name}/{file.parent.name}"
            for root in self._roots()
            for file in root.glob("*/*/connector.py")
        }
        return tuple(sorted(name for name in found if NAME.fullmatch(name)))

    def folder(self, name: str) -> Path:
        """Where the connector lives. Raises `ConfigurationError` for one that does not exist."""
        if NAME.fullmatch(name):
            for root in self._roots():
                if (root / name / "connector.py").is_file():
                    return root / name
        raise ConfigurationError([self.unknown(name, place=f"{self.package}/")])

    def unknown(self, name: str, *, place: str) -> Fault:
        """The fault for a connector name that nothing on disk answers to."""
        names = self.names()
        hint = did_you_mean(name, names) or f"; there are {', '.join(names) or 'none'}"
        return Fault(place, "unknown_connector", f"there is no connector {name[:80]!r}{hint}")

    def load(self, name: str) -> type[Connector]:
        """The connector's class. Raises `ConfigurationError` unless its module defines exactly one public one."""
        place = f"{self.folder(name)}/connector.py"
        module = self._import(name, "connector")
        found = [
            cls
            for attribute, cls in vars(module).items()
            if inspect.isclass(cls)
            and issubclass(cls, Connector)
            and cls.__module__ == module.__name__
            and not attribute.startswith("_")
            and not inspect.isabstract(cls)
        ]
        if len(found) != 1:
            seen = ", ".join(sorted(cls.__name__ for cls in found)) or "none (is a method of a capability missing?)"
            message = f"defines {len(found)} public connector classes instead of one: {seen}"
            raise ConfigurationError([Fault(place, "one_class", message)])
        missing = [name for name in ("title", "Settings", "rate") if not hasattr(found[0], name)]
        if missing:
            raise ConfigurationError([Fault(place, "class_attributes", f"does not set {', '.join(missing)}")])
        return found[0]

    def simulator(self, name: str) -> type[Any] | None:
        """The connector's ``Simulator`` class, or None when its folder has no simulator.py."""
        folder = self.folder(name)
        if not (folder / "simulator.py").is_file():
            return None
        simulator = getattr(self._import(name, "simulator"), "Simulator", None)
        if not inspect.isclass(simulator):
            raise ConfigurationError([Fault(f"{folder}/simulator.py", "simulator", "defines no class Simulator")])
        return simulator

    def build(
        self,
        system: SystemSettings,
        limiter: Limiter,
        clock: Clock,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> Connector:
        """A connector with its own client, which may reach the hosts in its settings and nothing else."""
        if system.settings is None:
            raise ConfigurationError(
                [Fault(system.place, "disabled", f"the system {system.name} is disabled; set enabled: yes to use it")]
            )
        rule = egress_rule(system.settings, place=system.place, allow_private=system.allow_private)
        client = Client(
            rule,
            limits=Limits(deadline_s=system.deadline_s),
            limiter=limiter,
            clock=clock,
            ca_bundle=str(system.ca_bundle) if system.ca_bundle else None,
            transport=transport,
        )
        return self.load(system.connector)(system.settings, client)

    def _roots(self) -> tuple[Path, ...]:
        spec = importlib.util.find_spec(self.package)
        if spec is None or spec.submodule_search_locations is None:
            message = f"the package {self.package} is not installed; install the project (uv sync)"
            raise ConfigurationError([Fault(self.package, "no_connectors", message)])
        return tuple(Path(location) for location in spec.submodule_search_locations)

    def _import(self, name: str, module: str) -> Any:
        folder = self.folder(name)
        try:
            return importlib.import_module(f"{self.package}.{name.replace('/', '.')}.{module}")
        except Exception as error:
            fault = Fault(f"{folder}/{module}.py", "import", f"cannot be imported: {type(error).__name__}: {error}")
            raise ConfigurationError([fault]) from error


def egress_rule(settings: ConnectorSettings, *, place: str = "settings", allow_private: bool = False) -> EgressRule:
    """The rule allowing the hosts of all ``*_url`` settings, plus what the settings' own ``hosts()`` returns.

    ``hosts()`` gives URLs or ``host:port`` pairs. Raises `ConfigurationError` for a URL that is none.
    """
    origins: set[str] = set()
    faults: list[Fault] = []
    for name, url in _urls(settings).items():
        if url.partition(":")[0].partition("+")[0].lower() in _OTHER_SCHEMES:
            continue
        try:
            origins.add(origin_of(url))
        except ValueError as error:
            faults.append(Fault(place, "url", f"{name} is {error}"))
    hosts = getattr(settings, "hosts", None)
    for host in hosts() if callable(hosts) else ():
        try:
            origins.add(origin_of(host) if "://" in host else _origin(host))
        except ValueError as error:
            faults.append(Fault(place, "url", f"a host is {error}"))
    if faults:
        raise ConfigurationError(faults)
    return EgressRule(frozenset(origins), allow_private)


def _origin(pair: str) -> str:
    name, _, port = pair.rpartition(":")
    return f"{ascii_host(name)}:{port}"


def _urls(settings: ConnectorSettings) -> Mapping[str, str]:
    values = {name: getattr(settings, name) for name in type(settings).model_fields if name.endswith("_url")}
    return {name: str(value) for name, value in values.items() if value and not hasattr(value, "get_secret_value")}
