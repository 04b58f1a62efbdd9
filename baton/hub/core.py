"""Opening the hub: one place where the parts meet."""

from __future__ import annotations

import gc
import random
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from baton.clock import Clock, SystemClock
from baton.contracts import AccountTarget, Connector, EmployeeSource, RemovalTarget
from baton.engine.gate import GatePolicy
from baton.engine.limiter import SharedLimiter
from baton.engine.performer import CrashPoint
from baton.errors import ConfigurationError, Fault
from baton.mapping.schema import EMPLOYEE, FieldMapping
from baton.registry import Registry
from baton.settings import HubSettings, SystemSettings
from baton.store.alarms import AlarmStore
from baton.store.alerts import AlertStore
from baton.store.bank_answers import BankAnswerStore
from baton.store.bank_differences import BankDifferenceStore
from baton.store.caseload import CaseloadStore
from baton.store.cases import CaseStore
from baton.store.checklists import ChecklistStore
from baton.store.database import Database
from baton.store.effects import EffectStore
from baton.store.erasures import ErasureStore
from baton.store.kept_files import KeptFiles
from baton.store.kept_records import KeptRecordStore
from baton.store.leases import LeaseStore
from baton.store.links import LinkStore
from baton.store.migrate import upgrade
from baton.store.moves import MoveStore
from baton.store.pay_decisions import PayDecisionStore
from baton.store.pay_runs import PayRunStore
from baton.store.people import PeopleStore
from baton.store.personal import Keyring
from baton.store.personal_links import PersonalLinkStore
from baton.store.recoveries import RecoveryStore
from baton.store.restores import RestoreStore
from baton.store.runs import RunStore
from baton.store.settlements import SettlementStore
from baton.store.staging import Staging
from baton.store.tenures import TenureStore
from baton.store.told_lines import ToldLineStore

if TYPE_CHECKING:
    import httpx
    import sqlalchemy as sa

SYNC_JOB: Final = "sync"
"""The job that plans what HR's data asks for."""
PLANNING = "plan"
"""Planning, and decisions on what was planned, go one after the other."""
KEYRING = ("hub", "keyring")
"""System and name of the secret that holds the keys of the personal columns."""
_NEW_OBJECTS: Final = 20_000


@cache
def _search_for_garbage_seldom() -> None:
    """Once a process: what is loaded by now stays to the end, so no search for garbage need look at it again.

    Some 150,000 objects: a search among them stopped all threads for 90 ms in the middle of storing 2,000 effects.
    New ones are looked at every 20,000, not every 700: hardly any of a plan's or a pay run's 100,000 records can be
    let go before it ends, and to look for them was an eighth of its time.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


class Hub:
    """Everything one installation consists of. Open it, use it, close it (or use it as a context manager)."""

    def __init__(
        self,
        settings: HubSettings,
        *,
        clock: Clock | None = None,
        chance: random.Random | None = None,
        registry: Registry | None = None,
        transports: Mapping[str, httpx.BaseTransport] | None = None,
        crash_point: CrashPoint = lambda _: None,
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.chance = chance or random.SystemRandom()
        self.registry = registry or Registry()
        self.crash_point = crash_point
        self._transports = transports or {}
        self._connectors: dict[str, Connector] = {}
        self.links = LinkStore()
        self.runs = RunStore(self.clock)
        self.alarms = AlarmStore(self.clock)
        self.tenures = TenureStore()
        self.personal_links = PersonalLinkStore()
        self.checklists = ChecklistStore()
        self.pay_decisions = PayDecisionStore(self.clock)
        self.use_keyring(self._load_keyring())
        self.database = Database(settings.database.get_secret_value())
        try:
            upgrade(self.database)
        except BaseException:
            self.database.close()
            raise
        _search_for_garbage_seldom()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def use_keyring(self, keyring: Keyring) -> None:
        """Seal with these keys from now on."""
        self.keyring = replace(keyring, newer=self._newer_keyring)
        keyring = self.keyring
        self.effects = EffectStore(keyring, self.clock)
        self.leases = LeaseStore(self.effects, self.links)
        self.people = PeopleStore(keyring)
        self.told_lines = ToldLineStore(keyring)
        self.staging = Staging(self.state_dir / "migrations", keyring, self.clock)
        self.kept_files = KeptFiles(self.state_dir / "kept", keyring)
        self.moves = MoveStore(keyring)
        self.pay_runs = PayRunStore(keyring, self.clock)
        self.bank_answers = BankAnswerStore(keyring, self.clock)
        self.bank_differences = BankDifferenceStore(keyring, self.clock)
        self.recoveries = RecoveryStore(keyring, self.clock)
        self.settlements = SettlementStore(keyring, self.clock)
        self.cases = CaseStore(keyring, self.clock)
        self.caseload = CaseloadStore(keyring, SYNC_JOB, list(self.settings.systems))
        self.alerts = AlertStore(keyring, self.clock)
        self.erasures = ErasureStore(self.effects)
        self.kept_records = KeptRecordStore(keyring)
        self.restores = RestoreStore(self.effects, self.links)

    def reload_keyring(self) -> None:
        """Look up the keys again: another process may have rotated them."""
        self.use_keyring(self._load_keyring())

    def _newer_keyring(self, version: int) -> Keyring | None:
        """The keyring that knows this version, for work that began before the keys were rotated."""
        if version not in self.keyring.encryption_keys:
            self.reload_keyring()
        return self.keyring if version in self.keyring.encryption_keys else None

    def close(self) -> None:
        """Close connectors, their clients, and the database."""
        for connector in self._connectors.values():
            connector.close()
            connector.client.close()
        self._connectors.clear()
        self.database.close()

    # --- connectors

    def connector(self, name: str) -> Connector:
        """The connector of a system, built once."""
        if name not in self._connectors:
            system = self.settings.system(name)
            self._connectors[name] = self.registry.build(
                system, self.limiter(name), self.clock, transport=self._transports.get(name)
            )
        return self._connectors[name]

    def limiter(self, name: str) -> SharedLimiter:
        """The allowance of a system; every job, thread and machine shares it."""
        return self.limiter_of(self.settings.system(name))

    def limiter_of(self, system: SystemSettings) -> SharedLimiter:
        """The same, for settings that are at hand."""
        rate = system.rate or self.registry.load(system.connector).rate
        return SharedLimiter(self.database, system.name, rate, self.clock)

    def source(self, name: str) -> EmployeeSource:
        """The connector of an HR source."""
        connector = self.connector(name)
        if not isinstance(connector, EmployeeSource):
            raise self._wrong_kind(name, "an HR source")
        return connector

    def target(self, name: str) -> AccountTarget:
        """The connector of an account target."""
        connector = self.connector(name)
        if not isinstance(connector, AccountTarget):
            raise self._wrong_kind(name, "an account target")
        return connector

    def _wrong_kind(self, name: str, wanted: str) -> ConfigurationError:
        system = self.settings.system(name)
        return ConfigurationError([Fault(system.place, "capability", f"{name} ({system.connector}) is not {wanted}")])

    def sources(self) -> list[SystemSettings]:
        """The enabled HR sources."""
        return [
            s for s in self.settings.enabled.values() if issubclass(self.registry.load(s.connector), EmployeeSource)
        ]

    def targets(self) -> list[SystemSettings]:
        """The enabled account targets."""
        return [s for s in self.settings.enabled.values() if issubclass(self.registry.load(s.connector), AccountTarget)]

    def removing(self) -> list[str]:
        """The names of the enabled targets in which accounts can be removed."""
        return [s.name for s in self.targets() if issubclass(self.registry.load(s.connector), RemovalTarget)]

    def chosen_targets(self, only: str | None = None) -> list[SystemSettings]:
        """The enabled targets, or the one named; `ConfigurationError` when there is no such target."""
        systems = self.targets()
        chosen = [system for system in systems if only in (None, system.name)]
        if only is not None and not chosen:
            names = ", ".join(system.name for system in systems) or "none"
            message = f"there is no enabled target {only[:60]!r}; there are: {names}"
            raise ConfigurationError([Fault("--system", "unknown_system", message)])
        return chosen

    # --- people

    def barred(self, connection: sa.Connection) -> frozenset[str]:
        """Numbers of the emergency leavers whom the sync keeps out whatever HR says: nobody who is protected."""
        return self.caseload.barred(connection).difference(self.settings.hub.protected)

    # --- mappings and policies

    @cached_property
    def mappings(self) -> Mapping[str, FieldMapping]:
        """The checked mapping of every enabled system; one error with all faults of all files."""
        faults: list[Fault] = []
        loaded: dict[str, FieldMapping] = {}
        try:
            self.load_transforms()
        except ConfigurationError as error:
            faults += error.faults
        for system in (*self.sources(), *self.targets()):
            try:
                loaded[system.name] = self._load_mapping(system)
            except ConfigurationError as error:
                faults += error.faults
        if faults:
            raise ConfigurationError(faults)
        return loaded

    def load_transforms(self) -> None:
        """Make known the transforms of one's own: no mapping is read before. `ConfigurationError` names each module
        that cannot be loaded.
        """
        from baton.mapping.transforms import load_transforms  # as below

        load_transforms(self.settings.hub.transforms, file=self.settings.file)

    def _load_mapping(self, system: SystemSettings) -> FieldMapping:
        from baton.mapping.load import load_mapping  # loads polars, which most commands can do without

        connector = self.registry.load(system.connector)
        fields = connector.fields if issubclass(connector, AccountTarget) else None
        wanted = (EMPLOYEE, system.connector) if fields is not None else (system.connector, EMPLOYEE)
        if system.mapping is None:
            message = (
                f"{system.name} needs the line 'mapping: FILE', with a file that maps {wanted[0]} to {wanted[1]}; "
                "those that come with Baton are in mappings/sync"
            )
            raise ConfigurationError([Fault(system.place, "no_mapping", message)])
        mapping = load_mapping(system.mapping, source_fields=None, target_fields=fields)
        if (mapping.source, mapping.target) != wanted:
            message = f"maps {mapping.source} to {mapping.target}, but {system.name} needs {wanted[0]} to {wanted[1]}"
            raise ConfigurationError([Fault(str(system.mapping), "direction", message)])
        return mapping

    @property
    def gate_policy(self) -> GatePolicy:
        """The limits of destructive effects."""
        gate = self.settings.gate
        return GatePolicy.of(gate.run, gate.day, gate.week)

    @property
    def state_dir(self) -> Path:
        """Where checkpoints, exports and the local database live."""
        return self.settings.hub.state_dir

    def new_run_id(self, job: str) -> str:
        """A readable, unique, sortable name."""
        return f"{job}-{self.clock.now():%Y%m%d-%H%M%S}-{self.chance.getrandbits(24):06x}"

    def _load_keyring(self) -> Keyring:
        text = self.settings.vault.find(*KEYRING)
        if text is None:
            raise ConfigurationError(
                [
                    Fault(
                        str(self.settings.file),
                        "no_keyring",
                        "there is no key for the personal columns. On a new hub make one with: baton keys init; where "
                        "this hub has run before put the copy of it back: a new one opens nothing that is kept. Tried: "
                        + "; ".join(self.settings.vault.places(*KEYRING)),
                    )
                ]
            )
        return Keyring.load(text)
