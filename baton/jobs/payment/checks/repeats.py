"""Nothing is paid twice: the same key within the run, in other runs, on a statement; the same amount close by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from baton.jobs.payment.checks.facts import PastLine, PastState
from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Inspection
from baton.model.payable import Payable, PayableKey


def within_the_run(inspection: Inspection) -> Iterator[Finding]:
    """Lines that share a key: all of them, since only a person knows which one is right."""
    references = inspection.references
    for at, reference in enumerate(references):
        if reference in (references[at - 1] if at else None, references[at + 1] if at + 1 < len(references) else None):
            yield inspection.found("duplicate_in_run", at)


def across_runs(inspection: Inspection) -> Iterator[Finding]:
    """Keys that another run has; further attempts without evidence; what a statement, or an arrived file, may show."""
    shown = inspection.facts.on_statement
    for at, line in enumerate(inspection.lines):
        key = line.key
        past = inspection.past.get(key.number, ())
        taken = next((each for each in past if each.key.period == key.period and each.key == key), None)
        if taken is not None:
            yield inspection.found("duplicate_of_run", at, code=taken.state.value)
        if key.attempt > 1 and not _came_back(key, past):
            yield inspection.found("attempt_unproven", at)
        if inspection.references[at] in shown:
            yield inspection.found("on_statement", at)
        if arrived := inspection.facts.arrived.get(inspection.references[at]):
            yield inspection.found("told_of", at, code=arrived)


def _came_back(key: PayableKey, past: Sequence[PastLine]) -> bool:
    """Whether every attempt before this one is known and came back."""
    before = {
        each.key.attempt: each.state
        for each in past
        if (each.key.period, each.key.component) == (key.period, key.component) and each.key.attempt < key.attempt
    }
    return len(before) == key.attempt - 1 and set(before.values()) == {PastState.CAME_BACK}


def nearby(inspection: Inspection) -> Iterator[Finding]:
    """The same person, component and amount for another period: in a run close by, or again in this one."""
    span, pay_day = inspection.policy.nearby_days, inspection.run.pay_day
    for number, positions in inspection.by_person():
        past = inspection.past.get(number, ())
        if not past and len(positions) == 1:
            continue
        near = [(abs((each.pay_day - pay_day).days), each) for each in past if each.state is not PastState.CAME_BACK]
        for at in positions:
            line = inspection.lines[at]
            apart = [days for days, each in near if days <= span and _alike(line, each)]
            apart += [0 for other in positions if other != at and _alike(line, inspection.lines[other])]
            if apart:
                yield inspection.found("same_amount_nearby", at, days=min(apart))


def _alike(line: Payable, other: Payable | PastLine) -> bool:
    """The same key but for the period, and the same amount. The same period is a double, or a further attempt."""
    one, two = line.key, other.key
    return (
        one.period != two.period
        and one.component is two.component
        and (line.amount_minor, line.currency) == (other.amount_minor, other.currency)
    )
