"""Records that a target holds although nobody planned them: reading back by key never shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from baton.contracts import Collection, RecordSource, RecordTarget
from baton.jobs.migration.proof import DIFFERENCE_SCHEMA
from baton.model.account import FieldSpec
from baton.records.compare import Cause
from baton.records.masking import masked
from baton.records.types import from_text

NO_ROW: Final = -1
"""Stands where a source row would: nobody's record comes from none."""
LISTED: Final = 10_000
"""So many are named; after that only their number is."""
_SEED: Final = 0x73757270


@dataclass(frozen=True, slots=True)
class Surplus:
    """Looks for them in a collection that held nothing before the migration."""

    target: RecordTarget
    collection: Collection
    key: Mapping[str, FieldSpec]

    def hashes(self, records: pl.DataFrame) -> pl.Series:
        """What is remembered of the keys of planned records: eight bytes each."""
        return records.select(list(self.key)).hash_rows(_SEED)

    def find(self, planned: pl.Series, there: int) -> pl.DataFrame:
        """`DIFFERENCE_SCHEMA`, one line a record, its key (masked where personal) under ``found``.

        ``planned``: `hashes` of all planned records; ``there``: how many records were found under their keys. A target
        that cannot be read whole is only counted: one line then says how many there are.
        """
        count = self.target.count(self.collection) - there
        if count <= 0:
            return pl.DataFrame(schema=DIFFERENCE_SCHEMA)
        names = [name for keys in self._scan() for name in self._named(keys.filter(~self._known(keys, planned)))]
        if len(names) > LISTED:
            names[LISTED:] = [f"{len(names) - LISTED} further records"]
        return _extra(names or [f"{count} records"])

    def _scan(self) -> Iterator[pl.DataFrame]:
        """The keys of all records, typed, page by page; nothing where the target cannot be read."""
        if not isinstance(self.target, RecordSource) or self.collection.name not in self.target.collections():
            return
        for page in self.target.records(self.collection.name).pages:
            if not set(self.key) <= set(page.rows.columns):
                return
            yield page.rows.select(from_text(pl.col(name), spec).alias(name) for name, spec in self.key.items())

    def _known(self, keys: pl.DataFrame, planned: pl.Series) -> pl.Series:
        return self.hashes(keys).is_in(planned.implode())

    def _named(self, keys: pl.DataFrame) -> Iterator[str]:
        personal = [spec.personal for spec in self.key.values()]
        for row in keys.rows():
            yield ", ".join(masked(value, personal=hide) for value, hide in zip(row, personal, strict=True))


def _extra(found: list[str]) -> pl.DataFrame:
    rows = [(NO_ROW, "", Cause.EXTRA.value, "", name) for name in found]
    return pl.DataFrame(rows, schema=DIFFERENCE_SCHEMA, orient="row")
