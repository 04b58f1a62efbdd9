"""Years of service and whole fen: the two things that must be exact."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Literal


def whole_months(first: date, last: date) -> tuple[int, int]:
    """Whole months from ``first`` to ``last``, both of them worked, and the days beyond.

    A month is full when the day before its corresponding day is over; where a month has no such day, its last one
    counts: from 31 August on, six months are full at the end of 27 February.

    >>> whole_months(date(2025, 1, 1), date(2025, 6, 30)), whole_months(date(2025, 1, 1), date(2025, 6, 29))
    ((6, 0), (5, 29))
    """
    end = last + timedelta(days=1)
    months = 12 * (end.year - first.year) + end.month - first.month
    if _later(first, months) > end:
        months -= 1
    return months, (end - _later(first, months)).days


def half_years(first: date, last: date, half_below_months: int) -> int:
    """Service in halves of a year as severance counts it: a rest below so many months is one half, a longer one two.

    >>> [half_years(date(2024, 1, 1), last, 6) for last in (date(2024, 6, 29), date(2024, 6, 30), date(2025, 1, 1))]
    [1, 2, 3]
    """
    months, days = whole_months(first, last)
    years, rest = divmod(months, 12)
    if rest >= half_below_months:
        return 2 * years + 2
    return 2 * years + (1 if rest or days else 0)


def to_minor(exact: Fraction, rounding: Literal["half_up", "half_even"]) -> int:
    """Whole minor units of an amount that is not negative."""
    return round(exact) if rounding == "half_even" else floor(exact + Fraction(1, 2))


def yuan(minor: int) -> str:
    """Fen as people read them.

    >>> yuan(123456), yuan(-5)
    ('1234.56', '-0.05')
    """
    sign, size = ("-" if minor < 0 else ""), abs(minor)
    return f"{sign}{size // 100}.{size % 100:02d}"


def _later(day: date, months: int) -> date:
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
