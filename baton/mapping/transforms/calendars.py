"""Transforms on days and moments that need to be told how they are written: day first, short years, eras, epochs."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from baton.mapping.transforms.text import nfkc

_PART: Final = r"([0-9]{1,2})"
_ERAS: Final = {
    "大正": (1911, date(1912, 7, 30), date(1926, 12, 24)),
    "昭和": (1925, date(1926, 12, 25), date(1989, 1, 7)),
    "平成": (1988, date(1989, 1, 8), date(2019, 4, 30)),
    "令和": (2018, date(2019, 5, 1), date(2199, 12, 31)),
}
"""Per Japanese era: the year before its first, its first day, its last day."""
_ERA_LETTERS: Final = {"T": "大正", "S": "昭和", "H": "平成", "R": "令和"}
_ROC_YEAR_ZERO: Final = 1911
_YEAR: Final = "^(19|20|21)[0-9]{2}$"
"""Years that `date` reads, in four digits: another one is a slip, and the year 0 is none that Python knows."""
_NUMERALS: Final = "〇一二三四五六七八九"
_EPOCH_UNITS: Final = ("s", "ms")


def day_first(column: pl.Expr, pivot: int | None = None) -> pl.Expr:
    """A day written day, month, year: 22/11/2026, 22.11.2026, 22-11-2026.

    A year of two digits is refused, unless the argument says from which number on it means 19..: with
    ``date_dmy(70)`` 69 is 2069 and 70 is 1970.

    >>> [str(one("date_dmy", t)) for t in ("22/11/2026", "1.2.2026", "11/22/2026", "22/11/26", "22/11-2026")]
    ['2026-11-22', '2026-02-01', 'None', 'None', 'None']
    >>> str(one("date_dmy(70)", "22/11/26")), str(one("date_dmy(70)", "22/11/85"))
    ('2026-11-22', '1985-11-22')
    """
    day, month, year = _parts(column, pivot, year_first=False)
    return _day(year, month, day)


def month_first(column: pl.Expr, pivot: int | None = None) -> pl.Expr:
    """A day written month, day, year: 11/22/2026; years of two digits as with ``date_dmy``.

    >>> str(one("date_mdy", "11/22/2026")), one("date_mdy", "22/11/2026"), str(one("date_mdy(70)", "11/22/26"))
    ('2026-11-22', None, '2026-11-22')
    """
    month, day, year = _parts(column, pivot, year_first=False)
    return _day(year, month, day)


def short_year_first(column: pl.Expr, pivot: int) -> pl.Expr:
    """A day written year (two digits), month, day: 26-11-22; the argument is the first number that means 19...

    >>> str(one("date_yy(70)", "26-11-22")), str(one("date_yy(70)", "85/1/2")), one("date_yy(70)", "2026-11-22")
    ('2026-11-22', '1985-01-02', None)
    """
    year, month, day = _parts(column, pivot, year_first=True)
    return _day(year, month, day)


def chinese_numerals(column: pl.Expr) -> pl.Expr:
    """A day in Chinese numerals: 二〇二六年十一月二十二日. Years outside 1900 to 2199 are refused.

    >>> str(one("date_cn", "二〇二六年十一月二十二日")), str(one("date_cn", "二○二六年一月三十一日"))
    ('2026-11-22', '2026-01-31')
    >>> one("date_cn", "二〇二六年二月三十日"), one("date_cn", "2026年11月22日")
    (None, None)
    """
    digits = dict(zip((*_NUMERALS, "○", "零"), (*map(str, range(10)), "0", "0"), strict=True))
    form = rf"^([{_NUMERALS}○零]{{4}})年([一二三四五六七八九十]{{1,2}})月([一二三四五六七八九十]{{1,3}})日$"
    year = column.str.extract(form, 1).str.replace_many(digits)
    words = {_in_numerals(number): f"{number:02d}" for number in range(1, 32)}
    month, day = (
        column.str.extract(form, group).replace_strict(words, default=None, return_dtype=pl.String) for group in (2, 3)
    )
    return _day(year, month, day)


def japanese_era(column: pl.Expr) -> pl.Expr:
    """A day of a Japanese era: 令和8年11月22日, R8.11.22, 平成元年1月8日. A day outside its era is refused.

    >>> [str(one("date_jp", t)) for t in ("令和8年11月22日", "R8.11.22", "平成元年1月8日", "平成31年5月1日")]
    ['2026-11-22', '2026-11-22', '1989-01-08', 'None']
    """
    form = rf"^([大昭平令][正和成]|[TSHR])\s*([0-9]{{1,2}}|元)[年./-]{_PART}[月./-]{_PART}日?$"
    plain = nfkc(column)
    era = plain.str.extract(form, 1).replace(_ERA_LETTERS)
    number = plain.str.extract(form, 2).replace("元", "1").cast(pl.Int32)
    before, first, last = (
        era.replace_strict({name: facts[place] for name, facts in _ERAS.items()}, default=None, return_dtype=kind)
        for place, kind in ((0, pl.Int32), (1, pl.Date), (2, pl.Date))
    )
    day = _day((before + number).cast(pl.String), plain.str.extract(form, 3), plain.str.extract(form, 4))
    return pl.when((number > 0) & day.is_between(first, last)).then(day)


def republic_of_china(column: pl.Expr) -> pl.Expr:
    """A day of the calendar used in Taiwan: 民國115年11月22日, 115/11/22, 1151122. Years after 2199 (288) are refused.

    >>> [str(one("date_roc", t)) for t in ("民國115年11月22日", "115/11/22", "1151122", "民国元年1月1日", "115/2/30")]
    ['2026-11-22', '2026-11-22', '2026-11-22', '1912-01-01', 'None']
    """
    plain = column.str.strip_prefix("中華").str.strip_prefix("中华").str.replace("^民[國国]", "")
    form = rf"^([0-9]{{1,3}}|元)(?:年|[./-]){_PART}(?:月|[./-]){_PART}日?$"
    packed = r"^([0-9]{2,3})([0-9]{2})([0-9]{2})$"
    year, month, day = (
        pl.coalesce(plain.str.extract(form, group), plain.str.extract(packed, group)) for group in (1, 2, 3)
    )
    number = year.replace("元", "1").cast(pl.Int32)
    return pl.when(number > 0).then(_day((number + _ROC_YEAR_ZERO).cast(pl.String), month, day))


def compact_moment(column: pl.Expr, zone: str) -> pl.Expr:
    """A moment in 14 digits (20261122180000), local to the zone in the argument.

    >>> str(one("datetime_compact(Asia/Shanghai)", "20261122180000"))
    '2026-11-22 10:00:00+00:00'
    >>> one("datetime_compact(Asia/Shanghai)", "20261122250000"), one("datetime_compact(Asia/Shanghai)", "20261122")
    (None, None)
    """
    return (
        pl.when(column.str.contains(r"^(19|20|21)[0-9]{10}[0-5][0-9]$"))
        .then(column)
        .str.to_datetime("%Y%m%d%H%M%S", time_unit="us", strict=False)
        .dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
        .dt.convert_time_zone("UTC")
    )


def epoch(column: pl.Expr, unit: str) -> pl.Expr:
    """A moment as seconds (``s``) or milliseconds (``ms``) since 1970; what falls outside 1980 to 2199 is refused.

    The limits refuse seconds that were taken for milliseconds and the other way round.

    >>> str(one("datetime_epoch(s)", "1795341600")), str(one("datetime_epoch(ms)", "1795341600000"))
    ('2026-11-22 10:00:00+00:00', '2026-11-22 10:00:00+00:00')
    >>> one("datetime_epoch(s)", "1795341600000"), one("datetime_epoch(ms)", "1795341600")
    (None, None)
    """
    number = pl.when(column.str.contains("^[0-9]{1,13}$")).then(column).cast(pl.Int64)
    seconds = number if unit == "s" else number // 1000
    micros = number * (1_000_000 if unit == "s" else 1_000)
    sound = seconds.is_between(315_532_800, 7_258_118_399)
    return pl.when(sound).then(micros).cast(pl.Datetime("us", "UTC"))


def pivot_year(text: str) -> int:
    """The argument for years of two digits: 0 to 99."""
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise ValueError("expected the first year of the 19.., from 0 to 99")
    return int(text)


def epoch_unit(text: str) -> str:
    """The argument of ``datetime_epoch``."""
    if text not in _EPOCH_UNITS:
        raise ValueError(f"expected one of {', '.join(_EPOCH_UNITS)}")
    return text


def _parts(column: pl.Expr, pivot: int | None, *, year_first: bool) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """The three numbers of a day in the order written, the year with four digits."""
    year = "([0-9]{2})" if year_first else "((?:19|20|21)[0-9]{2}" + ("|[0-9]{2})" if pivot is not None else ")")
    order = (year, _PART, _PART) if year_first else (_PART, _PART, year)
    # One separator throughout: the second is compared with the first by taking the first out of the text.
    hyphened = pl.coalesce(
        *(
            pl.when(column.str.count_matches(sign, literal=True) == 2).then(
                column.str.replace_all(sign, "-", literal=True)
            )
            for sign in "/.-"
        )
    )
    form = f"^{'-'.join(order)}$"
    one, two, three = (hyphened.str.extract(form, group) for group in (1, 2, 3))
    if year_first:
        return _full_year(one, pivot), two, three
    return one, two, _full_year(three, pivot)


def _full_year(year: pl.Expr, pivot: int | None) -> pl.Expr:
    if pivot is None:
        return year
    century = pl.when(year.cast(pl.Int32) >= pivot).then(pl.lit("19")).otherwise(pl.lit("20"))
    return pl.when(year.str.len_bytes() == 2).then(century + year).otherwise(year)


def _day(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The day of three numbers in text; null where there is none, or its year is not one of 1900 to 2199."""
    known = pl.when(year.str.contains(_YEAR)).then(year)
    return (known + "-" + month + "-" + day).str.to_date("%Y-%m-%d", strict=False)


def _in_numerals(number: int) -> str:
    tens, ones = divmod(number, 10)
    return {0: "", 1: "十"}.get(tens, _NUMERALS[tens] + "十") + (_NUMERALS[ones] if ones else "")
