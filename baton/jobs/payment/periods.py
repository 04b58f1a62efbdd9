"""Months as ``YYYY-MM``."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache


@lru_cache(maxsize=1024)
def bounds(period: str) -> tuple[date, date]:
    """The first and the last day of a month.

    >>> bounds("2028-02")[1].isoformat()
    '2028-02-29'
    """
    first = date(int(period[:4]), int(period[5:]), 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@lru_cache(maxsize=1024)
def before(period: str) -> str:
    """The month before.

    >>> before("2026-01")
    '2025-12'
    """
    return period_of(bounds(period)[0] - timedelta(days=1))


def period_of(day: date) -> str:
    """The month of a day."""
    return f"{day.year:04d}-{day.month:02d}"


def months_between(earlier: str, later: str) -> int:
    """How many months later; negative when it is earlier.

    >>> months_between("2025-11", "2026-01")
    2
    """
    return 12 * (int(later[:4]) - int(earlier[:4])) + int(later[5:]) - int(earlier[5:])
