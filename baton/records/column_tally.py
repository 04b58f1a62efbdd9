"""All that is counted of one column while its batches go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from baton.records.cell_shapes import shown
from baton.records.cells import Cells, Findings
from baton.records.column_kinds import DateForm, DayTally, Inferred, NumberTally
from baton.records.column_profile import ColumnProfile, Frequency, Suspicion
from baton.records.distinct import DistinctHashes, Variants, hashes
from baton.records.sensitive import JUDGES, Judge
from baton.records.suspicions import DETECTORS, MAY_VARY, Doubt, plain_form
from baton.records.words import Sensitive, sensitive_by_name

ROWS_EACH: Final = 5
"""How many row numbers are kept of each suspicion."""
_KEY_LIMIT: Final = 1 << 20
_DISTINCT_LIMIT: Final = 1 << 16
_VARIANT_LIMIT: Final = 1 << 16
_COUNTED_VALUES: Final = 1_000
_SHAPES_KEPT: Final = 1_000
_SHAPES_OF_A_BATCH: Final = 200
_SHAPE_LENGTH: Final = 200
_PATTERNS_SHOWN: Final = 5
_TOP_VALUES: Final = 50
_SKETCH: Final = 1_024
_ENOUGH: Final = 0.8
_TRUTH: Final = frozenset(["true", "false", "yes", "no", "y", "n", "1", "0", "是", "否"])
_NEVER_PADDED: Final = (Sensitive.AMOUNT, Sensitive.IDENTITY_NUMBER, Sensitive.BANK_ACCOUNT, Sensitive.PHONE)
_LEAST_DISTINCT: Final[Mapping[Sensitive, int]] = {Sensitive.NAME: 20, Sensitive.ADDRESS: 5}
"""Department and city names look like names and addresses, but there are few of them."""


class ColumnTally:
    """Takes a column batch by batch; `result` can be asked at any time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows = self._nulls = self._empty = self._spaces = self._present = 0
        self._grouped = True
        self._lengths: tuple[int, int] | None = None
        self._shapes: dict[str, int] = {}
        self._values: dict[str, int] | None = {}
        self._distinct = DistinctHashes(_KEY_LIMIT, _DISTINCT_LIMIT)
        self._variants = Variants(_VARIANT_LIMIT)
        self._numbers = NumberTally()
        self._days = DayTally()
        self._findings = Findings(ROWS_EACH)
        self._fitting: dict[Sensitive, int] = {}
        self._by_name = sensitive_by_name(name)

    def add(self, column: pl.Series, rows: pl.Series) -> None:
        """Take a batch: a column of text, and the number of each row."""
        if self._rows == 0:
            sample = column.head(10_000).drop_nulls()
            self._grouped = sample.n_unique() * 2 < len(sample)
        cells = Cells.of(column, rows, grouped=self._grouped)
        number = cells.number
        self._rows += len(column)
        self._nulls += cells.nulls
        self._empty += cells.empty
        self._spaces += cells.spaces
        self._present += number
        if number == 0:
            return
        if self._grouped and cells.values.height * 2 > number:
            self._grouped = False
        self._take_shapes(cells)
        self._take_values(cells)
        self._numbers.add(cells, self._findings)
        self._days.add(cells, self._findings)
        for judge in JUDGES:
            if self._judge(judge, cells):
                break  # what a column is once recognised as, it is
        for detector in DETECTORS:
            found = cells.shaped(detector.shape)
            if found.height:
                self._findings.add(detector.doubt, cells, found.filter(detector.holds(found["value"])))

    def _take_shapes(self, cells: Cells) -> None:
        lengths = cells.kinds["shape"].str.len_bytes()
        short, long = int(str(lengths.min())), int(str(lengths.max()))
        low, high = self._lengths or (short, long)
        self._lengths = min(low, short), max(high, long)
        top = cells.kinds.top_k(_SHAPES_OF_A_BATCH, by="count")
        for shape, number in top.with_columns(pl.col("shape").str.head(_SHAPE_LENGTH)).rows():
            self._shapes[shape] = self._shapes.get(shape, 0) + number
        if len(self._shapes) > _SHAPES_KEPT:
            kept = sorted(self._shapes.items(), key=lambda item: -item[1])[:_SHAPES_OF_A_BATCH]
            self._shapes = dict(kept)

    def _take_values(self, cells: Cells) -> None:
        hashed = hashes(cells.values["value"])
        if cells.repeats:
            self._distinct.repeated = True
        self._distinct.add(hashed)
        self._count_values(cells)
        varying = cells.shapes_like(MAY_VARY)
        if len(varying):
            plain = hashes(plain_form(cells.values["value"], varying))
            self._variants.add(plain, hashed, cells.rows.gather(cells.values["place"]))

    def _count_values(self, cells: Cells) -> None:
        if self._values is None:
            return
        if cells.values.height > 10 * _COUNTED_VALUES:
            self._values = None
            return
        counted = self._values
        for value, number in cells.values.group_by("value").agg(pl.sum("count")).rows():
            counted[value] = counted.get(value, 0) + number
        if len(counted) > _COUNTED_VALUES:
            self._values = None

    def _judge(self, judge: Judge, cells: Cells) -> bool:
        """Count what fits; True when enough does."""
        if self._by_name not in (None, judge.sensitive):
            return False
        alike = cells.shapes_like(judge.shape)
        if self._by_name is not judge.sensitive and cells.number_of(alike) * 2 < cells.number:
            return False
        alike_values = cells.of_shapes(alike)
        fits = judge.fits(alike_values["value"])
        fitting = alike_values.filter(fits)
        self._fitting[judge.sensitive] = self._fitting.get(judge.sensitive, 0) + int(fitting["count"].sum())
        recognised = int(fitting["count"].sum()) >= judge.enough * cells.number
        if judge.doubt is None:
            return recognised
        misfits = alike_values.filter(~fits)
        if len(alike) < cells.kinds.height:
            others = cells.values.filter(~pl.col("shape").is_in(alike.implode()))
            misfits = pl.concat([misfits, others.filter(~pl.col("value").str.contains(r"^\W*$"))])
        if misfits.height:
            self._findings.add(judge.sensitive, cells, misfits.filter(~judge.tolerates(pl.col("value"))))
        return recognised

    # --- the result

    def result(self) -> ColumnProfile:
        """What is known of the column now."""
        distinct = len(self._distinct)
        sensitive = self._sensitive(distinct)
        kind, share = self._kind(sensitive)
        smallest, largest = self._span(kind)
        return ColumnProfile(
            name=self._name,
            rows=self._rows,
            nulls=self._nulls,
            empty=self._empty,
            spaces=self._spaces,
            type=kind,
            type_share=share,
            places=self._numbers.most_places if kind is Inferred.DECIMAL else 0,
            date_forms=tuple(Frequency(form, n) for form, n in self._days.form_counts(self._findings).items())
            if kind in (Inferred.DATE, Inferred.DATETIME)
            else (),
            distinct=distinct,
            distinct_exact=self._distinct.exact,
            unique=bool(self._rows) and self._present == self._rows and not self._distinct.repeated,
            min_length=self._lengths[0] if self._lengths else 0,
            max_length=self._lengths[1] if self._lengths else 0,
            patterns=self._patterns(),
            smallest=None if sensitive else smallest,
            largest=None if sensitive else largest,
            sensitive=sensitive,
            top=() if sensitive or self._resembled() else self._top(distinct),
            suspicions=self._suspicions(sensitive, kind),
            digits=tuple(sorted(self._numbers.by_length.items())),
            sketch=tuple(self._distinct.smallest(_SKETCH)),
        )

    def _sensitive(self, distinct: int) -> Sensitive | None:
        if self._by_name is not None:
            return self._by_name
        enough = (kind for kind in self._resembled() if distinct >= _LEAST_DISTINCT.get(kind, 1))
        return next(enough, None)

    def _resembled(self) -> list[Sensitive]:
        """What the values look like, the surest first: a few names of managers are names, however few."""
        fitting = ((judge, self._fitting.get(judge.sensitive, 0)) for judge in JUDGES)
        return [judge.sensitive for judge, number in fitting if number >= max(1, judge.enough * self._present)]

    def _kind(self, sensitive: Sensitive | None) -> tuple[Inferred, float]:
        if not self._present:
            return Inferred.TEXT, 0.0
        numbers, days = self._numbers, self._days
        if sensitive in (Sensitive.IDENTITY_NUMBER, Sensitive.BANK_ACCOUNT, Sensitive.PHONE, Sensitive.PASSPORT):
            return Inferred.TEXT, 1.0
        if self._values and {value.lower() for value in self._values} <= _TRUTH:
            return Inferred.BOOLEAN, 1.0
        compact = days.forms.get(DateForm.COMPACT, 0) if days.compact_is_days else 0
        dated = sum(number for form, number in days.forms.items() if form is not DateForm.COMPACT) + compact
        candidates = [
            (Inferred.DATE, dated),
            (Inferred.DATETIME, days.moments + (days.midnights if days.moments else 0)),
            (Inferred.INTEGER, 0 if numbers.zero_led else numbers.integers - compact),
            (Inferred.DECIMAL, numbers.integers + numbers.decimals if numbers.decimals and not numbers.zero_led else 0),
        ]
        kind, fitting = max(candidates, key=lambda candidate: candidate[1])
        share = fitting / self._present
        return (kind, round(share, 4)) if share >= _ENOUGH else (Inferred.TEXT, 1.0)

    def _span(self, kind: Inferred) -> tuple[str | None, str | None]:
        match kind:
            case Inferred.INTEGER | Inferred.DECIMAL:
                span = self._numbers.span
            case Inferred.DATE | Inferred.DATETIME:
                span = self._days.span
            case _:
                return None, None
        return span.low_text or None, span.high_text or None

    def _patterns(self) -> tuple[Frequency, ...]:
        commonest = sorted(self._shapes.items(), key=lambda item: (-item[1], item[0]))[:_PATTERNS_SHOWN]
        return tuple(Frequency(shown(shape), number) for shape, number in commonest)

    def _top(self, distinct: int) -> tuple[Frequency, ...]:
        if self._values is None or distinct > _TOP_VALUES or distinct * 2 > self._present:
            return ()
        return tuple(Frequency(value, n) for value, n in sorted(self._values.items(), key=lambda i: (-i[1], i[0])))

    def _suspicions(self, sensitive: Sensitive | None, kind: Inferred) -> tuple[Suspicion, ...]:
        found = self._findings
        counts = {doubt: (found.count(doubt), found.rows(doubt)) for doubt in Doubt}
        counts[Doubt.VARIANTS] = self._variants.found(ROWS_EACH)
        for judge in JUDGES:
            enough = self._fitting.get(judge.sensitive, 0) >= judge.least_fitting * self._present
            if judge.doubt is not None and judge.sensitive is sensitive and enough:
                counts[judge.doubt] = (found.count(judge.sensitive), found.rows(judge.sensitive))
        if kind is Inferred.DATE:
            self._doubt_days(counts)
        self._doubt_numbers(counts, sensitive, kind)
        return tuple(Suspicion(doubt, number, rows) for doubt, (number, rows) in counts.items() if number)

    def _doubt_days(self, counts: dict[Doubt, tuple[int, tuple[int, ...]]]) -> None:
        found = self._findings
        if self._days.compact_is_days and self._days.compact_wrong:
            number, rows = counts[Doubt.NO_SUCH_DAY]
            more = found.count(DateForm.COMPACT), found.rows(DateForm.COMPACT)
            counts[Doubt.NO_SUCH_DAY] = number + more[0], (*rows, *more[1])[:ROWS_EACH]
        day_first, month_first = found.count(DateForm.DAY_FIRST), found.count(DateForm.MONTH_FIRST)
        if day_first and month_first:
            rarer = DateForm.MONTH_FIRST if month_first <= day_first else DateForm.DAY_FIRST
            counts[Doubt.MIXED_DATES] = found.count(rarer), found.rows(rarer)

    def _doubt_numbers(
        self, counts: dict[Doubt, tuple[int, tuple[int, ...]]], sensitive: Sensitive | None, kind: Inferred
    ) -> None:
        numbers = self._numbers
        if counts[Doubt.POINT_ZERO][0] < numbers.decimals:  # true decimals, of which some end in .0
            counts[Doubt.POINT_ZERO] = (0, ())
        if counts[Doubt.ROUNDED][0] <= 5 * numbers.long_ends:
            counts[Doubt.ROUNDED] = (0, ())
        if sensitive in _NEVER_PADDED or kind in (Inferred.DATE, Inferred.DECIMAL):
            return
        counts[Doubt.ZEROS_LOST] = self._zeros_lost()

    def _zeros_lost(self) -> tuple[int, tuple[int, ...]]:
        """Shorter numbers in a column of codes that mostly have one length."""
        lengths = self._numbers.by_length
        total = sum(lengths.values())
        if total < 3 or total < _ENOUGH * self._present:
            return 0, ()
        usual = max(lengths, key=lambda length: lengths[length])
        shorter = sorted((length for length in lengths if length < usual), reverse=True)
        few = sum(lengths[length] for length in shorter)
        if usual < 3 or not shorter or lengths[usual] < 0.6 * total or max(lengths) > usual:
            return 0, ()
        if not self._numbers.zero_led and (self._counts_up() or not self._is_code()):
            return 0, ()
        rows: Sequence[int] = [row for length in shorter for row in self._findings.rows(length)]
        return few, tuple(rows[:ROWS_EACH])

    def _counts_up(self) -> bool:
        """True for running numbers, of which the first are short by nature."""
        span = self._numbers.span
        return isinstance(span.low, int) and span.high - span.low < 2 * len(self._distinct)

    def _is_code(self) -> bool:
        """True where nearly every value is another one, as with numbers that name something."""
        return len(self._distinct) > 0.9 * self._present
