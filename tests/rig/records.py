"""Two systems full of records, held in memory, with a hub between them: what migration is tried on."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
from pydantic import SecretStr

from baton.clock import Clock
from baton.contracts import Collection, Connector, Feed, Finding, Promise, Rate, RecordSource, RecordTarget
from baton.engine.performer import CrashPoint
from baton.hub import Hub
from baton.hub.migration.route import MigrationRequest
from baton.jobs.migration.waves import WavePlan
from baton.model.account import FieldSpec, FieldType, Receipt
from baton.model.source_rows import Origin, RejectedRow, SourcePage
from baton.records.types import frame_schema
from baton.registry import Registry
from baton.settings import HubSettings, SystemSettings
from baton.settings_shape import GatePart, GuardsPart, HubPart
from baton.vault import Vault
from tests.rig.clock import START, VirtualClock
from tests.rig.company import KEYS, _Secrets
from tests.rig.schema import lay_out
from tests.rig.targets import NoClient, NoSettings

STAFF: Mapping[str, FieldSpec] = {
    "code": FieldSpec(required=True),
    "name": FieldSpec(personal=True, max_length=40),
    "pay": FieldSpec(FieldType.DECIMAL, personal=True, places=2),
    "hired": FieldSpec(FieldType.DATE),
    "seen": FieldSpec(FieldType.DATETIME),
    "rank": FieldSpec(FieldType.INTEGER),
    "boss": FieldSpec(FieldType.REFERENCE, refers_to="staff"),
    "note": FieldSpec(),
}
COLUMNS = ("工号", "姓名", "工资", "入职", "时间", "级别", "上级", "备注")
MAPPING = """mapping: 1
source: data/old
target: data/new
collection: staff
key: [code]
shown: [code, note]
cleaning:
  - {column: 级别, check: [trim, integer]}
fields:
  code: {from: 工号, via: [trim], required: yes}
  name: {from: 姓名, via: [trim, nfc]}
  pay: {from: 工资, via: [trim, decimal(2)]}
  hired: {from: 入职, via: [trim, date]}
  seen: {from: 时间, via: [datetime]}
  rank: {from: 级别, via: [trim, integer]}
  boss: {from: 上级, via: [trim]}
  note: {from: 备注}
examples:
  - given: {工号: 0012, 姓名: 测试甲, 工资: 1.50}
    expect: {code: 0012, name: 测试甲, pay: 1.50}
"""
Write = Callable[["Shelf", str, pl.DataFrame], None]


def old_row(number: int, **given: str | None) -> dict[str, str | None]:
    """One row of the old system."""
    row = {
        "工号": f"{number:05d}",
        "姓名": f"测试{number}",
        "工资": f"{1000 + number}.{number % 100:02d}",
        "入职": f"20{number % 25:02d}-0{1 + number % 9}-11",
        "时间": f"2026-01-{1 + number % 28:02d}T08:00:00+08:00",
        "级别": str(number % 9),
        "上级": None,
        "备注": None if number % 3 else f"备注 {number}",
    }
    return {**row, **given}


class OldSystem(RecordSource):
    """Says what ``rows`` holds when it is asked, in pages of ``page_rows``."""

    title: ClassVar[str] = "Old system"
    Settings = NoSettings
    rate: ClassVar[Rate] = Rate(1000, burst=1000)

    def __init__(self, archive: Archive) -> None:
        super().__init__(NoSettings(), NoClient())
        self.archive = archive

    def check(self) -> Sequence[Finding]:
        return []

    def collections(self) -> Sequence[str]:
        return ["staff"]

    def records(self, collection: str) -> Feed:
        frame = pl.DataFrame(self.archive.rows, schema=dict.fromkeys(COLUMNS, pl.String))
        step = self.archive.page_rows
        pages = (
            SourcePage(
                frame.slice(start, step), first_row=2 + start, rejected=self.archive.rejected if not start else ()
            )
            for start in range(0, max(frame.height, 1), step)
        )
        return Feed(Origin("old.csv", "", self.archive.clock.now()), pages)


@dataclass
class Shelf:
    """The durable truth of the new system: what is there, whatever became of the answer."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, int]] = field(default_factory=list)
    on_write: Write = lambda *_: None
    """Called before a write is carried out; may raise."""
    after_write: Write = lambda *_: None
    """Called after a write was carried out; may raise (a lost answer) or change the rows."""


class NewSystem(RecordTarget, RecordSource):
    """Compares and writes in one step (class B)."""

    title: ClassVar[str] = "New system"
    Settings = NoSettings
    rate: ClassVar[Rate] = Rate(1000, burst=1000)
    record_promise: ClassVar[Promise] = Promise.CONDITION
    record_batch_limit: ClassVar[int] = 700

    def __init__(self, shelf: Shelf, fields: Mapping[str, FieldSpec] = STAFF) -> None:
        super().__init__(NoSettings(), NoClient())
        self.shelf = shelf
        self.fields = fields

    def check(self) -> Sequence[Finding]:
        return []

    def collections(self) -> Sequence[str]:
        return ["staff"]

    def records(self, collection: str) -> Feed:
        names = [name for name, spec in self.fields.items() if spec.type is not FieldType.DATETIME]
        frame = pl.DataFrame(list(self.shelf.rows.values()), schema=frame_schema(self.fields), strict=False)
        page = SourcePage(frame.select(pl.col(names).cast(pl.String)))
        return Feed(Origin("new", "", START), iter([page]))

    def collection(self, name: str) -> Collection:
        return Collection(name, self.fields, ("code",))

    def count(self, collection: Collection) -> int:
        return len(self.shelf.rows)

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        names = list(dict.fromkeys((*collection.key, *fields)))
        self.shelf.calls.append(("fetch", keys.height))
        found = [self.shelf.rows[key] for key in keys["code"].to_list() if key in self.shelf.rows]
        return pl.DataFrame(
            [{name: row.get(name) for name in names} for row in found], schema=frame_schema(self.fields, names)
        )

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        return self._write("insert", rows, None)

    def amend(self, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> Sequence[Receipt]:
        return self._write("update", rows, before)

    def delete(self, collection: Collection, before: pl.DataFrame) -> Sequence[Receipt]:
        return self._write("delete", before, before)

    def _write(self, action: str, rows: pl.DataFrame, before: pl.DataFrame | None) -> Sequence[Receipt]:
        assert 0 < rows.height <= self.record_batch_limit
        self.shelf.calls.append((action, rows.height))
        self.shelf.on_write(self.shelf, action, rows)
        expected = [None] * rows.height if before is None else before.to_dicts()
        receipts = [self._one(action, row, was) for row, was in zip(rows.to_dicts(), expected, strict=True)]
        self.shelf.after_write(self.shelf, action, rows)
        return receipts

    def _one(self, action: str, row: dict[str, Any], was: dict[str, Any] | None) -> Receipt:
        there = self.shelf.rows.get(row["code"])
        if action == "delete" and there is None:
            return Receipt.done()
        alike = there is None if was is None else there is not None and all(there.get(n) == v for n, v in was.items())
        if not alike:
            return Receipt.refused(self.CHANGED, "not as expected")
        if action == "delete":
            del self.shelf.rows[row["code"]]
        else:
            self.shelf.rows[row["code"]] = {**(there or {}), **row}
        return Receipt.done()


class _Registry(Registry):
    def __init__(self, archive: Archive) -> None:
        super().__init__()
        self.archive = archive

    def load(self, name: str) -> type[Connector]:
        return self.archive.kinds.get(name) or super().load(name)

    def build(self, system: SystemSettings, limiter: Any, clock: Clock, **more: Any) -> Connector:
        if system.connector in self.archive.kinds:
            return self.archive.build(system.connector)
        return super().build(system, limiter, clock, **more)


@dataclass
class Archive:
    """An old system, a new one, one database. `open` gives the hub; opening again is a restart."""

    folder: Path
    url: str
    clock: Any = field(default_factory=VirtualClock)
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    threads: int = 1
    crash_point: CrashPoint = lambda _: None
    rows: list[dict[str, str | None]] = field(default_factory=list)
    rejected: Sequence[RejectedRow] = ()
    page_rows: int = 1000
    shelf: Shelf = field(default_factory=Shelf)
    fields: Mapping[str, FieldSpec] = field(default_factory=lambda: STAFF)
    source: type[OldSystem] = OldSystem
    kind: type[NewSystem] = NewSystem
    mapping: str = MAPPING

    def open(self) -> Hub:
        """The hub, as a new process would open it."""
        lay_out(self.url)
        return Hub(
            self.settings(),
            clock=self.clock,
            chance=self.chance,
            registry=_Registry(self),
            crash_point=self.crash_point,
        )

    @property
    def kinds(self) -> Mapping[str, type[Connector]]:
        """The connectors of the two systems, by the name systems.yaml knows them under."""
        return {"data/old": self.source, "data/new": self.kind}

    def build(self, connector: str) -> Connector:
        """One of them, as a new process would build it."""
        return self.source(self) if connector == "data/old" else self.kind(self.shelf, self.fields)

    def request(self, **given: Any) -> MigrationRequest:
        """Everything from the old to the new."""
        path = self.folder / "staff.yaml"
        path.write_text(self.mapping, encoding="utf-8")
        return MigrationRequest(path, **{"requested_by": "tester", "waves": WavePlan(), **given})

    def systems(self) -> dict[str, SystemSettings]:
        """The two systems, as systems.yaml would name them."""
        return {
            name: SystemSettings(name, f"data/{name}", f"systems.yaml:{name}", NoSettings(), None, threads=self.threads)
            for name in ("old", "new")
        }

    def settings(self) -> HubSettings:
        """What systems.yaml would say."""
        return HubSettings(
            file=self.folder / "systems.yaml",
            hub=HubPart(state_dir=self.folder / "state", secrets_dir=self.folder / "secrets"),
            gate=GatePart(),
            guards=GuardsPart(),
            systems=self.systems(),
            vault=Vault([_Secrets({("hub", "keyring"): KEYS})]),
            database=SecretStr(self.url),
        )
