"""Two systems whose records are frames: large enough for a hundred thousand rows, and easy to damage on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from baton.contracts import Collection, Feed
from baton.model.account import FieldSpec, FieldType, Receipt
from baton.model.receipts import Receipts
from baton.model.source_rows import Origin, SourcePage
from baton.records.types import frame_schema
from tests.rig.clock import START
from tests.rig.records import Archive, NewSystem, OldSystem

FIRST_ROW = 2
FIELDS: Mapping[str, FieldSpec] = {
    "code": FieldSpec(required=True),
    "name": FieldSpec(personal=True),
    "city": FieldSpec(),
    "unit": FieldSpec(),
    "pay": FieldSpec(FieldType.DECIMAL, personal=True, places=2),
    "rate": FieldSpec(),
    "card": FieldSpec(personal=True),
    "hired": FieldSpec(FieldType.DATE),
    "seen": FieldSpec(FieldType.DATETIME),
    "note": FieldSpec(),
}
COLUMNS: Mapping[str, str] = {
    "code": "工号",
    "name": "姓名",
    "city": "城市",
    "unit": "部门",
    "pay": "工资",
    "rate": "系数",
    "card": "卡号",
    "hired": "入职",
    "seen": "时间",
    "note": "备注",
}
"""Target field -> source column."""
MAPPING = """mapping: 1
source: data/old
target: data/new
collection: staff
key: [code]
shown: [code]
fields:
  code: {from: 工号, via: [trim, upper], required: yes}
  name: {from: 姓名, otherwise: "null"}
  city: {from: 城市, otherwise: "null"}
  unit: {from: 部门, otherwise: "null"}
  pay: {from: 工资, via: [decimal(2)], otherwise: "null"}
  rate: {from: 系数, otherwise: "null"}
  card: {from: 卡号, otherwise: "null"}
  hired: {from: 入职, via: [date], otherwise: "null"}
  seen: {from: 时间, via: [datetime], otherwise: "null"}
  note: {from: 备注, otherwise: "null"}
examples:
  - given: {工号: w000012, 系数: 1.50}
    expect: {code: W000012, rate: "1.50"}
"""
"""No field's totals can be compared (each may become "no value"), so that nothing but the second look finds damage."""


def staff(count: int) -> pl.DataFrame:
    """So many invented people, as text, under the source's columns."""
    n = pl.int_range(1, count + 1, eager=True).alias("n").to_frame()
    number = pl.col("n").cast(pl.String)
    zoned = pl.datetime(2026, 1, 1) + pl.duration(hours=8, minutes=pl.col("n") % 40_000)
    made = {
        "code": "W" + number.str.zfill(6),
        "name": "测试 Zoë " + number,
        "city": pl.lit("城市") + (pl.col("n") % 300).cast(pl.String) + "区",
        "unit": pl.lit("Café Nord ") + (pl.col("n") % 97).cast(pl.String),
        "pay": (1000 + pl.col("n") % 9000).cast(pl.String) + "." + (pl.col("n") % 100).cast(pl.String).str.zfill(2),
        "rate": (1 + pl.col("n") % 90).cast(pl.String) + "." + (pl.col("n") % 10).cast(pl.String) + "0",
        "card": "00" + number.str.zfill(8),
        "hired": pl.date(2001, 1, 1).dt.offset_by((pl.col("n") % 9000).cast(pl.String) + "d").cast(pl.String),
        "seen": zoned.dt.strftime("%Y-%m-%dT%H:%M:%S+08:00"),
        "note": pl.when(pl.col("n") % 3 == 0).then(pl.lit("备注 ") + number),
    }
    return n.select(expression.alias(COLUMNS[name]) for name, expression in made.items())


@dataclass
class Frame:
    """What a system holds."""

    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=frame_schema(FIELDS)))


class FrameSource(OldSystem):
    """Says what the archive's frame of rows holds when it is asked."""

    def records(self, collection: str) -> Feed:
        frame: Any = self.archive.rows
        step = 10_000
        pages = (
            SourcePage(frame.slice(start, step), first_row=FIRST_ROW + start) for start in range(0, frame.height, step)
        )
        return Feed(Origin("old.csv", "", self.archive.clock.now()), pages)


class FrameTarget(NewSystem):
    """Takes many records at once, and holds whatever it is made to hold: two records of one key, for instance."""

    record_batch_limit: ClassVar[int] = 50_000

    def records(self, collection: str) -> Feed:
        rows = self.shelf.rows
        pages = (SourcePage(part.select(pl.all().cast(pl.String))) for part in rows.iter_slices(10_000))
        return Feed(Origin("new", "", START), pages)

    def count(self, collection: Collection) -> int:
        return self.shelf.rows.height

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        names = list(dict.fromkeys((*collection.key, *fields)))
        return self.shelf.rows.join(keys, on=list(collection.key), how="semi").select(names)

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        key = rows.get_column("code")
        taken = key.is_in(self.shelf.rows.get_column("code").implode()) | ~key.is_first_distinct()
        self.shelf.rows = pl.concat([self.shelf.rows, rows.filter(~taken).select(list(FIELDS))])
        refused = Receipt.refused(self.CHANGED, "exists")
        return Receipts(rows.height, others=dict.fromkeys(taken.arg_true().to_list(), refused))


def warehouse(folder: Path, count: int) -> Archive:
    """A full old system, an empty new one."""
    return Archive(
        folder,
        f"sqlite:///{folder}/hub.sqlite3",
        rows=staff(count),  # type: ignore[arg-type]
        shelf=Frame(),  # type: ignore[arg-type]
        fields=FIELDS,
        source=FrameSource,
        kind=FrameTarget,
        mapping=MAPPING,
    )
