"""A real hub on a real database, whose HR source and targets are held in memory (or wherever a test likes)."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
from pydantic import SecretStr

from baton.audit.checkpoint import Signer
from baton.clock import Clock
from baton.contracts import Connector, EmployeeSource, Feed, Finding, Rate
from baton.engine.performer import CrashPoint
from baton.hub import Hub
from baton.mapping.load import load_mapping
from baton.mapping.schema import FieldMapping
from baton.model.source_rows import Origin, RejectedRow, SourcePage
from baton.registry import Registry
from baton.settings import HubSettings, SystemSettings
from baton.settings_shape import AlarmsPart, GatePart, GuardsPart, HubPart, OffboardingPart
from baton.store.personal import Keyring
from baton.vault import Vault
from tests.rig.schema import lay_out, never_wait_for_the_disk
from tests.rig.targets import FakeTarget, NoClient, NoSettings
from tests.rig.truth import Truth

COLUMNS = (
    "number",
    "status",
    "name",
    "title",
    "department",
    "mobile",
    "manager",
    "hired",
    "last_day",
    "contract_end",
    "effective",
    "zone",
    "account",
    "holder",
    "bank_code",
    "pay_end",
)
HR_MAPPING = """mapping: 1
source: hr/memory
target: employee
fields:
  number: {from: number, required: yes, otherwise: refuse}
  status:
    from: status
    table: {pending: pending_hire, active: active, leave: on_leave, notice: notice, departed: departed, rehired: rehired}
    required: yes
    otherwise: refuse
  full_name: {from: name}
  position: {from: title}
  department: {from: department}
  mobile: {from: mobile}
  manager_number: {from: manager}
  hire_day: {from: hired, via: [date]}
  last_working_day: {from: last_day, via: [date]}
  contract_end_day: {from: contract_end, via: [date]}
  effective_on: {from: effective, via: [date]}
  time_zone: {from: zone, via: [default(Asia/Shanghai), zone]}
examples:
  - given: {number: 0012, status: active, name: 测试䶮}
    expect: {number: 0012, status: active, full_name: 测试䶮}
"""
TARGET_MAPPING = """mapping: 1
source: employee
target: TARGET
lifecycle:
  provision: {at: hire, lead_days: 0}
  disable: last_working
  remove: contract_end
fields:
  name: {from: full_name, required: yes}
  title: {from: position}
  department: {from: department}
  mobile: {from: mobile}
  manager: {from: manager_number}
examples:
  - given: {number: 0012, full_name: 测试䶮}
    expect: {name: 测试䶮}
"""
_CHECKED: dict[tuple[str, Any], FieldMapping] = {}
"""Text of a mapping and its target's fields -> what it says: nearly every test has the same two."""
KEYS = Keyring(1, {1: b"e" * 32}, b"i" * 32, b"d" * 32).to_text()
"""Fixed, so that two runs of one seed plan the same digests."""
SIGNER = Signer("test/audit", b"s" * 32)


def row(number: str, **given: str) -> dict[str, str]:
    """One line of the HR feed; what is not given has no value."""
    person = {"number": number, "status": "active", "name": f"测试{number}", "title": "员工", "hired": "2020-01-01"}
    return {**person, **given}


class MemorySource(EmployeeSource):
    """An HR system that says what ``rows`` holds at the moment it is asked."""

    title: ClassVar[str] = "HR in memory"
    Settings = NoSettings
    rate: ClassVar[Rate] = Rate(1000, burst=1000)

    def __init__(self, company: Company) -> None:
        super().__init__(NoSettings(), NoClient())  # type: ignore[arg-type]
        self.company = company

    def check(self) -> Sequence[Finding]:
        return []

    def census(self) -> Feed:
        rows = [{name: person.get(name) for name in COLUMNS} for person in self.company.rows]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
        now = self.company.clock.now()
        origin = Origin("memory", f"{len(rows):064x}", now)
        return Feed(origin, iter([SourcePage(frame, rejected=self.company.rejected)]))

    def changes(self, since: str | None) -> Feed:
        return self.census()


class FakeRegistry(Registry):
    """Connectors that are objects of a test; all others as on disk."""

    def __init__(self, company: Company) -> None:
        super().__init__()
        self.company = company

    def load(self, name: str) -> type[Connector]:
        if name == "hr/memory":
            return MemorySource
        return self.company.kinds[name] if name in self.company.kinds else super().load(name)

    def build(self, system: SystemSettings, limiter: Any, clock: Clock, **more: Any) -> Connector:
        if system.connector == "hr/memory":
            return MemorySource(self.company)
        if system.connector in self.company.kinds:
            return self.company.build(system.name)
        return super().build(system, limiter, clock, **more)


class _Secrets:
    def __init__(self, values: Mapping[tuple[str, str], str]) -> None:
        self.values = values

    def get(self, system: str, name: str) -> str | None:
        return self.values.get((system, name))

    def describe(self, system: str, name: str) -> str:
        return "a test"


@dataclass
class Company:
    """One HR feed, some targets, one database. `open` gives the hub; opening again is a restart."""

    folder: Path
    url: str
    clock: Any
    targets: Mapping[str, type[FakeTarget]]
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    gate: GatePart = field(default_factory=GatePart)
    guards: GuardsPart = field(default_factory=GuardsPart)
    protected: tuple[str, ...] = ()
    threads: int = 1
    crash_point: CrashPoint = lambda _: None
    rows: list[dict[str, str]] = field(default_factory=list)
    rejected: Sequence[RejectedRow] = ()
    truths: dict[str, Truth] = field(default_factory=dict)
    prepare: Callable[[str, FakeTarget], None] = lambda *_: None
    """Called with every fake target that is built, to plug trouble in."""
    mappings: dict[str, FieldMapping] = field(default_factory=dict)
    offboarding: OffboardingPart = field(default_factory=OffboardingPart)
    alarms: AlarmsPart = field(default_factory=AlarmsPart)
    signer: Signer = SIGNER
    """The key of the audit log; another one counts from the next `open` on."""
    waits_for_disk: bool = False
    """Whether SQLite writes through to the disk, as an installation's does: whatever is measured must."""
    source: SystemSettings | None = None
    """Another HR source than the one in memory; its mapping goes into ``mappings``."""

    def __post_init__(self) -> None:
        self.kinds = {f"crm/fake_{name}": kind for name, kind in self.targets.items()}
        for name in self.targets:
            self.truths.setdefault(name, Truth())
        self.write_mapping("hr", HR_MAPPING)
        for name in self.targets:
            self.write_mapping(name, TARGET_MAPPING.replace("TARGET", f"crm/fake_{name}"))

    def write_mapping(self, system: str, text: str) -> None:
        """Give a system a mapping; an open hub keeps the one it has."""
        path = self.folder / f"{system}.yaml"
        written = path.with_name(f".{system}.{os.getpid()}.{threading.get_ident()}")
        written.write_text(text, encoding="utf-8")
        written.replace(path)  # at once: other processes of the same company may be reading it
        fields = None if system == "hr" else self.targets[system].fields
        known = (text, None if fields is None else tuple(fields.items()))
        if known not in _CHECKED:
            _CHECKED[known] = load_mapping(path, source_fields=None, target_fields=fields)
        self.mappings[system] = replace(_CHECKED[known], file=str(path))

    def build(self, name: str) -> FakeTarget:
        """A connector object for a target."""
        target = self.targets[name](self.truths[name])
        self.prepare(name, target)
        return target

    def open(self) -> Hub:
        """The hub, as a new process would open it."""
        lay_out(self.url)
        return self.open_with(self.settings())

    def open_with(self, settings: HubSettings) -> Hub:
        """The hub on other settings than this company's own."""
        hub = Hub(
            settings,
            clock=self.clock,
            chance=self.chance,
            registry=self.registry(),
            crash_point=self.crash_point,
        )
        if not self.waits_for_disk:
            never_wait_for_the_disk(hub.database)
        hub.__dict__["mappings"] = dict(self.mappings)
        return hub

    def registry(self) -> Registry:
        """Which connectors there are."""
        return FakeRegistry(self)

    def settings(self) -> HubSettings:
        """What systems.yaml would say."""
        systems = {"hr": self.source or self._system("hr", "hr/memory")}
        systems |= {name: self._system(name, f"crm/fake_{name}") for name in self.targets}
        return HubSettings(
            file=self.folder / "systems.yaml",
            hub=HubPart(state_dir=self.folder / "state", secrets_dir=self.folder / "secrets", protected=self.protected),
            gate=self.gate,
            guards=self.guards,
            systems=systems,
            vault=Vault([_Secrets({("hub", "keyring"): KEYS, ("hub", "audit_key"): self.signer.secret_text})]),
            offboarding=self.offboarding,
            alarms=self.alarms,
            database=SecretStr(self.url),
        )

    def _system(self, name: str, connector: str) -> SystemSettings:
        return SystemSettings(
            name, connector, f"systems.yaml:{name}", NoSettings(), self.folder / f"{name}.yaml", threads=self.threads
        )


def numbers(first: int, last: int) -> Iterable[str]:
    """Employee numbers, four digits, leading zeros kept."""
    return (f"{number:04d}" for number in range(first, last + 1))
