"""What can only be said about all rows together: keys that stand twice, who comes before whom, and circles.

Keys are remembered as 64-bit hashes, so that four million rows take some fifty megabytes. Two different keys of four
million have one hash with a probability of about one in two million; both rows would then be put aside as duplicates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from baton.jobs.migration.cells import CELL_SCHEMA, cells_at
from baton.jobs.migration.transform import ROW

DEEPEST: Final = 999
"""A chain of parents longer than this is taken for a circle."""
_KEYS: Final = {"row": pl.Int64(), "key": pl.UInt64()}
_EDGES: Final = {"row": pl.Int64(), "parent": pl.UInt64(), "text": pl.String()}
_SEED: Final = 0x6261746F6E


def _none_missing(keys: pl.Series) -> pl.Series:
    return keys.clear()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the survey found."""

    unusable: pl.DataFrame
    """Rows whose key stands twice, that refer to nothing, or that are in or below a circle (`CELL_SCHEMA`)."""
    depths: pl.DataFrame | None
    """``row`` and ``depth``, where rows refer to rows; None where all stand at depth 0: no parent among the rows."""

    def depth_of(self, rows: pl.Series) -> pl.Series:
        """The depth of each of these rows."""
        if self.depths is None:
            return pl.Series([0], dtype=pl.Int32).new_from_index(0, rows.len())
        joined = pl.DataFrame({"row": rows}).join(self.depths, on="row", how="left", maintain_order="left")
        return joined.get_column("depth").fill_null(0)


@dataclass
class Survey:
    """Takes the keys of page after page, then says what stands out."""

    _keys: list[pl.DataFrame] = field(default_factory=list)
    _edges: list[pl.DataFrame] = field(default_factory=list)
    _aside: list[pl.Series] = field(default_factory=list)
    _taken: list[pl.DataFrame] = field(default_factory=list)
    _migrated: list[pl.DataFrame] = field(default_factory=list)
    _brought: list[pl.DataFrame] = field(default_factory=list)

    def add(self, records: pl.DataFrame, key: tuple[str, ...], parents: tuple[str, ...]) -> None:
        """The records of one page (`ROW`, the key fields, and the fields that refer to other records of this kind)."""
        rows = records.get_column(ROW)
        self._keys.append(pl.DataFrame({"row": rows, "key": _hash(records.select(key))}, schema=_KEYS))
        for parent in parents:
            named = records.filter(pl.col(parent).is_not_null())
            texts = named.get_column(parent)
            columns = {"row": named.get_column(ROW), "parent": _hash(named.select(parent)), "text": texts}
            self._edges.append(pl.DataFrame(columns, schema=_EDGES))

    def put_aside(self, rows: pl.Series) -> None:
        """Rows that will not be planned, whatever their key: nothing can refer to them."""
        self._aside.append(rows)

    def taken(self, records: pl.DataFrame, key: tuple[str, ...]) -> None:
        """Records (`ROW` and the key fields) of other rows of the same source: their keys are not free."""
        self._taken.append(pl.DataFrame({"row": records.get_column(ROW), "key": _hash(records.select(key))}, _KEYS))

    def migrated(self, records: pl.DataFrame, key: tuple[str, ...], by: str) -> None:
        """Records (`ROW` and the key fields) that the target has of rows of this source, and the run they are by."""
        self._migrated.append(_by(records, key, by))

    def brought(self, records: pl.DataFrame, key: tuple[str, ...], by: str) -> None:
        """Records that a later run has brought: newer than these rows, which have to leave them alone."""
        self._brought.append(_by(records, key, by))

    def result(self, missing: Callable[[pl.Series], pl.Series] = _none_missing) -> Standing:
        """The verdict over all rows added. ``missing`` says which keys (as text) the target has no record of either."""
        seen = pl.concat([pl.DataFrame(schema=_KEYS), *self._keys])
        edges = pl.concat([pl.DataFrame(schema=_EDGES), *self._edges])
        others = pl.concat([pl.DataFrame(schema=_KEYS), *self._taken])
        others = others.join(seen, on=["row", "key"], how="anti").unique()  # the same row once more is no other one
        both = pl.concat([seen, others.filter(pl.col("key").is_in(seen.get_column("key").implode()))])
        twice = both.filter(both.get_column("key").is_duplicated())
        doubles = _duplicates(twice).filter(pl.col("row").is_in(seen.get_column("row").implode()))
        nobody = pl.DataFrame(schema={**_KEYS, "by": pl.String()})
        another = _under_another_key(seen, pl.concat([nobody, *self._migrated]))
        again = pl.concat([another, _brought_since(seen, pl.concat([nobody, *self._brought]))])
        unusable = [pl.DataFrame(schema=CELL_SCHEMA), doubles, again]
        if edges.is_empty():
            return Standing(pl.concat(unusable), None)
        aside = pl.concat([twice.get_column("row"), again.get_column("row"), *self._aside])
        usable = seen.filter(~pl.col("row").is_in(aside.implode()))
        edges = edges.filter(pl.col("row").is_in(usable.get_column("row").implode()))
        # Circles first: what is left is as deep as `DEEPEST` at most, so that no chain is followed for ever.
        depths, circular = _depths(usable, edges)
        unusable.append(_cells(circular, "cycle", "the row refers to itself, in a circle, or to a row that does"))
        usable = usable.filter(~pl.col("row").is_in(circular.implode()))
        edges = edges.filter(~pl.col("row").is_in(circular.implode()))
        dangling = _dangling(usable, edges, missing)
        unusable.append(_cells(dangling, "reference", "the row refers to a record that is not there or was put aside"))
        depths = depths.filter(~pl.col("row").is_in(dangling.implode()))
        return Standing(pl.concat(unusable), depths)


def _by(records: pl.DataFrame, key: tuple[str, ...], by: str) -> pl.DataFrame:
    keys = {"row": records.get_column(ROW), "key": _hash(records.select(key))}
    return pl.DataFrame(keys, _KEYS).with_columns(pl.lit(by).alias("by"))


def _hash(columns: pl.DataFrame) -> pl.Series:
    """Of the values as text: a key may be a number, and what refers to it is text."""
    return columns.select(pl.all().cast(pl.String)).hash_rows(_SEED)


def _cells(rows: pl.Series, rule: str, message: str) -> pl.DataFrame:
    return cells_at(rows, "", rule, message)


def _duplicates(twice: pl.DataFrame) -> pl.DataFrame:
    """One cell per row, naming the first other row with that key."""
    if twice.is_empty():
        return pl.DataFrame(schema=CELL_SCHEMA)
    first = twice.group_by("key").agg(pl.col("row").min().alias("first"), pl.col("row").max().alias("last"))
    other = pl.when(pl.col("row") == pl.col("first")).then(pl.col("last")).otherwise(pl.col("first"))
    said = pl.concat_str(pl.lit("the same key stands in row "), other.cast(pl.String))
    named = twice.join(first, on="key", maintain_order="left")
    return named.select("row", pl.lit("").alias("column"), pl.lit("duplicate_key").alias("rule"), said.alias("message"))


def _under_another_key(seen: pl.DataFrame, migrated: pl.DataFrame) -> pl.DataFrame:
    """One cell per row that the target has already, as another record: what is fed back twice would be there twice."""
    other = seen.join(migrated, on="row", maintain_order="left").filter(pl.col("key") != pl.col("key_right"))
    other = other.unique(subset="row", keep="first", maintain_order=True)
    said = pl.format("the row was migrated already, under another key, by {}: take that back first", "by")
    names = (pl.lit("").alias("column"), pl.lit("migrated").alias("rule"))
    return other.select("row", *names, said.alias("message"))


def _brought_since(seen: pl.DataFrame, brought: pl.DataFrame) -> pl.DataFrame:
    """One cell per row whose record a later run has brought: these values are older."""
    newer = seen.join(brought.unique(subset="key", keep="last").select("key", "by"), on="key", maintain_order="left")
    said = pl.format("the record was migrated since, by {}: take that back first, or leave the row out", "by")
    names = (pl.lit("").alias("column"), pl.lit("migrated").alias("rule"))
    return newer.select("row", *names, said.alias("message"))


def _dangling(usable: pl.DataFrame, edges: pl.DataFrame, missing: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The rows that refer to nothing, and those that refer to such rows, down to the last."""
    known = usable.get_column("key").implode()
    outward = edges.filter(~pl.col("parent").is_in(known))
    lost = missing(outward.get_column("text").unique())
    found = outward.filter(pl.col("text").is_in(lost.implode())).get_column("row").unique()
    level = found
    while level.len():
        keys = usable.filter(pl.col("row").is_in(level.implode())).get_column("key")
        below = edges.filter(pl.col("parent").is_in(keys.implode())).get_column("row").unique()
        level = below.filter(~below.is_in(found.implode()))
        found = pl.concat([found, level])
    return found


def _depths(usable: pl.DataFrame, edges: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Each row's depth, level by level from those without a parent among the rows; and the rows never reached."""
    rest = usable
    waiting = edges.filter(pl.col("parent").is_in(usable.get_column("key").implode()))
    levels = [pl.DataFrame(schema={"row": pl.Int64(), "depth": pl.Int32()})]
    for depth in range(DEEPEST + 1):
        held = rest.get_column("row").is_in(waiting.get_column("row").implode())
        level = rest.filter(~held)
        if level.is_empty():
            break
        levels.append(level.select("row", pl.lit(depth, pl.Int32).alias("depth")))
        rest = rest.filter(held)
        waiting = waiting.filter(~pl.col("parent").is_in(level.get_column("key").implode()))
    return pl.concat(levels), rest.get_column("row")
