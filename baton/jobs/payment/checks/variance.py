"""Salaries against the month before: each person's, the run's, and who is not there any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Inspection
from baton.jobs.payment.periods import before, bounds
from baton.model.payable import Component, Payable
from baton.model.people import Employee, EmploymentStatus


def per_person(inspection: Inspection) -> Iterator[Finding]:
    """A salary that is much more or less than last month's. Leavers' last month has a rule of its own."""
    if inspection.facts.past is None:
        return
    limits = inspection.policy.variance
    _, last = bounds(inspection.run.period)
    month = _month(inspection)  # two runs may share a salary between them: what is compared is the month
    for at, line, person in _salaried(inspection):
        then, now = inspection.salaries_before.get(line.key.number, 0), month[line.key.number]
        departure = inspection.departure(person)
        if departure is not None and departure.pay_end < last:
            continue
        if then <= 0:
            if person.hire_day is None or person.hire_day < bounds(before(inspection.run.period))[0]:
                yield inspection.found("no_earlier_pay", at)
            continue
        difference = abs(now - then)
        if difference >= limits.person_at_least_minor and difference * 100 > then * limits.person_percent:
            yield inspection.found("variance_person", at, percent=now * 100 // then)


def _salaried(inspection: Inspection) -> Iterator[tuple[int, Payable, Employee]]:
    """The lines that are salaries of the run's period."""
    for at, line, person in inspection.known:
        if line.key.component is Component.SALARY and line.key.period == inspection.run.period:
            yield at, line, person


def _month(inspection: Inspection) -> Mapping[str, int]:
    """Number -> salary of the run's period, in this run and those that went out already."""
    whole = dict(inspection.salaries_elsewhere)
    for number, amount in inspection.salaries.items():
        whole[number] = whole.get(number, 0) + amount
    return whole


def per_run(inspection: Inspection) -> Iterator[Finding]:
    """Total and head count of the month's salaries, this run and others together."""
    then, now = inspection.salaries_before, _month(inspection)
    if not inspection.salaries or not then:
        return
    limits = inspection.policy.variance
    total, total_then = sum(now.values()), sum(then.values())
    if abs(total - total_then) * 100 > total_then * limits.run_percent:
        yield inspection.found_in_run("variance_run", percent=total * 100 // total_then)
    if abs(len(now) - len(then)) * 100 > len(then) * limits.count_percent:
        yield inspection.found_in_run("variance_count", people=len(now), before=len(then))


def missing(inspection: Inspection) -> Iterator[Finding]:
    """Employed people who should have a salary this month and are in no run of it."""
    if not inspection.salaries:
        return
    first, _ = bounds(inspection.run.period)
    expected = inspection.facts.expected
    there = _month(inspection)
    for number in sorted(set(inspection.salaries_before if expected is None else expected) - there.keys()):
        person = inspection.facts.people.get(number)
        if person is None or person.status is EmploymentStatus.DEPARTED:
            continue
        departure = inspection.departure(person)
        if departure is None or departure.pay_end >= first:
            yield inspection.found_in_run("missing_from_run", number=number)
