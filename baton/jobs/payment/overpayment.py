"""Which payments to a person were not owed, by what HR says of them now; and what to do about each, by the clock.

A departure is often told late: the money is out, or on its way, for days that somebody was no longer owed. What is
judged is the salary and the bonus of a month against the hire and the end of pay. Expenses and final settlements are
owed whatever the dates say. Where the dates alone do not decide, a line is told as unclear and nothing is claimed.

A month that somebody did not stay to its end is shared. By working days (Monday to Friday, so that statutory holidays
count as the paid days they are) there are two usual ways of counting: so many days paid, or so many days not paid, each
at a month's pay by the rule pack's divisor. The one that leaves the person more is taken, and what is owed is rounded
up to the next fen: a claim is never larger than the working bears. What payroll has shared already is not shared again:
a month's pay that was made up when HR had told the date, or another of that month, or that looks like a share of the
month before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import takewhile
from math import ceil
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from baton.jobs.payment.checks.inspection import Departure, departure_of
from baton.jobs.payment.checks.people import EARNED
from baton.jobs.payment.overpayment_policy import OverpaymentPolicy
from baton.jobs.payment.periods import before, bounds, period_of
from baton.model.pay_run import LineState
from baton.model.payable import Component, PayableKey
from baton.model.people import Employee, EmploymentStatus

_FIRST_WEEKEND_DAY: Final = 5


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One payment to a person, wherever it stands."""

    key: PayableKey
    run_id: str
    amount_minor: int = field(repr=False)
    currency: str
    state: LineState
    pay_day: date
    made_at: datetime
    """When its amount was made up: its run was drafted, or that of the first attempt where this one pays the same."""
    built_at: datetime
    """When its file was built, or that of the first attempt likewise: only then did HR have to know the person."""


@dataclass(frozen=True, slots=True)
class Told:
    """One version of a person, and when HR told it."""

    version: int
    recorded_at: datetime
    employee: Employee


class Basis(StrEnum):
    """Why something was not owed."""

    AFTER_PAY_END = "after_pay_end"
    """The whole month lies after the end of pay."""
    BEFORE_HIRE = "before_hire"
    """The whole month lies before the first day."""
    PART = "part"
    """A part of the month does."""


class Doubt(StrEnum):
    """Why the dates alone do not decide."""

    UNDATED = "undated"
    """Departed, and HR gives no date."""
    CONTRADICTORY = "contradictory"
    """The three dates contradict each other."""
    REHIRED = "rehired"
    """The month lies before the hire HR tells now, and HR has told of an earlier one."""
    UNKNOWN_THEN = "unknown_then"
    """Built before the first that HR has told of whoever has the number now: it may have been somebody else's.

    A part of a month also where only its amount was made up before that: it may have been shared already.
    """
    STAYS = "stays"
    """A final settlement to somebody who is not leaving."""
    KNOWN = "known"
    """A part of a month that is more than its share, although HR had told the date, or another, when it was made up."""
    SHARED = "shared"
    """A part of a month for which HR told the date later, or has corrected it, and which looks like a share already."""


class Remedy(StrEnum):
    """What is to be done, by how far the money has gone."""

    HOLD = "hold"
    """It has not been released: check the run again, which holds the line or leaves it out."""
    RECALL = "recall"
    """It has been released and our account not debited: withdraw the run, or ask the bank to stop it."""
    RECOVER = "recover"
    """It has left our account: a recovery case."""
    WAIT = "wait"
    """The bank has said two things that cannot both be: find out first where the money is."""


REMEDIES: Final[Mapping[LineState, Remedy]] = MappingProxyType(
    {
        LineState.DRAFT: Remedy.HOLD,
        LineState.HELD: Remedy.HOLD,
        LineState.FILED: Remedy.HOLD,
        LineState.RELEASED: Remedy.RECALL,
        LineState.ACCEPTED: Remedy.RECALL,
        LineState.IN_DOUBT: Remedy.RECALL,
        LineState.DEBITED: Remedy.RECOVER,
        LineState.PAID: Remedy.RECOVER,
        LineState.DISPUTED: Remedy.WAIT,
    }
)
"""The clock. In a state that is not here no money is with anybody it should not be with."""


@dataclass(frozen=True, slots=True)
class Working:
    """How the amount was come to: a share of days, or a whole month."""

    basis: Basis
    owed_minor: int = field(repr=False)
    days: int = 0
    """Days of the month that are owed."""
    of_days: int = 0
    """All such days of the month."""
    way: str = ""
    """``days paid``, ``days not paid`` or ``calendar days``; empty for a whole month."""
    divisor: str = ""

    @property
    def text(self) -> str:
        """The working in one line, without amounts."""
        if self.basis is not Basis.PART:
            return self.basis.value
        by = f", each 1/{self.divisor} of a month" if self.divisor else ""
        return f"{self.days} of {self.of_days} days owed ({self.way}{by})"


@dataclass(frozen=True, slots=True)
class Cause:
    """What HR has said that makes it so."""

    version: int
    """Of the person: the first from which on HR has said exactly this."""
    recorded_at: datetime
    status: EmploymentStatus
    pay_end: date | None
    hire_day: date | None
    late: bool
    """Whether it was told only after the pay day."""


@dataclass(frozen=True, slots=True)
class NotOwed:
    """One payment that was not owed, or a part of one."""

    line: PaidLine
    working: Working
    amount_minor: int = field(repr=False)
    """Not owed, and in no recovery case yet."""
    claimed_minor: int = field(repr=False)
    """Not owed, and in one."""
    cause: Cause
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class Unclear:
    """One payment that somebody has to look at."""

    line: PaidLine
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Overpaid:
    """Everything found about one person."""

    not_owed: Sequence[NotOwed] = ()
    unclear: Sequence[Unclear] = ()
    claimed_too_much: Mapping[str, int] = field(default_factory=dict, repr=False)
    """Reference -> minor units that cases claim beyond what was not owed: HR has taken something back."""

    def __bool__(self) -> bool:
        return bool(self.not_owed or self.unclear or self.claimed_too_much)


def overpaid(
    lines: Sequence[PaidLine], told: Sequence[Told], policy: OverpaymentPolicy, claimed: Mapping[str, int]
) -> Overpaid:
    """What of these payments to one person was not owed.

    ``told`` are all versions of the person, the oldest first, and at least one; ``claimed`` is what recovery cases
    already claim, by the payment's reference, in minor units.
    """
    not_owed: list[NotOwed] = []
    unclear: list[Unclear] = []
    too_much: dict[str, int] = {}
    for line in lines:
        remedy = REMEDIES.get(line.state)
        already = claimed.get(line.key.reference, 0)
        # What came back is with nobody; but a case that claims of it keeps as much from the next attempt.
        if remedy is None and not (already and line.state is LineState.RETURNED):
            continue
        judged = _judged(line, told, policy)
        if isinstance(judged, Doubt):
            unclear += [] if remedy is None else [Unclear(line, judged)]
            continue
        if judged is None:
            if already:
                too_much[line.key.reference] = already
            continue
        cause = _cause(line, told, policy, judged)
        salary_before = _salary_before(line, lines)
        doubt = None if already else _shared_already(line, judged, cause, salary_before, policy)
        if doubt is None and not already:
            doubt = _shared_by_another_day(line, judged, told, salary_before, policy)
        amount = line.amount_minor - judged.owed_minor
        if doubt is not None:
            unclear += [Unclear(line, each) for each in doubt]
        elif already > amount:
            too_much[line.key.reference] = already - amount
        elif remedy is not None:
            not_owed.append(NotOwed(line, judged, amount - already, already, cause, remedy))
    return Overpaid(not_owed, unclear, too_much)


def _salary_before(line: PaidLine, lines: Sequence[PaidLine]) -> int:
    """What the month before brought, as far as it went through here; only salaries tell."""
    if line.key.component is not Component.SALARY:
        return 0
    month = before(line.key.period)
    earlier = (each for each in lines if each.key.period == month and each.key.component is Component.SALARY)
    return sum(each.amount_minor for each in earlier if each.state in REMEDIES)


def _shared_already(
    line: PaidLine, judged: Working, cause: Cause, salary_before: int, policy: OverpaymentPolicy
) -> Sequence[Doubt] | None:
    """Whether a part of a month was paid as one; None where it was paid as if it were whole.

    Without a doubt in it: paid as it should be, and nobody has to look.
    """
    if judged.basis is not Basis.PART:
        return None
    looks_shared = _looks_shared(line, judged, salary_before, policy)
    if cause.recorded_at <= line.made_at:
        return () if looks_shared or not salary_before else (Doubt.KNOWN,)
    return (Doubt.SHARED,) if looks_shared else None


def _shared_by_another_day(
    line: PaidLine, judged: Working, told: Sequence[Told], salary_before: int, policy: OverpaymentPolicy
) -> Sequence[Doubt] | None:
    """The doubt about a part of a month of which HR had told another part when it was made up; None where it had not.

    What was paid may be the share by the days of then: of a share no share is taken.
    """
    if judged.basis is not Basis.PART:
        return None
    then = [each.employee for each in told if each.recorded_at <= line.made_at][-1:]
    before_ = judge(line, then[0], departure_of(then[0]), policy) if then else None
    if before_ is None or before_.basis is not Basis.PART:
        return None
    shared = not salary_before or _looks_shared(line, before_, salary_before, policy)
    return (Doubt.SHARED if shared else Doubt.KNOWN,)


def _looks_shared(line: PaidLine, part: Working, salary_before: int, policy: OverpaymentPolicy) -> bool:
    """Whether what was paid is no more than such a part of the month before, and the tolerance."""
    most = salary_before * part.days * (100 + policy.tolerance_percent)
    return 0 < line.amount_minor * part.of_days * 100 <= most


def _judged(line: PaidLine, told: Sequence[Told], policy: OverpaymentPolicy) -> Working | Doubt | None:
    """By the newest version: what was owed instead, a doubt, or None where everything was.

    What HR tells now judges nobody's pay from before HR told of anybody here (it may be another life of the number, or
    a person who was taken out and brought in again): that is a doubt. The file counts, not the draft: payroll may draft
    before HR's sync brings somebody, and nothing is built of whom nobody knows. But for a part of a month: payroll may
    have known of the day, and shared it already.
    """
    judged = _judged_by_newest(line, told, policy)
    if not isinstance(judged, Working):
        return judged
    known_of_it = line.made_at if judged.basis is Basis.PART else line.built_at
    return Doubt.UNKNOWN_THEN if known_of_it < told[0].recorded_at else judged


def _judged_by_newest(line: PaidLine, told: Sequence[Told], policy: OverpaymentPolicy) -> Working | Doubt | None:
    employee = told[-1].employee
    departure = departure_of(employee)
    if line.key.component is Component.FINAL_SETTLEMENT:
        stays = departure is None and employee.status.employed and employee.status is not EmploymentStatus.REHIRED
        return Doubt.STAYS if stays else None
    if line.key.component not in EARNED:
        return None
    first, last = bounds(line.key.period)
    if employee.hire_day is not None and first < employee.hire_day and _hired_before(told, employee.hire_day):
        return Doubt.REHIRED
    if departure is None and employee.status is EmploymentStatus.DEPARTED:
        return Doubt.UNDATED if line.key.period >= _month_told(told) else None
    if departure is not None and departure.contradicts and last > min(departure.contract_end, departure.pay_end):
        return Doubt.CONTRADICTORY
    return judge(line, employee, departure, policy)


def judge(line: PaidLine, employee: Employee, departure: Departure | None, policy: OverpaymentPolicy) -> Working | None:
    """What was owed of a month's salary or bonus by these dates; None when all of it was."""
    first, last = bounds(line.key.period)
    begins = max(first, employee.hire_day or first)
    ends = last if departure is None else min(last, departure.pay_end)
    if begins > last:
        return Working(Basis.BEFORE_HIRE, 0)
    if ends < first:
        return Working(Basis.AFTER_PAY_END, 0)
    whole = begins == first and ends == last
    if whole or (line.key.component is Component.BONUS and policy.bonus_last_month == "owed"):
        return None
    if policy.share == "calendar_days":
        return _by_calendar_days(line.amount_minor, begins, ends, first, last)
    return _by_work_days(line.amount_minor, begins, ends, first, last, policy)


def _by_calendar_days(amount: int, begins: date, ends: date, first: date, last: date) -> Working | None:
    days, all_days = max((ends - begins).days + 1, 0), (last - first).days + 1
    return Working(Basis.PART, ceil(Fraction(amount * days, all_days)), days, all_days, "calendar days")


def _by_work_days(
    amount: int, begins: date, ends: date, first: date, last: date, policy: OverpaymentPolicy
) -> Working | None:
    days, all_days = work_days(begins, ends), work_days(first, last)
    if days == all_days:
        return None  # only rest days are missing
    a_day = Fraction(amount) / Fraction(policy.day.divisor)
    paid, not_paid = days * a_day, amount - (all_days - days) * a_day
    way = "days paid" if not days or paid >= not_paid else "days not paid"
    owed = ceil(paid if way == "days paid" else not_paid)
    return None if owed >= amount else Working(Basis.PART, owed, days, all_days, way, str(policy.day.divisor))


def work_days(begins: date, ends: date) -> int:
    """Mondays to Fridays from one day to another, both included; 0 when they are in the other order.

    >>> work_days(date(2026, 11, 1), date(2026, 11, 30))
    21
    """
    span = (begins + timedelta(days=step) for step in range((ends - begins).days + 1))
    return sum(day.weekday() < _FIRST_WEEKEND_DAY for day in span)


def _hired_before(told: Sequence[Told], hire_day: date) -> bool:
    days = (each.employee.hire_day for each in told)
    return any(day is not None and day < hire_day for day in days)


def _month_told(told: Sequence[Told]) -> str:
    """The month in which HR first said of somebody who has departed that they have."""
    since = _since(told, lambda each: each.employee.status is EmploymentStatus.DEPARTED)
    return period_of(since.recorded_at.astimezone(ZoneInfo(since.employee.time_zone)).date())


def _cause(line: PaidLine, told: Sequence[Told], policy: OverpaymentPolicy, judged: Working) -> Cause:
    """The first version since which HR has said what makes exactly this much not owed."""

    def says_the_same(each: Told) -> bool:
        return judge(line, each.employee, departure_of(each.employee), policy) == judged

    since = _since(told, says_the_same)
    departure = departure_of(since.employee)
    zone = ZoneInfo(since.employee.time_zone)
    return Cause(
        version=since.version,
        recorded_at=since.recorded_at,
        status=since.employee.status,
        pay_end=None if departure is None else departure.pay_end,
        hire_day=since.employee.hire_day,
        late=since.recorded_at.astimezone(zone).date() > line.pay_day,
    )


def _since(told: Sequence[Told], holds: Callable[[Told], bool]) -> Told:
    """The oldest of the versions from which on this holds; it holds for the newest."""
    held = list(takewhile(holds, reversed(told)))
    return held[-1]
