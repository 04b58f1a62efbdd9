"""Final settlements: for leavers only, for the day they leave, once, and with no day that a salary pays as well."""

from __future__ import annotations

from collections.abc import Iterator

from baton.jobs.payment.checks.facts import PastState
from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Departure, Inspection
from baton.jobs.payment.periods import bounds, period_of
from baton.jobs.payment.settlement.case import last_day_at_hr
from baton.model.payable import Component, Payable
from baton.model.people import Employee, EmploymentStatus


def settlements(inspection: Inspection) -> Iterator[Finding]:
    """Every rule about final settlements."""
    settled = [item for item in inspection.known if item[1].key.component is Component.FINAL_SETTLEMENT]
    if not settled:
        return
    mine: dict[str, list[Payable]] = {}
    for _, line, _ in settled:
        mine[line.key.number] = []
    for line in inspection.lines:
        if line.key.number in mine:
            mine[line.key.number].append(line)
    for at, line, person in settled:
        departure = inspection.departure(person)
        yield from _leaves(inspection, at, person, departure)
        yield from _for_that_day(inspection, at, person)
        yield from _once(inspection, at, line, mine[line.key.number])
        yield from _beside_salary(inspection, at, line, departure, mine[line.key.number])


def _leaves(inspection: Inspection, at: int, person: Employee, departure: Departure | None) -> Iterator[Finding]:
    if person.status is EmploymentStatus.REHIRED and departure is None:
        yield inspection.found("settlement_rehired", at)
    elif departure is not None:
        if inspection.run.pay_day < departure.last_working:
            pay_day = inspection.run.pay_day
            yield inspection.found("settlement_early", at, pay_day=pay_day, last_working=departure.last_working)
    elif person.status is EmploymentStatus.DEPARTED:
        yield inspection.found("settlement_undated", at)
    else:
        yield inspection.found("settlement_of_employee", at)


def _for_that_day(inspection: Inspection, at: int, person: Employee) -> Iterator[Finding]:
    worked_out = inspection.facts.settled_for.get(inspection.references[at])
    last_day = last_day_at_hr(person)
    if worked_out is not None and last_day is not None and last_day != worked_out:
        yield inspection.found("settlement_other_day", at, worked_out=worked_out, last_day=last_day)


def _once(inspection: Inspection, at: int, line: Payable, mine: list[Payable]) -> Iterator[Finding]:
    """One of the same period has the same key, or is a further attempt: that is for the rules about repeats."""
    elsewhere = [past.key for past in inspection.past.get(line.key.number, ()) if past.state is not PastState.CAME_BACK]
    keys = [*elsewhere, *(other.key for other in mine)]
    others = {
        key.period for key in keys if key.component is Component.FINAL_SETTLEMENT and key.period != line.key.period
    }
    if others:
        newest, _ = bounds(max(others))
        yield inspection.found("settlement_again", at, others=len(others), newest=newest)


def _beside_salary(
    inspection: Inspection, at: int, line: Payable, departure: Departure | None, mine: list[Payable]
) -> Iterator[Finding]:
    periods = {line.key.period} | ({period_of(departure.pay_end)} if departure else set())
    past = inspection.past.get(line.key.number, ())
    keys = [*(other.key for other in mine), *(each.key for each in past if each.state is not PastState.CAME_BACK)]
    salaries = {
        (key.period, key.attempt) for key in keys if key.component is Component.SALARY and key.period in periods
    }
    if salaries:
        pay_end = None if departure is None else departure.pay_end
        yield inspection.found("settlement_and_salary", at, salaries=len(salaries), pay_end=pay_end)
