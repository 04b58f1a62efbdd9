"""Control totals: figures that must be carried from stage to stage, whatever happened to single rows.

Of every column: how many values there are; of whole numbers and decimals their sum; of days and moments the first and
the last. Sums are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any, Final, Self

import polars as pl

from baton.model.account import FieldSpec, FieldType

EXACT: Final = Context(prec=100)
"""For sums: Python's own context keeps 28 digits and rounds the rest away."""
_SUMMED = (FieldType.INTEGER, FieldType.DECIMAL)
_RANGED = (FieldType.DATE, FieldType.DATETIME)


@dataclass
class ColumnTotal:
    """The figures of one column."""

    count: int = 0
    total: Decimal | None = None
    first: str | None = None
    last: str | None = None

    def add(self, other: ColumnTotal) -> None:
        """Take another part of the same column in."""
        self.count += other.count
        if other.total is not None:
            self.total = EXACT.add(other.total, self.total or Decimal(0))
        self.first = min((each for each in (self.first, other.first) if each is not None), default=None)
        self.last = max((each for each in (self.last, other.last) if each is not None), default=None)


@dataclass
class Totals:
    """The figures of one stage. Parts may be added in any order."""

    rows: int = 0
    columns: dict[str, ColumnTotal] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pl.DataFrame, fields: Mapping[str, FieldSpec]) -> Totals:
        """The figures of a typed frame."""
        found = cls(frame.height)
        for name, spec in fields.items():
            values = frame.get_column(name)
            part = ColumnTotal(count=values.len() - values.null_count())
            if spec.type in _SUMMED and part.count:
                part.total = _sum(values)
            elif spec.type in _RANGED and part.count:
                part.first, part.last = _day(values.min()), _day(values.max())
            found.columns[name] = part
        return found

    def add(self, other: Totals) -> Self:
        """Take another part of the same stage in."""
        self.rows += other.rows
        for name, part in other.columns.items():
            self.columns.setdefault(name, ColumnTotal()).add(part)
        return self

    def differing(self, other: Totals) -> list[str]:
        """The columns whose figures are not the same in two stages; ``#`` when the number of rows is not."""
        names = [name for name, part in self.columns.items() if part != other.columns.get(name)]
        return names if self.rows == other.rows else ["#", *names]

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON; sums as text."""
        columns = {
            name: {
                "count": part.count,
                **({} if part.total is None else {"sum": str(part.total)}),
                **({} if part.first is None else {"first": part.first, "last": part.last}),
            }
            for name, part in self.columns.items()
        }
        return {"rows": self.rows, "columns": columns}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Totals:
        """The inverse of `to_document`."""
        columns = {
            name: ColumnTotal(
                part["count"], Decimal(part["sum"]) if "sum" in part else None, part.get("first"), part.get("last")
            )
            for name, part in document["columns"].items()
        }
        return cls(document["rows"], columns)


def _sum(values: pl.Series) -> Decimal:
    if isinstance(values.dtype, pl.Decimal):
        return Decimal(values.sum())
    # A sum of 64-bit numbers may need more than 64 bits.
    return Decimal(values.cast(pl.Decimal(38, 0)).sum())


def _day(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
