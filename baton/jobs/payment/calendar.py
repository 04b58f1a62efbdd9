"""On which days banks work. A year nobody has told the holidays of is unknown, and unknown stops a run.

China's days come from the ``chinesecalendar`` package (2004-2026 in version 1.11): statutory holidays and the weekend
days that are worked in exchange. Further years, other countries and a bank's own closed days come from a YAML file::

    base: china                 # or: weekends, which knows only the years listed here
    years:
      2027: {holidays: [2027-01-01], workdays: [2027-01-03]}
    closed: [2026-12-31]        # the bank's own, in any year
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from baton.jobs.payment.files import Part, load

LONGEST_BREAK_DAYS: Final = 31
"""No run of rest days is longer; a walk that long without a working day means that the calendar is wrong."""


class YearDays(Part):
    """What is special in one year: rest days besides Saturday and Sunday, and weekend days that are worked."""

    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


class CalendarFile(Part):
    """The file."""

    base: Literal["china", "weekends"] = "china"
    years: Mapping[Annotated[int, Field(ge=2000, le=2199)], YearDays] = {}
    closed: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _days_of_their_year(self) -> Self:
        for year, days in self.years.items():
            if any(day.year != year for day in (*days.holidays, *days.workdays)):
                raise ValueError(f"a day listed under {year} is of another year")
            if set(days.holidays) & set(days.workdays):
                raise ValueError(f"a day of {year} is listed as a holiday and as worked")
        return self


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Working days by one set of rules."""

    base: Literal["china", "weekends"] = "china"
    years: Mapping[int, YearDays] = field(default_factory=dict)
    """Years told by hand; they replace what the base knows of them."""
    closed: frozenset[date] = frozenset()

    def works(self, day: date) -> bool | None:
        """Whether banks work on a day; None when the holidays of its year are not known."""
        if day in self.closed:
            return False
        told = self.years.get(day.year)
        if told is not None:
            return day in told.workdays or (day.weekday() < 5 and day not in told.holidays)
        return _works_in_china(day) if self.base == "china" else None

    def at_or_before(self, day: date) -> date | None:
        """The day itself when it is worked, else the working day before; None when a year on the way is not known."""
        for back in range(LONGEST_BREAK_DAYS):
            works = self.works(day - timedelta(days=back))
            if works is None:
                return None
            if works:
                return day - timedelta(days=back)
        return None

    def before(self, day: date, working_days: int) -> date | None:
        """The day that many working days before ``day`` (0: itself or the one before); None as above."""
        found = self.at_or_before(day)
        for _ in range(working_days):
            if found is None:
                return None
            found = self.at_or_before(found - timedelta(days=1))
        return found


def load_calendar(file: Path) -> WorkCalendar:
    """Read the file; `ConfigurationError` with every fault and its line."""
    parsed = load(file, CalendarFile)
    return WorkCalendar(parsed.base, parsed.years, frozenset(parsed.closed))


def _works_in_china(day: date) -> bool | None:
    import chinese_calendar  # its tables are read only by what needs them

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # how the package says that it does not know the year
        return None
