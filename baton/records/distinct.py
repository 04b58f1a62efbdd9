"""How many different values there are, in bounded memory: exact while they are few, sampled by hash beyond."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

_SEED: Final = 20_261_122
_BITS: Final = 64


def hashes(values: pl.Series) -> pl.Series:
    """64-bit hashes; equal texts have equal ones within one process (they are not stored anywhere)."""
    return values.hash(_SEED)


class DistinctHashes:
    """The hashes below a falling threshold (adaptive sampling): all of them at first, then half, a quarter …

    A repeat is noticed for certain while all are kept, and for a share of the values beyond that.
    """

    def __init__(self, limit: int, limit_once_repeated: int) -> None:
        self.repeated = False
        """True once some value was seen twice."""
        self._limit = limit
        self._limit_once_repeated = limit_once_repeated
        self._halvings = 0
        self._kept = pl.Series(dtype=pl.UInt64)
        self._waiting: list[pl.Series] = []
        self._waiting_rows = 0

    def add(self, found: pl.Series) -> None:
        """Take the hashes of a batch, with repeats or without."""
        if self._halvings:
            found = found.filter(found < self._threshold)
        self._waiting.append(found)
        self._waiting_rows += len(found)
        if self._waiting_rows >= max(len(self._kept), 65_536):
            self._merge()

    @property
    def exact(self) -> bool:
        """True while every value has been kept."""
        self._merge()
        return self._halvings == 0

    def __len__(self) -> int:
        """How many different values there are, or about as many."""
        self._merge()
        return len(self._kept) << self._halvings

    def smallest(self, number: int) -> Sequence[int]:
        """So many of the smallest hashes: a sample that two columns can be compared by."""
        self._merge()
        return self._kept.bottom_k(number).sort().to_list()

    @property
    def _threshold(self) -> int:
        return int(1 << (_BITS - self._halvings))

    def _merge(self) -> None:
        if not self._waiting:
            return
        together = pl.concat([self._kept, *self._waiting], rechunk=False)
        self._waiting, self._waiting_rows = [], 0
        self._kept = together.unique()
        self.repeated = self.repeated or len(self._kept) < len(together)
        limit = self._limit_once_repeated if self.repeated else self._limit
        while len(self._kept) > limit:
            self._halvings += 1
            self._kept = self._kept.filter(self._kept < self._threshold)


class Variants:
    """Values that are the same but for width, case, blanks or Unicode form, in bounded memory.

    Keeps a hash of each value, a hash of its plain form and one row; beyond the limit, of a sample of plain forms.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._halvings = 0
        schema = {"plain": pl.UInt64, "value": pl.UInt64, "row": pl.Int64}
        self._kept = pl.DataFrame(schema=schema)
        self._waiting: list[pl.DataFrame] = []
        self._waiting_rows = 0

    def add(self, plain: pl.Series, value: pl.Series, rows: pl.Series) -> None:
        """Take the hashes of plain forms and of the values themselves, with the row of each."""
        found = pl.DataFrame({"plain": plain, "value": value, "row": rows.cast(pl.Int64)})
        if self._halvings:
            found = found.filter(pl.col("plain") < (1 << (_BITS - self._halvings)))
        self._waiting.append(found)
        self._waiting_rows += found.height
        if self._waiting_rows >= max(self._kept.height, 65_536):
            self._merge()

    def found(self, rows: int) -> tuple[int, tuple[int, ...]]:
        """How many spellings there are beyond the first of each value (or about), and some rows that hold one."""
        self._merge()
        later = self._kept.sort("row").filter(pl.col("plain").is_duplicated() & ~pl.col("plain").is_first_distinct())
        return later.height << self._halvings, tuple(later["row"].head(rows))

    def _merge(self) -> None:
        if not self._waiting:
            return
        self._kept = pl.concat([self._kept, *self._waiting]).group_by("plain", "value").agg(pl.min("row"))
        self._waiting, self._waiting_rows = [], 0
        while self._kept.height > self._limit:
            self._halvings += 1
            self._kept = self._kept.filter(pl.col("plain") < (1 << (_BITS - self._halvings)))
