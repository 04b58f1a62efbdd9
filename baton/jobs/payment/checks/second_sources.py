"""What others than HR know of a person: the time clock, and a second list of who has left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Inspection
from baton.jobs.payment.periods import bounds
from baton.model.payable import Component, Payable
from baton.model.people import Employee, EmploymentStatus

_ELSEWHERE = (EmploymentStatus.ON_LEAVE, EmploymentStatus.DEPARTED, EmploymentStatus.PENDING_HIRE)


def attendance(inspection: Inspection) -> Iterator[Finding]:
    """Attendance against the leave date, and salaries of people nobody has seen. Only for salaries of the period."""
    seen = inspection.facts.attendance
    if seen is None:
        return
    for at, line, person in inspection.known:
        if line.key.component is not Component.SALARY or line.key.period != inspection.run.period:
            continue
        if line.key.number not in seen:
            yield inspection.found("no_attendance", at)
            continue
        yield from _attended(inspection, at, line, person, seen[line.key.number])


def _attended(
    inspection: Inspection, at: int, line: Payable, person: Employee, last_day: date | None
) -> Iterator[Finding]:
    departure = inspection.departure(person)
    if departure is not None and last_day is not None and last_day > departure.last_working:
        yield inspection.found("worked_after_leaving", at, last_day=last_day, last_working=departure.last_working)
    if person.status in _ELSEWHERE:
        return
    first, last = bounds(line.key.period)
    until = last if departure is None else min(last, departure.last_working)
    since = max(first, person.hire_day or first)
    days = (until - since).days + 1 if last_day is None else (until - last_day).days
    if days > inspection.policy.absent_days:
        yield inspection.found("absent", at, days=days)


def exit_list(inspection: Inspection) -> Iterator[Finding]:
    """Leavers as a second source lists them, against HR."""
    listed = inspection.facts.exit_list
    if listed is None:
        return
    for at, line, person in inspection.known:
        number = line.key.number
        departure = inspection.departure(person)
        departed = person.status is EmploymentStatus.DEPARTED
        if number not in listed:
            if departed or (departure is not None and departure.last_working < inspection.run.pay_day):
                yield inspection.found("not_on_exit_list", at)
            continue
        told = listed[number]
        if departure is None:
            earlier = told is not None and person.hire_day is not None and told < person.hire_day
            if not departed and not earlier:  # before the hire: of an employment before this one
                # With the day as it is told: a waiver of one day says nothing of another.
                yield inspection.found("exit_list_disagrees", at, listed=told)
        elif told is not None and abs((told - departure.last_working).days) > inspection.policy.exit_list_days:
            days = abs((told - departure.last_working).days)
            last_working = departure.last_working
            yield inspection.found("exit_list_disagrees", at, days=days, last_working=last_working, listed=told)
