"""What type a column of text has: numbers, days, moments, told by shape and confirmed by value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import polars as pl

from baton.records.cells import Cells, Findings
from baton.records.days import compact_day, parted_day
from baton.records.suspicions import PLACEHOLDERS, Doubt


class Inferred(StrEnum):
    """The type a column of text seems to have."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


class DateForm(StrEnum):
    """How a day is written."""

    DASHES = "yyyy-mm-dd"
    SLASHES = "yyyy/mm/dd"
    DOTS = "yyyy.mm.dd"
    CHINESE = "yyyy年mm月dd日"
    COMPACT = "yyyymmdd"
    DAY_FIRST = "dd/mm/yyyy"
    MONTH_FIRST = "mm/dd/yyyy"
    EITHER_FIRST = "dd/mm or mm/dd/yyyy"
    """No value tells whether the day or the month comes first."""
    SHORT_YEAR = "dd/mm/yy or mm/dd/yy"


_YEAR_FIRST: Final = {
    DateForm.DASHES: "^9999-9{1,2}-9{1,2}( 99:99:99)?$",
    DateForm.SLASHES: "^9999/9{1,2}/9{1,2}( 99:99:99)?$",
    DateForm.DOTS: r"^9999\.9{1,2}\.9{1,2}( 99:99:99)?$",
    DateForm.CHINESE: "^9999H9{1,2}H9{1,2}H$",
    DateForm.COMPACT: "^9{8}$",
}
_YEAR_LAST: Final = r"^9{1,2}[/.\-]9{1,2}[/.\-]9999$"
_SHORT_YEAR: Final = r"^9{1,2}[/.\-]9{1,2}[/.\-]99$"
_MOMENT: Final = r"^9999[-/]9{1,2}[-/]9{1,2}[ a]9{1,2}:99(:99)?(\.9{1,9})?(a|[+-]99:?99)?$"
_INTEGER: Final = "^[+-]?9{1,18}$"
_DECIMAL: Final = r"^[+-]?(9{1,18}\.9+|9{1,3}(,999)+(\.9+)?)$"
_MIDNIGHT: Final = " 00:00:00"


@dataclass(slots=True)
class _Range:
    low: Any = None
    high: Any = None
    low_text: str = ""
    high_text: str = ""

    def take(self, ordered: pl.Series, texts: pl.Series) -> None:
        for place, is_low in ((ordered.arg_min(), True), (ordered.arg_max(), False)):
            if place is None:
                continue
            key, text = ordered[place], texts[place]
            if is_low and (self.low is None or key < self.low):
                self.low, self.low_text = key, text
            elif not is_low and (self.high is None or key > self.high):
                self.high, self.high_text = key, text


class NumberTally:
    """Whole and decimal numbers: how many, from where to where, and how many digits they have."""

    def __init__(self) -> None:
        self.integers = 0
        self.decimals = 0
        self.zero_led = 0
        """Whole numbers written with a leading zero: codes rather than numbers."""
        self.most_places = 0
        self.span = _Range()
        self.by_length: dict[int, int] = {}
        """How many values consist of so many digits."""
        self.long_ends = 0.0
        """How many long numbers would end in zeros by chance."""

    def add(self, cells: Cells, findings: Findings) -> None:
        """Take a batch."""
        whole, broken = cells.shaped(_INTEGER), cells.shaped(_DECIMAL)
        self.integers += int(whole["count"].sum())
        self.decimals += int(broken["count"].sum())
        if whole.height:
            self.span.take(whole["value"].str.strip_prefix("+").cast(pl.Int64, strict=False), whole["value"])
            zero_led = whole.filter(pl.col("value").str.contains("^0[0-9]"))
            self.zero_led += int(zero_led["count"].sum())
        if broken.height:
            numbers = broken["value"].str.replace_all(",", "").cast(pl.Float64, strict=False)
            self.span.take(numbers, broken["value"])
            places = broken["value"].str.splitn(".", 2).struct.field("field_1").str.len_bytes().max()
            self.most_places = max(self.most_places, int(str(places or 0)))
        self._lengths(cells, findings)

    def _lengths(self, cells: Cells, findings: Findings) -> None:
        digits = cells.shapes_like("^9+$")
        for shape in digits:
            length, number = len(shape), cells.number_of(pl.Series([shape]))
            self.by_length[length] = self.by_length.get(length, 0) + number
            if length > 16:
                self.long_ends += number * 10.0 ** (15 - length)
            if len(findings.rows(length)) == 0:
                findings.add(length, cells, cells.of_shapes(pl.Series([shape])))


@dataclass(slots=True)
class DayTally:
    """Days and moments: the forms they are written in, from where to where, and those that do not exist."""

    forms: dict[DateForm, int] = field(default_factory=dict)
    moments: int = 0
    midnights: int = 0
    compact_wrong: int = 0
    span: _Range = field(default_factory=_Range)

    def add(self, cells: Cells, findings: Findings) -> None:
        """Take a batch."""
        for form, shape in _YEAR_FIRST.items():
            self._year_first(form, cells, cells.shaped(shape), findings)
        self._year_last(cells, cells.shaped(_YEAR_LAST), findings)
        self._count(DateForm.SHORT_YEAR, cells.shaped(_SHORT_YEAR))
        moments = cells.shaped(_MOMENT).filter(~pl.col("value").str.ends_with(_MIDNIGHT))
        self.moments += int(moments["count"].sum())
        if moments.height:
            self.span.take(moments["value"], moments["value"])

    def form_counts(self, findings: Findings) -> dict[DateForm, int]:
        """How many values are written in each form, the commonest first."""
        counts = dict(self.forms)
        either = counts.pop(DateForm.EITHER_FIRST, 0)
        day_first, month_first = findings.count(DateForm.DAY_FIRST), findings.count(DateForm.MONTH_FIRST)
        undecided = either - day_first - month_first
        if day_first and not month_first:
            counts[DateForm.DAY_FIRST] = either
        elif month_first and not day_first:
            counts[DateForm.MONTH_FIRST] = either
        elif either:
            counts |= {DateForm.DAY_FIRST: day_first, DateForm.MONTH_FIRST: month_first}
            counts[DateForm.EITHER_FIRST] = undecided
        return {form: number for form, number in sorted(counts.items(), key=lambda item: -item[1]) if number}

    def _count(self, form: DateForm, found: pl.DataFrame) -> None:
        if found.height:
            self.forms[form] = self.forms.get(form, 0) + int(found["count"].sum())

    def _year_first(self, form: DateForm, cells: Cells, found: pl.DataFrame, findings: Findings) -> None:
        compact = form is DateForm.COMPACT
        if found.height == 0 or (compact and self.compact_wrong > 100 and not self.compact_is_days):
            return
        bare = pl.col("value").str.strip_suffix(_MIDNIGHT)
        day = compact_day(bare) if compact else parted_day(bare)
        found = found.with_columns(day.alias("day"), (bare != pl.col("value")).alias("midnight"))
        if form not in (DateForm.CHINESE, DateForm.COMPACT):
            found = found.filter((pl.col("value").str.len_chars() <= 10) | pl.col("midnight"))
        wrong = found.filter(
            pl.col("day").is_null() | ~pl.col("day").dt.year().is_between(1900, 2199),
            ~pl.col("value").is_in(sorted(PLACEHOLDERS)),
        )
        fine = found.filter(pl.col("day").dt.year().is_between(1900, 2199))
        if compact:
            self.compact_wrong += int(wrong["count"].sum())
            findings.add(DateForm.COMPACT, cells, wrong)
            self._count(form, fine)
        else:
            self.midnights += int(found.filter("midnight")["count"].sum())
            findings.add(Doubt.NO_SUCH_DAY, cells, wrong)
            self._count(form, found)
        real = fine.filter(~pl.col("value").is_in(sorted(PLACEHOLDERS)))
        if real.height and (not compact or self.compact_is_days):
            texts = real["day"].dt.strftime("%Y-%m-%d")
            self.span.take(texts, texts)

    @property
    def compact_is_days(self) -> bool:
        """True while numbers of eight digits are days far more often than chance would have it."""
        fine = self.forms.get(DateForm.COMPACT, 0)
        return fine > 0 and fine >= 19 * self.compact_wrong

    def _year_last(self, cells: Cells, found: pl.DataFrame, findings: Findings) -> None:
        if found.height == 0:
            return
        self._count(DateForm.EITHER_FIRST, found)
        parts = pl.col("value").str.extract_groups(r"^([0-9]+)[/.\-]([0-9]+)[/.\-]").struct
        found = found.with_columns(
            parts.field("1").cast(pl.Int32).alias("one"), parts.field("2").cast(pl.Int32).alias("two")
        )
        one, two = pl.col("one"), pl.col("two")
        findings.add(DateForm.DAY_FIRST, cells, found.filter((one > 12) & (two <= 12)))
        findings.add(DateForm.MONTH_FIRST, cells, found.filter((one <= 12) & (two > 12)))
        none = ((one > 12) & (two > 12)) | (pl.max_horizontal(one, two) > 31) | (pl.min_horizontal(one, two) < 1)
        findings.add(Doubt.NO_SUCH_DAY, cells, found.filter(none))
