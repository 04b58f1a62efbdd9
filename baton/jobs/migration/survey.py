"""What can only be said about all rows together: keys that stand twice, who comes before whom, and circles.

Keys are remembered as 64-bit hashes, so that four million rows take some fifty megabytes. Two different keys of four
million have one hash with a probability of about one in two million; both rows would then be put aside as duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from baton.jobs.migration.cells import CELL_SCHEMA
from baton.jobs.migration.transform import ROW

DEEPEST: Final = 999
"""A chain of parents longer than this is taken for a circle."""
_SCHEMA: Final = {"row": pl.Int64(), "key": pl.UInt64(), "parent": pl.UInt64()}
_SEED: Final = 0x6261746F6E


@dataclass(frozen=True, slots=True)
class Standing:
    """What the survey found."""

    count: int
    """How many rows have a key."""
    per_depth: tuple[int, ...]
    """How many rows stand at each depth; a row at depth 0 has no parent among the rows."""
    unusable: pl.DataFrame
    """Rows whose key stands twice, or that are in (or below) a circle (`CELL_SCHEMA`)."""
    depths: pl.DataFrame | None
    """``row`` and ``depth``, where rows refer to rows; None where all stand at depth 0."""

    def depth_of(self, rows: pl.Series) -> pl.Series:
        """The depth of each of these rows."""
        if self.depths is None:
            return pl.Series([0], dtype=pl.Int32).new_from_index(0, rows.len())
        joined = pl.DataFrame({"row": rows}).join(self.depths, on="row", how="left", maintain_order="left")
        return joined.get_column("depth").fill_null(0)


@dataclass
class Survey:
    """Takes the keys of page after page, then says what stands out."""

    _parts: list[pl.DataFrame] = field(default_factory=list)

    def add(self, records: pl.DataFrame, key: tuple[str, ...], parent: str | None) -> None:
        """The records of one page (`ROW`, the key fields, and the field that refers to another record of this kind)."""
        parents = _hash(records.select(parent)) if parent else pl.Series([None], dtype=pl.UInt64)
        empty = records.get_column(parent).is_null() if parent else None
        if empty is not None:
            parents = pl.select(pl.when(~empty).then(parents)).to_series()
        else:
            parents = parents.new_from_index(0, records.height)
        part = {"row": records.get_column(ROW), "key": _hash(records.select(key)), "parent": parents}
        self._parts.append(pl.DataFrame(part, schema=_SCHEMA))

    def result(self) -> Standing:
        """The verdict over all rows added."""
        seen = pl.concat([pl.DataFrame(schema=_SCHEMA), *self._parts])
        self._parts = []
        twice = seen.filter(seen.get_column("key").is_duplicated())
        unusable = [pl.DataFrame(schema=CELL_SCHEMA), _duplicates(twice)]
        depths = None
        if seen.get_column("parent").null_count() < seen.height:
            depths, circular = _depths(seen.join(twice.select("row"), on="row", how="anti"))
            unusable.append(circular)
        per_depth = (seen.height,) if depths is None else _counted(depths)
        return Standing(seen.height, per_depth, pl.concat(unusable), depths)


def _hash(columns: pl.DataFrame) -> pl.Series:
    return columns.hash_rows(_SEED)


def _duplicates(twice: pl.DataFrame) -> pl.DataFrame:
    """One cell per row, naming the first other row with that key."""
    if twice.is_empty():
        return pl.DataFrame(schema=CELL_SCHEMA)
    first = twice.group_by("key").agg(pl.col("row").min().alias("first"), pl.col("row").max().alias("last"))
    other = pl.when(pl.col("row") == pl.col("first")).then(pl.col("last")).otherwise(pl.col("first"))
    said = pl.concat_str(pl.lit("the same key stands in row "), other.cast(pl.String))
    named = twice.join(first, on="key", maintain_order="left")
    return named.select("row", pl.lit("").alias("column"), pl.lit("duplicate_key").alias("rule"), said.alias("message"))


def _depths(seen: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each row's depth, level by level from those without a parent among the rows; and the rows never reached."""
    known = seen.get_column("key")
    top = seen.get_column("parent").is_null() | ~seen.get_column("parent").is_in(known.implode())
    level, rest = seen.filter(top), seen.filter(~top)
    levels = []
    for depth in range(DEEPEST + 1):
        if level.is_empty():
            break
        levels.append(level.select("row", pl.lit(depth, pl.Int32).alias("depth")))
        below = rest.get_column("parent").is_in(level.get_column("key").implode())
        level, rest = rest.filter(below), rest.filter(~below)
    left = pl.concat([rest, level])
    message = "the row refers to itself, in a circle, or to a row that does"
    circular = left.select(
        "row", pl.lit("").alias("column"), pl.lit("cycle").alias("rule"), pl.lit(message).alias("message")
    )
    return pl.concat([pl.DataFrame(schema={"row": pl.Int64(), "depth": pl.Int32()}), *levels]), circular


def _counted(depths: pl.DataFrame) -> tuple[int, ...]:
    counts = depths.group_by("depth").len().sort("depth").get_column("len").to_list()
    return tuple(counts) or (0,)
