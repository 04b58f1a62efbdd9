"""A profile of records as they stream by: what each column holds, what may be wrong with it, what may be the key.

Memory does not grow with the rows. What is exact and what is not: counts, blanks, lengths, types and suspicions are
exact; distinct values are exact up to 65,536 (1,048,576 while no value has come twice) and an estimate within a few
percent beyond; a likely key beyond that is what a sample of its values shows; variants are exact up to 65,536 values;
patterns of columns with very many of them are about the commonest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import Final

import polars as pl

from baton.model.source_rows import RejectedRow
from baton.records.column_profile import ColumnProfile, Profile, Unreadable
from baton.records.column_tally import ColumnTally
from baton.records.distinct import DistinctHashes
from baton.records.words import concept_of

__all__ = ["ColumnProfile", "Profile", "Profiler"]

_BATCH_ROWS: Final = 50_000
_PAIR_COLUMNS: Final = 8
_PAIRS: Final = 3
_PAIR_LIMIT: Final = 1 << 19
_MOST_COLUMNS: Final = 1_000
_ROWS_NAMED: Final = 5


class Profiler:
    """Takes the frames of one collection in order and says what is in them.

    >>> profiler = Profiler()
    >>> profiler.add(pl.DataFrame({"工号": ["0012", "0013"], "手机": ["13800000001", None]}), first_row=2)
    >>> profile = profiler.result()
    >>> profile.keys, profile.columns["手机"].sensitive.value, profile.columns["手机"].blanks
    ((('工号',),), 'phone', 1)
    """

    def __init__(self) -> None:
        self._tallies: dict[str, ColumnTally] | None = None
        self._waiting: list[tuple[pl.DataFrame, int]] = []
        self._waiting_rows = 0
        self._rows = 0
        self._pairs: dict[tuple[str, str], DistinctHashes] = {}
        self._unreadable_counts: Counter[str] = Counter()
        self._unreadable_rows: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, frame: pl.DataFrame, first_row: int) -> None:
        """Take a frame of text columns. ``first_row`` is the number of its first row in the source.

        ValueError when columns are not text, are not those of the first frame, or are more than 1,000.
        """
        if any(kind not in (pl.String, pl.Null) for kind in frame.dtypes):
            raise ValueError("a profile is made of columns of text")
        if frame.width > _MOST_COLUMNS:
            raise ValueError(f"more than {_MOST_COLUMNS} columns")
        if self._tallies is None:
            self._tallies = {name: ColumnTally(name) for name in frame.columns}
        if list(self._tallies) != frame.columns:
            raise ValueError("the columns are not those of the first frame")
        self._waiting.append((frame.cast(pl.String), first_row))
        self._waiting_rows += frame.height
        if self._waiting_rows >= _BATCH_ROWS:
            self._take()

    def pass_over(self, rejected: Iterable[RejectedRow]) -> None:
        """Count rows that the source could not read: whoever owns the data has to know of them too."""
        for row in rejected:
            self._unreadable_counts[row.rule] += 1
            rows = self._unreadable_rows[row.rule]
            if len(rows) < _ROWS_NAMED:
                rows.append(row.row)

    def result(self) -> Profile:
        """The profile of all that was taken."""
        self._take()
        tallies = self._tallies or {}
        columns = {name: tally.result() for name, tally in tallies.items()}
        unique = [column for column in columns.values() if column.unique]
        # An employee number is a likelier key than a telephone number that happens to be unique.
        unique.sort(key=lambda column: (column.sensitive is not None, concept_of(column.name) != "number"))
        single = [(column.name,) for column in unique]
        pairs = [pair for pair, distinct in self._pairs.items() if not self._repeated(distinct, columns, pair)]
        unreadable = {
            rule: Unreadable(count, tuple(self._unreadable_rows[rule]))
            for rule, count in self._unreadable_counts.items()
        }
        return Profile(self._rows, columns, tuple(single or pairs), unreadable)

    def _repeated(self, distinct: DistinctHashes, columns: dict[str, ColumnProfile], pair: tuple[str, str]) -> bool:
        len(distinct)
        return distinct.repeated or any(columns[name].blanks for name in pair)

    def _take(self) -> None:
        if not self._waiting or self._tallies is None:
            return
        frame = pl.concat([part for part, _ in self._waiting], rechunk=True)
        numbers = pl.concat(
            [pl.int_range(first, first + part.height, dtype=pl.Int64, eager=True) for part, first in self._waiting]
        )
        self._waiting, self._waiting_rows = [], 0
        first_batch = self._rows == 0
        self._rows += frame.height
        for name, tally in self._tallies.items():
            tally.add(frame[name], numbers)
        self._take_pairs(frame, choose=first_batch)

    def _take_pairs(self, frame: pl.DataFrame, *, choose: bool) -> None:
        """Follow the few pairs that name each row of the first batch, if no column does alone."""
        if choose:
            distinct = {name: frame[name].n_unique() for name in frame.columns if not frame[name].null_count()}
            if frame.height < 2 or frame.height in distinct.values():
                return
            likely = sorted(distinct, key=lambda name: -distinct[name])[:_PAIR_COLUMNS]
            able = [(a, b) for a, b in combinations(likely, 2) if distinct[a] * distinct[b] >= frame.height]
            unique = [pair for pair in able if self._pair_hashes(frame, pair).n_unique() == frame.height]
            in_order = sorted(unique, key=lambda pair: [frame.columns.index(name) for name in pair])
            self._pairs = {pair: DistinctHashes(_PAIR_LIMIT, _PAIR_LIMIT) for pair in in_order[:_PAIRS]}
        for pair, seen in self._pairs.items():
            if not seen.repeated:
                seen.add(self._pair_hashes(frame, pair))

    @staticmethod
    def _pair_hashes(frame: pl.DataFrame, pair: tuple[str, str]) -> pl.Series:
        first, second = pair
        return frame.select(pl.col(first).hash(1).xor(pl.col(second).hash(2)).alias("pair"))["pair"]
