"""Transforms between text and days, times and moments."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from baton.mapping.transforms.stages import first_of
from baton.records.days import WRITTEN, written_day

_EXCEL_DAY_ZERO: Final = date(1899, 12, 30)
_DAY_ZEROS: Final = {"1900": _EXCEL_DAY_ZERO, "1904": date(1904, 1, 1)}
_SERIAL: Final = r"^[2-7][0-9]{4}(\.0)?$"
_PLAIN_DAY: Final = r"^(19|20|21)[0-9]{2}(-[0-9]{1,2}-[0-9]{1,2}|/[0-9]{1,2}/[0-9]{1,2})$"
_PLAIN_MOMENT: Final = r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9]$"
_DAY_TEXTS: Final = {"iso": "%Y-%m-%d", "compact": "%Y%m%d", "slash": "%Y/%m/%d"}


def day(column: pl.Expr, day_zero: date = _EXCEL_DAY_ZERO) -> pl.Expr:
    """A day: 2026-11-22, 2026/11/22, 2026.11.22, 20261122, 2026年11月22日, at midnight, or an Excel serial number.

    Serial numbers are of the calendar of 1900, with ``date(1904)`` of that of 1904: a number does not tell which.

    Days that do not exist, day-first forms and years outside 1900 to 2199 are refused.

    >>> [str(one("date", t)) for t in ("2026-11-22", "2026/11/2", "20261122", "2026年11月22日", "46348")]
    ['2026-11-22', '2026-11-02', '2026-11-22', '2026-11-22', '2026-11-22']
    >>> [one("date", t) for t in ("2026-02-30", "22/11/2026", "9999-12-31", "2026-11-22 08:30", "２０２６-11-22")]
    [None, None, None, None, None]
    """
    return first_of(column, _plain_day, lambda text: _any_day(text, day_zero), pl.Date)


def calendar(text: str) -> date:
    """The argument of ``date``: the day from which the numbers of a workbook are counted."""
    if text not in _DAY_ZEROS:
        raise ValueError(f"expected one of {', '.join(_DAY_ZEROS)}")
    return _DAY_ZEROS[text]


def _plain_day(column: pl.Expr) -> pl.Expr:
    dashed = column.str.replace_all("/", "-", literal=True)
    return pl.when(column.str.contains(_PLAIN_DAY)).then(dashed).str.to_date("%Y-%m-%d", strict=False)


def _any_day(column: pl.Expr, day_zero: date = _EXCEL_DAY_ZERO) -> pl.Expr:
    # Each expression is written to be evaluated as few times as possible: the check comes last, around all forms.
    bare = column.str.strip_suffix(" 00:00:00")
    serial = pl.duration(days=column.str.head(5).cast(pl.Int32, strict=False))
    return (
        pl.when(bare.str.contains(WRITTEN))
        .then(written_day(bare))
        .when(column.str.contains(_SERIAL))
        .then(pl.lit(day_zero) + serial)
    )


def time_of_day(column: pl.Expr) -> pl.Expr:
    """A time of day: 18:00 or 18:00:30.

    >>> str(one("time", "18:00")), one("time", "25:00")
    ('18:00:00', None)
    """
    full = column.str.replace(r"^([0-9]{1,2}:[0-9]{2})$", "${1}:00")
    return (
        pl.when(full.str.contains(r"^[0-9]{1,2}:[0-9]{2}:[0-5][0-9]$")).then(full).str.to_time("%H:%M:%S", strict=False)
    )


def moment(column: pl.Expr, zone: str | None = None) -> pl.Expr:
    """A moment: with its own offset (2026-11-22T18:00:00+08:00), or local to the zone in the argument.

    A bare day is its midnight in that zone: workbooks do not tell the one from the other. A local time that a change of
    clocks skips or repeats is refused, and so is a leap second (23:59:60).

    >>> str(one("datetime", "2026-11-22T18:00:00+08:00")), one("datetime", "2026-11-22 18:00:00")
    ('2026-11-22 10:00:00+00:00', None)
    >>> str(one("datetime(Asia/Shanghai)", "2026-11-22 18:00")), str(one("datetime(Asia/Shanghai)", "2026-11-22"))
    ('2026-11-22 10:00:00+00:00', '2026-11-21 16:00:00+00:00')
    """
    if zone is None:
        return _with_offset(column)
    local = first_of(column, _plain_moment, _any_local, pl.Datetime("us"))
    return local.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")


def _with_offset(column: pl.Expr) -> pl.Expr:
    fixed = _one_form(column).str.replace(r"Z$", "+00:00")
    return (
        pl.when(fixed.str.contains(r"^(19|20|21)[0-9]{2}-.{12}[0-5][0-9](\.[0-9]{1,6})?[+-][0-9]{2}:?[0-9]{2}$"))
        .then(fixed)
        .str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)
    )


def _plain_moment(column: pl.Expr) -> pl.Expr:
    plain = pl.when(column.str.contains(_PLAIN_MOMENT)).then(column)
    return plain.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)


def _any_local(column: pl.Expr) -> pl.Expr:
    one_form = _one_form(column.str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$", "${1} 00:00:00"))
    return (
        pl.when(one_form.str.contains(r"^(19|20|21)[0-9]{2}-.{12}[0-5][0-9](\.[0-9]{1,6})?$"))
        .then(one_form)
        .str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    )


def _one_form(column: pl.Expr) -> pl.Expr:
    """A space between day and time, and seconds."""
    return column.str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})", "${1} ${2}").str.replace(
        r"^(.{16})($|Z$|[+-])", "${1}:00${2}"
    )


def day_text(column: pl.Expr, form: str) -> pl.Expr:
    """A day as text: ``iso`` 2026-11-22, ``compact`` 20261122, ``slash`` 2026/11/22.

    >>> import datetime
    >>> one("date_text(compact)", datetime.date(2026, 11, 22))
    '20261122'
    """
    return column.dt.strftime(_DAY_TEXTS[form])


def day_form(text: str) -> str:
    """The argument of ``date_text``."""
    if text not in _DAY_TEXTS:
        raise ValueError(f"expected one of {', '.join(_DAY_TEXTS)}")
    return text


def zone(column: pl.Expr) -> pl.Expr:
    """A time zone by its IANA name.

    >>> one("zone", "Asia/Kathmandu"), one("zone", "Beijing")
    ('Asia/Kathmandu', None)
    """
    return pl.when(column.is_in(_zones())).then(column)


def zone_name(text: str) -> str:
    """An argument that must be an IANA zone."""
    if text not in _zones():
        raise ValueError("expected an IANA time zone such as Asia/Shanghai")
    ZoneInfo(text)
    return text


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))
