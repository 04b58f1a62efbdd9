"""What mapped employees cannot be: days that are none, columns that contradict each other, a place with no time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import polars as pl

EARLIEST: Final = date(1900, 1, 1)
LATEST: Final = date(2100, 12, 31)
"""Days outside are typing errors or place-holders (0001-01-01, 9999-12-31), never dates of employment."""


Contradiction = tuple[int, str, str, str]
"""Position of the row, field, rule, message."""


def contradictions(rows: pl.DataFrame) -> Iterator[Contradiction]:
    """What keeps rows from being people, row by row. Columns that are not there are not judged."""
    yield from _impossible_days(rows)
    yield from _left_before_hired(rows)
    if "manager_number" in rows.columns:
        for position in (rows["manager_number"] == rows["number"]).fill_null(value=False).arg_true():
            yield position, "manager_number", "own_manager", "the person is named as their own manager"
    if "time_zone" in rows.columns:
        unknown = [zone for zone in rows["time_zone"].drop_nulls().unique() if not _is_zone(zone)]
        for position in rows["time_zone"].is_in(unknown).fill_null(value=False).arg_true():
            yield position, "time_zone", "time_zone", "the time zone is no IANA name such as Asia/Shanghai"


def _impossible_days(rows: pl.DataFrame) -> Iterator[Contradiction]:
    import polars as pl  # half a second that most commands can do without

    for name in (name for name, kind in rows.schema.items() if kind == pl.Date):
        outside = (rows[name] < EARLIEST) | (rows[name] > LATEST)
        for position in outside.fill_null(value=False).arg_true():
            yield position, name, "date_range", f"the day is outside {EARLIEST} to {LATEST}"


def _left_before_hired(rows: pl.DataFrame) -> Iterator[Contradiction]:
    if not {"hire_day", "last_working_day"} <= set(rows.columns):
        return
    backwards = rows["last_working_day"] < rows["hire_day"]
    leaving = rows["status"].is_in(["notice", "departed"]) & rows["hire_day"].is_not_null()
    retracted = rows["status"] == "departed"
    for position in (backwards & leaving & ~retracted).fill_null(value=False).arg_true():
        yield position, "last_working_day", "leave_before_hire", "the last working day is before the hire day"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # KeyError: no such zone
        return False
    return True
