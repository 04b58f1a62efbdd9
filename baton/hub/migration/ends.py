"""The two ends of a migration: systems of ``systems.yaml``, and the hub's own people, which need no entry there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from baton.contracts import Connector, RecordSource, RecordTarget
from baton.errors import ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.migration.people import OwnPeople
from baton.mapping.schema import EMPLOYEE
from baton.settings import SystemSettings
from baton.settings_shape import OWN

_OWN_SYSTEM: Final = SystemSettings(
    OWN, EMPLOYEE, "the hub's own people", settings=None, rate=OwnPeople.rate, threads=1
)
"""One thread: writes to the hub's own database queue up anyway."""


def system_at(hub: Hub, name: str) -> SystemSettings:
    """The settings of an end; `ConfigurationError` with close names when there is no such system."""
    return _OWN_SYSTEM if name == OWN else hub.settings.system(name)


def record_source(hub: Hub, name: str) -> RecordSource:
    """The end that records are read from."""
    connector = _connector(hub, name)
    if not isinstance(connector, RecordSource):
        raise _wrong_kind(hub, name, "records cannot be read from it")
    return connector


def record_target(hub: Hub, name: str, run_id: str = "") -> RecordTarget:
    """The end that records are written to; ``run_id`` is the run in whose name the hub's own people are changed."""
    connector = _connector(hub, name, run_id)
    if not isinstance(connector, RecordTarget):
        raise _wrong_kind(hub, name, "records cannot be written to it")
    return connector


def only_system(hub: Hub, connector: str, option: str, file: Path) -> str:
    """The one enabled system that has this connector; ``option`` says how to name one where there are several."""
    if connector == EMPLOYEE:
        return OWN
    names = [system.name for system in hub.settings.enabled.values() if system.connector == connector]
    if len(names) == 1:
        return names[0]
    what = f"no enabled system is a {connector}" if not names else f"several are a {connector}: {', '.join(names)}"
    raise ConfigurationError([Fault(str(file), "which_system", f"{what}; name one with {option}")])


def require_connector(hub: Hub, name: str, connector: str, file: Path) -> None:
    """Raise `ConfigurationError` unless the system has the connector that the mapping is for."""
    system = system_at(hub, name)
    if system.connector != connector:
        message = f"is for {connector}, and {name} is {system.connector}"
        raise ConfigurationError([Fault(str(file), "direction", message)])


def _connector(hub: Hub, name: str, run_id: str = "") -> Connector:
    return OwnPeople(hub, run_id) if name == OWN else hub.connector(name)


def _wrong_kind(hub: Hub, name: str, what: str) -> ConfigurationError:
    system = hub.settings.system(name)
    return ConfigurationError([Fault(system.place, "capability", f"{name} ({system.connector}): {what}")])
