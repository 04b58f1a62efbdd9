"""The story: what HR reports, event by event, and what each of the people concerned should then be in each system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from baton.sandbox.demo.company import RARE, Person, found_company
from baton.sandbox.demo.expected import Fate

EARLIEST: Final = "Pacific/Kiritimati"
LATEST: Final = "Pacific/Pago_Pago"
HIRED, MOVED, RESIGNED, RETRACTING, DEPARTED, GONE_THERE, STILL_HERE = (
    "0201",
    "0033",
    "0042",
    "0043",
    "0054",
    "0063",
    "0073",
)
PROMOTED: Final = "0097"
"""Somebody whose change every system has within seconds."""
HANDING_OVER: Final = "0051"
"""A salesperson whose clients a chapter is about."""
NEW_ACCOUNT: Final = "0085"
"""Somebody who has just told HR of another bank account."""
TOLD_LATE: Final = "0146"
"""Somebody whose departure HR enters five weeks late, when the salaries are signed for."""
LEAVERS_SHARE: Final = 0.4
REORGANISED: Final = 30


def day_between(now: datetime) -> date:
    """A day that is over in Kiritimati and not over in Pago Pago, now and for at least another hour.

    The two are 25 hours apart, so Kiritimati's yesterday is Pago Pago's today or tomorrow.
    """
    return now.astimezone(ZoneInfo(EARLIEST)).date() - timedelta(days=1)


@dataclass
class Story:
    """The company as HR sees it, what became of whom, and one line about each of the cast."""

    now: datetime
    people: dict[str, Person] = field(default_factory=dict)
    fates: dict[str, Fate] = field(default_factory=dict)
    cast: dict[str, str] = field(default_factory=dict)

    @classmethod
    def begin(cls, now: datetime | None = None) -> Story:
        """Before anything has happened."""
        moment = now or datetime.now(UTC)
        return cls(moment, found_company(moment.date()))

    def in_days(self, days: int) -> date:
        """A day relative to the story's today."""
        return self.now.date() + timedelta(days=days)

    def _change(self, number: str, line: str, **changes: object) -> None:
        self.people[number] = replace(self.people[number], **changes)  # type: ignore[arg-type]
        self.cast[number] = line

    def _leaves(
        self, number: str, line: str, days: Mapping[str, date], *, status: str = "离职", zone: str = "Asia/Shanghai"
    ) -> None:
        self._change(number, line, status=status, zone=zone, **days)

    def first_day(self) -> None:
        """A hire, a transfer, a promotion, two resignations, a new account, a departure, a last day as two moments."""
        lead = self.people["0007"]
        self.people[HIRED] = Person(HIRED, "何测新", lead.department, "客户经理", lead.number, self.in_days(-1))
        self.cast[HIRED] = "hired"
        self._change(MOVED, "transferred to sales", department="D01", position="客户经理", manager="0008")
        self._change(RARE, "promoted (number 0012, name with 䶮)", position="高级客户经理")
        later = {"last_working": self.in_days(30), "contract_end": self.in_days(30), "pay_end": self.in_days(45)}
        self._leaves(RESIGNED, "resigned, last day in 30 days", later, status="待离职")
        self._leaves(RETRACTING, "resigned, last day in 30 days", later, status="待离职")
        self._change(NEW_ACCOUNT, "has a new bank account", accounts_before=1)
        self._departs(DEPARTED, "departed, everything due")
        self._last_day_between()

    def _departs(self, number: str, line: str) -> None:
        last = self.in_days(-40)
        # Pay has ended before the month began, on whatever day of it the story is told.
        self._leaves(number, line, {"last_working": last, "contract_end": last, "pay_end": self.in_days(-35)})
        self.fates[number] = {
            "crm": "deactivated",
            "erp": f"ended {last:%Y-%m-%d}",
            "oa": "resigned",
            "wecom": "removed",
            "bank": "SUSPENDED",
        }

    def _last_day_between(self) -> None:
        last = day_between(self.now)
        dates = {"last_working": last, "contract_end": self.in_days(30), "pay_end": self.in_days(30)}
        self._leaves(GONE_THERE, f"last day {last:%m-%d}, in Kiritimati", dates, zone=EARLIEST)
        self._leaves(STILL_HERE, f"last day {last:%m-%d}, in Pago Pago", dates, zone=LATEST)
        self.fates[GONE_THERE] = {"crm": "frozen", "erp": f"ended {last:%Y-%m-%d}", "oa": "frozen", "wecom": "disabled"}

    def retraction(self) -> None:
        """The resignation is taken back."""
        line = "resigned, then took it back"
        self._change(RETRACTING, line, status="在职", last_working=None, contract_end=None, pay_end=None)

    def promotion(self, position: str = "主管") -> None:
        """One more title, of which a vendor tells at once."""
        self._change(PROMOTED, "promoted, told by an event", position=position)

    def salesperson_resigns(self) -> None:
        """Somebody with clients gives notice."""
        later = {"last_working": self.in_days(30), "contract_end": self.in_days(30), "pay_end": self.in_days(45)}
        self._leaves(HANDING_OVER, "resigned, hands clients over", later, status="待离职")

    def salesperson_has_left(self) -> None:
        """It is agreed that the last day was yesterday, and that the contract ended with it."""
        last = self.in_days(-1)
        dates = {"last_working": last, "contract_end": last, "pay_end": self.in_days(45)}
        self._leaves(HANDING_OVER, "resigned, handed over, departed", dates)
        ended = f"ended {last:%Y-%m-%d}"
        self.fates[HANDING_OVER] = {"crm": "deactivated", "erp": ended, "oa": "frozen", "wecom": "disabled"}

    def departure_told_late(self) -> None:
        """HR learns only now that somebody left five weeks ago."""
        self._departs(TOLD_LATE, "departure entered late, while being paid")

    def broken_feed(self) -> list[Person]:
        """What a mistaken export says: 40 % of everybody has left. Nothing of it becomes true."""
        count = int(len(self.people) * LEAVERS_SHARE)
        wrong = {number for number in sorted(self.people) if number not in self.cast and int(number) > 9}
        chosen = set(sorted(wrong)[:count])
        left = {"status": "离职", "last_working": self.in_days(-3), "contract_end": self.in_days(-3)}
        return [
            replace(person, **left, pay_end=self.in_days(-3)) if number in chosen else person  # type: ignore[arg-type]
            for number, person in self.people.items()
        ]

    def reorganisation(self) -> list[str]:
        """Thirty developers get a new title; gives their numbers."""
        chosen = [
            number for number, person in sorted(self.people.items()) if person.department in ("D03", "D02", "D04")
        ]
        numbers = [number for number in chosen if number not in self.cast and int(number) > 9][:REORGANISED]
        for number in numbers:
            self.people[number] = replace(self.people[number], position=f"高级{self.people[number].position}")
        self.cast[numbers[0]] = "one of 30 with a new title"
        return numbers
