"""One column of one batch, prepared so that each question is asked of as few values as possible."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import polars as pl

from baton.records.blanks import BLANKS
from baton.records.cell_shapes import shapes

_BLANK_SHAPE: Final = "^[ CKLZ]+$"
_FEW_SHAPES: Final = 64


@dataclass(frozen=True, slots=True)
class Cells:
    """The values of a column that are there, with their shapes."""

    column: pl.Series
    """Every cell of the batch, as it came."""
    rows: pl.Series
    """The row number of each of them."""
    values: pl.DataFrame
    """``value``, ``shape``, ``count`` (cells with this value), ``place`` (of one of them in the batch)."""
    kinds: pl.DataFrame
    """``shape`` and ``count``: each shape once."""
    nulls: int
    empty: int
    spaces: int
    repeats: bool
    """True when some value stands here twice for certain."""

    @classmethod
    def of(cls, column: pl.Series, rows: pl.Series, *, grouped: bool) -> Cells:
        """Prepare a column. ``grouped`` takes each value once: faster where values repeat, slower where they do not."""
        nulls = column.null_count()
        frame = column.alias("value").to_frame().with_row_index("place").drop_nulls()
        present = frame.filter(pl.col("value") != "")
        empty = frame.height - present.height
        if grouped:
            values = present.group_by("value").agg(pl.len().cast(pl.Int64).alias("count"), pl.first("place"))
        else:
            values = present.with_columns(pl.lit(1, pl.Int64).alias("count"))
        repeats = values.height < present.height
        values = values.with_columns(shapes(values["value"]).alias("shape"))
        kinds = values.group_by("shape").agg(pl.sum("count"))
        blank = kinds.filter(pl.col("shape").str.contains(_BLANK_SHAPE))
        spaces = 0
        if blank.height:
            is_blank = pl.col("shape").is_in(blank["shape"].implode()) & (pl.col("value").str.strip_chars(BLANKS) == "")
            spaces = int(values.filter(is_blank)["count"].sum())
            values = values.filter(~is_blank)
            kinds = values.group_by("shape").agg(pl.sum("count"))
        return cls(column, rows, values, kinds, nulls, empty, spaces, repeats)

    @property
    def number(self) -> int:
        """How many cells hold a value."""
        return int(self.kinds["count"].sum())

    def shaped(self, pattern: str) -> pl.DataFrame:
        """The values whose shape matches."""
        return self.of_shapes(self.shapes_like(pattern))

    def shapes_like(self, pattern: str) -> pl.Series:
        """The shapes that match."""
        every = self.kinds["shape"]
        if len(every) > _FEW_SHAPES:
            return every.filter(every.str.contains(pattern))
        # For a handful of shapes, starting a query costs more than the search.
        search = re.compile(pattern).search
        return pl.Series([shape for shape in every.to_list() if search(shape)], dtype=pl.String)

    def number_of(self, shapes: pl.Series) -> int:
        """How many cells have one of these shapes."""
        if shapes.is_empty():
            return 0
        if len(shapes) == self.kinds.height:
            return self.number
        return int(self.kinds.filter(pl.col("shape").is_in(shapes.implode()))["count"].sum())

    def of_shapes(self, fitting: pl.Series) -> pl.DataFrame:
        """The values of these shapes."""
        if fitting.is_empty():
            return self.values.clear()
        if len(fitting) == self.kinds.height:
            return self.values
        return self.values.filter(pl.col("shape").is_in(fitting.implode()))

    def rows_of(self, hits: pl.DataFrame, most: int) -> list[int]:
        """The numbers of the first rows that hold one of these values."""
        if int(hits["count"].sum()) == hits.height:
            places = hits["place"].sort().head(most)
        else:
            places = self.column.is_in(hits["value"].implode()).arg_true().head(most)
        return self.rows.gather(places).to_list()


class Findings:
    """Counts what was found, and keeps the first few rows of each kind."""

    def __init__(self, rows_each: int) -> None:
        self._rows_each = rows_each
        self._counts: dict[object, int] = {}
        self._rows: dict[object, list[int]] = {}

    def add(self, key: object, cells: Cells, hits: pl.DataFrame) -> None:
        """Count values of a batch under a key."""
        if hits.height == 0:
            return
        self._counts[key] = self._counts.get(key, 0) + int(hits["count"].sum())
        rows = self._rows.setdefault(key, [])
        if len(rows) < self._rows_each:
            rows += cells.rows_of(hits, self._rows_each - len(rows))

    def count(self, key: object) -> int:
        """How many cells were found under a key."""
        return self._counts.get(key, 0)

    def rows(self, key: object) -> tuple[int, ...]:
        """Some of their rows."""
        return tuple(self._rows.get(key, ()))
