"""What each record needs: compared with what the target has now, before anything is written."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from baton.contracts import Collection, RecordTarget
from baton.jobs.migration.cells import CELL_SCHEMA, cells_at
from baton.jobs.migration.reading import THERE, beside, fetched, fetched_once
from baton.jobs.migration.transform import KEPT, NAMES_APART, OWN_COLUMNS, ROW
from baton.model.account import FieldSpec, FieldType
from baton.records.digest import Digester
from baton.records.types import from_text

ACTION: Final = "#action"
DIGEST: Final = "#digest"
"""Of the record as it shall be, over the fields that can be read back."""


class Need(StrEnum):
    """What a record needs."""

    INSERT = "insert"
    UPDATE = "update"
    NOTHING = "nothing"
    """It is there already, alike in every field that is mapped."""


@dataclass(frozen=True, slots=True)
class Planned:
    """Records with what they need."""

    records: pl.DataFrame
    """`OWN_COLUMNS`, the fields, `ACTION`, `DIGEST`."""
    before: pl.DataFrame
    """The records among them that exist and differ: the fields as they are now."""
    unfit: pl.DataFrame
    """Rows that the target cannot take as things stand (`CELL_SCHEMA`)."""


@dataclass(frozen=True, slots=True)
class Planner:
    """Compares records with a target."""

    target: RecordTarget
    collection: Collection
    fields: Mapping[str, FieldSpec]
    key: tuple[str, ...]
    digester: Digester
    target_is_empty: bool
    own_keys: frozenset[str] = frozenset()
    """Fields whose references are resolved among the records themselves as well."""

    def plan(self, records: pl.DataFrame) -> Planned:
        """What these records need. Reads the target once (and once per field that refers to another collection)."""
        unfit = [pl.DataFrame(schema=CELL_SCHEMA), *dangling(self.target, self.fields, records, self.own_keys)]
        records = _without(records, unfit)
        found = self._found(records)
        twice = found.select(self.key).is_duplicated()
        if twice.any():
            doubled = found.filter(twice).select(self.key)
            rows = records.join(doubled, on=self.key, how="semi").get_column(ROW)
            unfit.append(cells_at(rows, ", ".join(self.key), "ambiguous", "the target has several records of this key"))
            records, found = _without(records, unfit), found.filter(~twice)
        return self._compared(records, found, pl.concat(unfit))

    def _found(self, records: pl.DataFrame) -> pl.DataFrame:
        if self.target_is_empty or records.is_empty():
            return records.select(list(self.fields)).clear()
        return fetched_once(self.target, self.collection, records.select(self.key), list(self.fields))

    def _compared(self, records: pl.DataFrame, found: pl.DataFrame, unfit: pl.DataFrame) -> Planned:
        if found.is_empty():
            new = pl.lit(Need.INSERT.value).alias(ACTION)
            return Planned(records.with_columns(new, self.digester.rows(records).alias(DIGEST)), found, unfit)
        aligned = beside(records.select(self.key), found)
        exists = aligned.get_column(THERE)
        records = _keep_current(records, aligned, exists)
        digests = self.digester.rows(records)
        same = exists & (digests == self.digester.rows(aligned.select(list(self.fields))))
        need = pl.when(same).then(pl.lit(Need.NOTHING)).when(exists).then(pl.lit(Need.UPDATE))
        needs = pl.select(need.otherwise(pl.lit(Need.INSERT)).alias(ACTION)).to_series()
        before = aligned.select(list(self.fields)).filter(exists & ~same)
        return Planned(records.with_columns(needs, digests.alias(DIGEST)), before, unfit)


def dangling(
    target: RecordTarget, fields: Mapping[str, FieldSpec], records: pl.DataFrame, own: Container[str]
) -> list[pl.DataFrame]:
    """References to records of another collection that are not there (`CELL_SCHEMA`).

    Those in the fields ``own`` are left out: they are resolved among the records themselves as well.
    """
    found = []
    for name, spec in fields.items():
        if spec.type is not FieldType.REFERENCE or not spec.refers_to or name in own:
            continue
        wanted = records.get_column(name).drop_nulls().unique()
        missing = missing_keys(target, spec.refers_to, wanted)
        if missing.len():
            rows = records.filter(pl.col(name).is_in(missing.implode())).get_column(ROW)
            message = f"{name}: refers to a record of {spec.refers_to} that the target does not have"
            found.append(cells_at(rows, name, "reference", message))
    return found


def missing_keys(target: RecordTarget, collection: str, wanted: pl.Series) -> pl.Series:
    """Which of these keys (as text) no record of a collection of the target has.

    The target is asked in the key's own type, and what it has is compared as text, as it gives a reference back: where
    keys are whole numbers, ``x`` can be none, and ``07`` is another text than the 7 that is there.
    """
    referred = target.collection(collection)
    if len(referred.key) != 1 or not wanted.len():
        return wanted.clear()
    (key,) = referred.key
    asked = wanted.to_frame(key).select(from_text(pl.col(key), referred.fields[key])).drop_nulls().unique()
    if asked.is_empty():
        return wanted
    found = fetched(target, referred, asked, [key]).get_column(key).cast(pl.String)
    return wanted.filter(~wanted.is_in(found.implode()))


def _without(records: pl.DataFrame, unfit: Sequence[pl.DataFrame]) -> pl.DataFrame:
    rows = pl.concat([cells.select("row") for cells in unfit]).get_column("row")
    return records.filter(~pl.col(ROW).is_in(rows.implode())) if rows.len() else records


def _keep_current(records: pl.DataFrame, aligned: pl.DataFrame, exists: pl.Series) -> pl.DataFrame:
    """Fields that a mapping leaves alone hold what the target has: what is written is always the whole record."""
    kept = records.get_column(KEPT)
    if kept.null_count() == records.height:
        return records
    names = [name for name in records.columns if name not in OWN_COLUMNS and name in aligned.columns]
    marked = kept.str.split(NAMES_APART)
    return records.with_columns(
        pl.when(marked.list.contains(name) & exists).then(aligned.get_column(name)).otherwise(pl.col(name)).alias(name)
        for name in names
    )
