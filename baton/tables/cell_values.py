"""Cells as stored to the exact text of what they hold, and the flaws of those that must not be taken at their value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import polars as pl

from baton.tables.faults import FileError
from baton.tables.number_formats import DATE, DATE_TIME, DURATION, TIME, Styles
from baton.tables.xml_section import RESAVE, unescaped

ERROR_VALUE: Final = 1
FORMULA_WITHOUT_VALUE: Final = 2
MERGED_CELLS: Final = 3
PRECISION_LOST: Final = 4
NO_DATE: Final = 5
FLAWS: Final = {
    ERROR_VALUE: ("error_value", "the cell holds a spreadsheet error"),
    FORMULA_WITHOUT_VALUE: ("formula_without_value", "the cell holds a formula whose result was never saved"),
    MERGED_CELLS: ("merged_cells", "merged with another cell: whose value is it?"),
    PRECISION_LOST: (
        "precision_lost",
        "a number of more than 15 digits was stored as a number: its last digits are gone",
    ),
    NO_DATE: ("no_date", "the cell is formatted as a date, but its number is none"),
}
"""Rule and message by code; where a row has several, the smallest names it."""

_EXACT_BELOW: Final = 10**15
"""Spreadsheets keep 15 digits: the 16th of a number typed as a number is already gone."""
_DAY_MS: Final = 86_400_000
_DAYS: Final = 2_958_466
"""The calendar of spreadsheets ends with the year 9999."""
_FROM_1900: Final = -25_569
"""Day 0 counted from 1970-01-01, for days after the 29 February 1900 that never was (day 60)."""
_FROM_1904: Final = -24_107


@dataclass(frozen=True, slots=True)
class CellValues:
    """What turns stored cells to values, with what the workbook says beside the sheet."""

    shared: pl.Series
    styles: Styles
    from_1904: bool

    def of(self, cells: pl.DataFrame) -> pl.DataFrame:
        """``row``, ``column``, ``value`` (null if blank) and ``flaw`` (0 if none) of each cell. Raises `FileError`."""
        empty = pl.col("formula") & (pl.col("text").fill_null("") == "") & (pl.col("kind").fill_null("n") != "str")
        flaw = pl.when(pl.col("kind") == "e").then(ERROR_VALUE).when(empty).then(FORMULA_WITHOUT_VALUE).otherwise(0)
        cells = cells.with_columns(flaw.cast(pl.UInt8).alias("flaw"), pl.lit(None, pl.String).alias("value"))
        parts = [cells.filter(pl.col("flaw") != 0)]
        cells = cells.filter((pl.col("flaw") == 0) & (pl.col("text") != ""))
        for group in cells.partition_by("kind", maintain_order=True):
            reading = _READINGS.get(group["kind"][0] or "n")
            if reading is None:
                raise _damaged(group)
            parts.append(reading(self, group))
        return pl.concat([part.select("row", "column", "value", "flaw") for part in parts])

    def _texts(self, cells: pl.DataFrame) -> pl.DataFrame:
        return cells.with_columns(unescaped(cells["text"]).alias("value"))

    def _shared(self, cells: pl.DataFrame) -> pl.DataFrame:
        index = cells["text"].str.strip_chars().cast(pl.UInt32, strict=False)
        bad = index.is_null() | (index >= len(self.shared))
        if bad.any():
            raise _damaged(cells.filter(bad))
        return cells.with_columns(self.shared.gather(index).alias("value"))

    def _truths(self, cells: pl.DataFrame) -> pl.DataFrame:
        words = {"1": "TRUE", "true": "TRUE", "0": "FALSE", "false": "FALSE"}
        values = cells["text"].str.strip_chars().replace_strict(words, default=None, return_dtype=pl.String)
        if values.null_count():
            raise _damaged(cells.filter(values.is_null()))
        return cells.with_columns(values.alias("value"))

    def _numbers(self, cells: pl.DataFrame) -> pl.DataFrame:
        numbers = cells["text"].str.strip_chars().cast(pl.Float64, strict=False)
        if numbers.null_count() or numbers.is_nan().any():
            raise _damaged(cells.filter(numbers.is_null() | numbers.is_nan()))
        cells = cells.with_columns(numbers.alias("number"))
        moments = cells["style"].is_in(list(self.styles.moments)).fill_null(value=False)
        plain = cells.filter(~moments)
        values = exact_text(plain["number"])
        lost = plain["number"].abs() >= _EXACT_BELOW
        plain = plain.with_columns(
            _padded(values, plain["style"], self.styles).set(lost, None).alias("value"),
            (lost.cast(pl.UInt8) * PRECISION_LOST).alias("flaw"),
        )
        return pl.concat([plain, self._moments(cells.filter(moments))]) if moments.any() else plain

    def _moments(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Dates, times of day and durations: to the millisecond, as finely as spreadsheets count."""
        shown = pl.col("style").replace_strict(dict(self.styles.moments), return_dtype=pl.String)
        within = pl.col("number").abs() < _DAYS
        ms = (pl.when(within).then("number") * _DAY_MS).round().cast(pl.Int64)
        day, clock = pl.col("ms") // _DAY_MS, pl.col("ms") % _DAY_MS
        if self.from_1904:
            since, no_date, clock_only = pl.lit(_FROM_1904), day < 0, pl.lit(value=False)
        else:
            since = pl.lit(_FROM_1900) + (day < 60).cast(pl.Int64)
            no_date, clock_only = (day < 0) | (day == 60), (day == 0) & (pl.col("shown") == DATE_TIME)
        clock_only |= (day == 0) & (pl.col("shown") == TIME)
        no_date |= (day == 0) & (pl.col("shown") == DATE) if not self.from_1904 else pl.lit(value=False)
        at = pl.from_epoch(clock + (day + since) * _DAY_MS, time_unit="ms")
        seconds = ((pl.col("ms").abs() + 500) // 1000).cast(pl.Int64)
        return (
            cells.with_columns(shown.alias("shown"), ms.alias("ms"))
            .with_columns(
                pl.when(pl.col("shown") == DURATION)
                .then(_duration(seconds, pl.col("ms") < 0))
                .when(no_date)
                .then(None)
                .when(clock_only)
                .then(_clock(at, "%H:%M:%S"))
                .when(clock == 0)
                .then(at.dt.to_string("%Y-%m-%d"))
                .otherwise(_clock(at, "%Y-%m-%dT%H:%M:%S"))
                .alias("value")
            )
            .with_columns((pl.col("value").is_null().cast(pl.UInt8) * NO_DATE).alias("flaw"))
            .drop("shown", "ms")
        )


_READINGS: Final[dict[str, Callable[[CellValues, pl.DataFrame], pl.DataFrame]]] = {
    "n": CellValues._numbers,
    "s": CellValues._shared,
    "b": CellValues._truths,
    "str": CellValues._texts,
    "inlineStr": CellValues._texts,
    "d": CellValues._texts,
}


def exact_text(numbers: pl.Series) -> pl.Series:
    """The shortest decimals that mean these numbers, written out without exponent.

    That is the number as typed: programs store 1.1 as 1.1000000000000001, which is the same number.
    """
    texts = numbers.cast(pl.String).str.strip_suffix(".0").replace("-0", "0")
    powers = texts.str.contains("e", literal=True)
    if powers.any():
        plain = [_plain(format(Decimal(text), "f")) for text in texts.filter(powers).to_list()]
        texts = texts.scatter(powers.arg_true(), pl.Series(plain, dtype=pl.String))
    return texts


def _plain(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _padded(values: pl.Series, style: pl.Series, styles: Styles) -> pl.Series:
    """Whole numbers of a format like ``0000`` or ``00-0000`` with the leading zeros and the texts that are shown."""
    if not styles.padded:
        return values
    at = (style.is_in(list(styles.padded)) & values.str.contains("^[0-9]+$")).arg_true()
    shown = [styles.shown(*each) for each in zip(style.gather(at), values.gather(at), strict=True)]
    return values.scatter(at, pl.Series(shown, dtype=pl.String))


def _clock(at: pl.Expr, form: str) -> pl.Expr:
    return at.dt.to_string(f"{form}%.6f").str.strip_suffix(".000000")


def _duration(seconds: pl.Expr, negative: pl.Expr) -> pl.Expr:
    return pl.concat_str(
        pl.when(negative).then(pl.lit("-")).otherwise(pl.lit("")),
        (seconds // 3600).cast(pl.String),
        pl.lit(":"),
        (seconds // 60 % 60).cast(pl.String).str.zfill(2),
        pl.lit(":"),
        (seconds % 60).cast(pl.String).str.zfill(2),
    )


def _damaged(cells: pl.DataFrame) -> FileError:
    row, column = cells.select("row", "column").row(0)
    message = f"the cell in row {row}, column {column} does not hold what it says it does"
    return FileError("broken_xml", message, RESAVE)
