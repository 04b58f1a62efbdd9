"""The result proof: what was written is read back by key and compared with what was planned, record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from baton.contracts import Collection, RecordTarget
from baton.jobs.migration.planning import DIGEST
from baton.jobs.migration.reading import THERE, beside, fetched
from baton.jobs.migration.transform import ROW
from baton.model.account import FieldSpec
from baton.records.compare import Cause, differing_cells, made_of
from baton.records.digest import Digester
from baton.records.totals import Totals

RESULT: Final = "#result"
"""Digest of the record as read back; null where there is none."""
WHOLE: Final = "#whole"
"""Digest of everything that could be read of the record; null where there is none."""
LISTED: Final = 10_000
"""So many differing records of one segment are looked at cell by cell; all are counted."""
DIFFERENCE_SCHEMA: Final = {
    "row": pl.Int64(),
    "column": pl.String(),
    "cause": pl.String(),
    "expected": pl.String(),
    "found": pl.String(),
}


@dataclass
class Compared:
    """What a comparison found."""

    digests: pl.DataFrame
    """``#row``, `RESULT` and `WHOLE`, for every record that should be there."""
    found: pl.DataFrame
    """``#row`` and the fields of the records that differ as a target may have made them of ours (trimmed, rounded)."""
    differences: pl.DataFrame
    """`DIFFERENCE_SCHEMA`, values masked; a record that is missing, extra or doubled has no column."""
    totals: Totals
    """Over the records as read back."""
    there: int = 0
    """How many records the target has under these keys, doubled ones each time."""
    counts: Counter[str] = field(default_factory=Counter)
    """``compared``, ``alike``, ``different``, and differing cells by cause."""


@dataclass(frozen=True, slots=True)
class Comparer:
    """Reads a target back."""

    target: RecordTarget
    collection: Collection
    fields: Mapping[str, FieldSpec]
    """Those that can be read back."""
    key: tuple[str, ...]
    digester: Digester
    whole: Digester
    """Over everything that can be read of a record, mapped or not."""

    def compare(self, expected: pl.DataFrame, *, absent: pl.DataFrame | None = None) -> Compared:
        """``expected`` (``#row``, fields, `DIGEST`) should be there; ``absent`` (``#row``, fields) should not."""
        gone = expected.clear() if absent is None else absent
        # Each key is asked for once: what comes back twice is then the target's, and not of our asking.
        keys = pl.concat([expected.select(self.key), gone.select(self.key)]).unique(maintain_order=True)
        found = fetched(self.target, self.collection, keys, self.whole.names)
        there = found.height
        again = found.select(self.key).is_duplicated()
        doubled = found.filter(again).unique(subset=self.key, maintain_order=True)
        if doubled.height:
            found = found.unique(subset=self.key, keep="first", maintain_order=True)
        aligned = beside(expected.select(self.key), found)
        exists = aligned.get_column(THERE)
        own = self._digests(expected, aligned)
        digests = pl.select(pl.when(exists).then(own)).to_series()
        whole = own if self.whole.names == self.digester.names else self.whole.rows(aligned)
        alike = (digests == expected.get_column(DIGEST)).fill_null(value=False)
        rows = expected.get_column(ROW)
        parts = [
            pl.DataFrame(schema=DIFFERENCE_SCHEMA),
            whole_records(rows.filter(~exists), Cause.MISSING),
            whole_records(self._rows_of(expected, doubled), Cause.DUPLICATE),
            whole_records(self._rows_of(gone, found), Cause.EXTRA),
            self._cells(expected.filter(exists & ~alike), aligned.filter(exists & ~alike)),
        ]
        unlike = exists & ~alike
        differences = pl.concat(parts)
        counts = Counter(dict(differences.group_by("cause").len().rows()))
        counts["compared"] = expected.height + gone.height
        elsewhere = differences.filter(pl.col("column") == "").get_column("row").n_unique()
        bad = elsewhere + int(unlike.sum())
        counts["different"], counts["alike"] = bad, counts["compared"] - bad
        left = aligned.filter(unlike).select(rows.filter(unlike).alias(ROW), *self.fields)
        left = left.filter(pl.Series(made_of(expected.filter(unlike), left, self.fields), dtype=pl.Boolean))
        totals = Totals.of(aligned.filter(exists), self.fields)
        kept = pl.DataFrame(
            [rows, digests.alias(RESULT), pl.select(pl.when(exists).then(whole)).to_series().alias(WHOLE)]
        )
        return Compared(kept, left, differences, totals, there, counts)

    def _digests(self, expected: pl.DataFrame, aligned: pl.DataFrame) -> pl.Series:
        """The digest of every record as read back.

        One that has exactly the values expected has the digest expected: only the others need be digested.
        """
        unlike = ~equal_rows(expected, aligned, self.digester.names)
        if unlike.all():
            return self.digester.rows(aligned)
        own = expected.get_column(DIGEST)
        return own.scatter(unlike.arg_true(), self.digester.rows(aligned.filter(unlike))) if unlike.any() else own

    def _rows_of(self, records: pl.DataFrame, named: pl.DataFrame) -> pl.Series:
        return records.join(named.select(self.key), on=self.key, how="semi", maintain_order="left").get_column(ROW)

    def _cells(self, expected: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
        listed = expected.head(LISTED)
        rows = listed.get_column(ROW).to_list()
        cells = differing_cells(listed, found.head(LISTED), self.fields, rows)
        data = [(cell.position, cell.column, cell.cause.value, cell.expected, cell.found) for cell in cells]
        return pl.DataFrame(data, schema=DIFFERENCE_SCHEMA, orient="row")


def equal_rows(left: pl.DataFrame, right: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """Per row of two frames in one order: whether these columns have the same values in the same types."""
    if any(left.schema[name] != right.schema[name] for name in names):
        return pl.repeat(value=False, n=left.height, dtype=pl.Boolean, eager=True)
    columns = [left.get_column(name).eq_missing(right.get_column(name)) for name in names]
    return pl.DataFrame(columns).select(pl.all_horizontal(pl.all())).to_series()


def whole_records(rows: pl.Series, cause: Cause) -> pl.DataFrame:
    """Differences that concern records as a whole (`DIFFERENCE_SCHEMA`)."""
    texts = {"column": "", "cause": cause.value, "expected": "", "found": ""}
    return pl.DataFrame({"row": rows.cast(pl.Int64)}).with_columns(
        pl.lit(text).alias(name) for name, text in texts.items()
    )
