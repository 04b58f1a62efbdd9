"""A month's salaries as finance hands them in: who gets how much, in a file that needs GB18030."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from baton.model.payable import Component, PayableKey
from baton.sandbox.demo.canaries import Marks
from baton.sandbox.demo.company import Person
from baton.sandbox.demo.story import HANDING_OVER, Story

_LEAST_MINOR: Final = 4_500_013
"""Large and odd: such a number in a log is no size, no process id and no time."""
_STEP_MINOR: Final = 25_937
_DAYS_AHEAD: Final = 3
"""Working days: the bank wants its files the working day before the pay day."""


@dataclass(frozen=True, slots=True)
class Payroll:
    """Everybody who is to get a salary."""

    period: str
    pay_day: date
    amounts: Mapping[str, int]
    """Number -> minor units."""

    @property
    def total_minor(self) -> int:
        """All of it."""
        return sum(self.amounts.values())

    def reference(self, number: str) -> str:
        """What the bank calls this person's salary."""
        return PayableKey(number, self.period, Component.SALARY).reference

    def marks(self, totals: Iterable[int]) -> Marks:
        """What must not be found where only ids belong: each amount, their sum, and further totals."""
        return Marks(frozenset(), amounts=frozenset({*self.amounts.values(), self.total_minor, *totals}))


def payroll_of(story: Story) -> Payroll:
    """This month's. Who has handed over is paid by a final settlement; finance knows of no other leaver."""
    numbers = sorted(story.people.keys() - {HANDING_OVER})
    amounts = {number: _LEAST_MINOR + int(number) * _STEP_MINOR for number in numbers}
    return Payroll(f"{story.now:%Y-%m}", pay_day_after(story.now.date()), amounts)


def pay_day_after(today: date) -> date:
    """The third day from today that is no Saturday and no Sunday."""
    ahead = (today + timedelta(days=days) for days in range(1, 3 + _DAYS_AHEAD))
    return [day for day in ahead if day.weekday() < 5][_DAYS_AHEAD - 1]


def publish_payroll(payroll: Payroll, people: Mapping[str, Person], path: Path) -> None:
    """Write the file, as a payroll system exports it: CSV in GB18030, amounts with separators."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["工号", "姓名", "实发工资"])
    writer.writerows([number, people[number].name, money(minor)] for number, minor in payroll.amounts.items())
    path.write_bytes(text.getvalue().encode("gb18030"))


def money(minor: int) -> str:
    """An amount as people write it.

    >>> money(123456789)
    '1,234,567.89'
    """
    return f"{minor // 100:,}.{minor % 100:02}"


def total(amounts: Mapping[str, int], numbers: Iterable[str]) -> int:
    """What these people get together."""
    return sum(amounts[number] for number in numbers)
