"""Is this person owed this, for this period? HR's status and three dates against every line but final settlements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Departure, Inspection
from baton.jobs.payment.periods import bounds
from baton.model.payable import Component, Payable
from baton.model.people import Employee, EmploymentStatus

EARNED: Final = (Component.SALARY, Component.BONUS)
"""Paid for work within a period."""


def unknown_people(inspection: Inspection) -> Iterator[Finding]:
    """Lines for numbers that HR does not know."""
    people = inspection.facts.people
    for at, line in enumerate(inspection.lines):
        if line.key.number not in people:
            yield inspection.found("unknown_person", at)


def employment(inspection: Inspection) -> Iterator[Finding]:
    """Salary and bonus against the dates; expenses and refunds against the departure."""
    for at, line, person in inspection.known:
        component = line.key.component
        if component in EARNED:
            yield from _earned(inspection, at, line, person)
        elif component is Component.EXPENSE and _gone(inspection, person):
            yield inspection.found("expense_of_leaver", at)
        elif component is Component.RECOVERY and _gone(inspection, person):
            yield inspection.found("refund_to_leaver", at)
        if person.status is EmploymentStatus.PENDING_HIRE:
            yield inspection.found("pending_hire", at)


def _gone(inspection: Inspection, person: Employee) -> bool:
    departure = inspection.departure(person)
    over = departure is not None and departure.pay_end < inspection.run.pay_day
    return person.status is EmploymentStatus.DEPARTED or over


def _earned(inspection: Inspection, at: int, line: Payable, person: Employee) -> Iterator[Finding]:
    first, last = bounds(line.key.period)
    if person.hire_day is not None and person.hire_day > last:
        yield inspection.found("not_started", at, hire_day=person.hire_day)
        return
    if person.status is EmploymentStatus.ON_LEAVE:
        yield inspection.found("on_leave", at)
    departure = inspection.departure(person)
    if departure is not None:
        yield from _leaver(inspection, at, departure, first, last)
    elif person.status is EmploymentStatus.DEPARTED:
        yield inspection.found("departed_undated", at)


def _leaver(inspection: Inspection, at: int, departure: Departure, first: date, last: date) -> Iterator[Finding]:
    last_working, contract_end, pay_end = departure.last_working, departure.contract_end, departure.pay_end
    if departure.contradicts:
        yield inspection.found(
            "dates_contradict", at, last_working=last_working, contract_end=contract_end, pay_end=pay_end
        )
    if first > pay_end:
        yield inspection.found("departed", at, pay_end=pay_end)
        return
    if first > contract_end:
        yield inspection.found("contract_ended", at, contract_end=contract_end, pay_end=pay_end)
    elif first > last_working:
        yield inspection.found("paid_past_last_working", at, last_working=last_working, pay_end=pay_end)
    if pay_end < last:
        yield from _last_period(inspection, at, pay_end, first, last)
    elif first <= last_working:
        yield inspection.found("pending_departure", at, last_working=last_working, pay_end=pay_end)


def _last_period(inspection: Inspection, at: int, pay_end: date, first: date, last: date) -> Iterator[Finding]:
    """A whole month's salary in the month somebody leaves looks like every other month: only its size tells."""
    days, all_days = (pay_end - first).days + 1, (last - first).days + 1
    yield inspection.found("last_period", at, pay_end=pay_end, days=days)
    line = inspection.lines[at]
    if line.key.component is not Component.SALARY or line.key.period != inspection.run.period:
        return
    before = inspection.salaries_before.get(line.key.number, 0)
    if before <= 0:
        return
    now = inspection.salaries[line.key.number]
    most_percent = 100 + inspection.policy.last_period_tolerance_percent
    if now * all_days * 100 > before * days * most_percent:
        yield inspection.found("last_period_full", at, pay_end=pay_end, days=days, percent=now * 100 // before)
