"""Cells that cannot be used, as a frame: which row and column, which rule, and why. Never the value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

CELL_SCHEMA: Final = {"row": pl.Int64(), "column": pl.String(), "rule": pl.String(), "message": pl.String()}


@dataclass(frozen=True, slots=True)
class UnfitCell:
    """One cell of a source row (of the whole row, where ``column`` is empty) and why it cannot be used."""

    row: int
    """Row number in the source."""
    column: str
    rule: str
    message: str


def cell_frame(cells: Iterable[UnfitCell]) -> pl.DataFrame:
    """Cells as a frame of `CELL_SCHEMA`."""
    rows = [(cell.row, cell.column, cell.rule, cell.message) for cell in cells]
    return pl.DataFrame(rows, schema=CELL_SCHEMA, orient="row")


def cells_at(rows: pl.Series, column: str, rule: str, message: str) -> pl.DataFrame:
    """The same reason for many rows at once."""
    return pl.DataFrame({"row": rows.cast(pl.Int64)}).with_columns(
        pl.lit(column).alias("column"), pl.lit(rule).alias("rule"), pl.lit(message).alias("message")
    )


def cells_of(frame: pl.DataFrame) -> list[UnfitCell]:
    """A frame of `CELL_SCHEMA` as cells, in order of row."""
    return [UnfitCell(*row) for row in frame.sort("row", maintain_order=True).rows()]
