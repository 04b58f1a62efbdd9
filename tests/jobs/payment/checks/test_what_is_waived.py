"""A waiver is bound to what was found: where the facts behind a finding change, it is another finding."""

from __future__ import annotations

from datetime import date

import pytest

from baton.jobs.payment.checks.findings import CheckReport
from baton.model.payable import Component
from baton.model.people import EmploymentStatus
from tests.jobs.payment.checks.office import card, checked, facts, line, past, person

SETTLED = Component.FINAL_SETTLEMENT
NOTICE = EmploymentStatus.NOTICE


def listed(day: date | None, last: date | None = None) -> CheckReport:
    who = person() if last is None else person(status=NOTICE, last_working_day=last)
    return checked([line()], facts([who], past=[past()], exit_list={"0001": day}))


def settled(last: date, *others: tuple[Component, str]) -> CheckReport:
    """A settlement, beside what was paid to the person for other months."""
    who = person(status=EmploymentStatus.DEPARTED, last_working_day=last)
    known = [past(component=component, period=period) for component, period in others]
    return checked([line(component=SETTLED)], facts([who], past=known))


def elsewhere(changed: date | None) -> CheckReport:
    days = {} if changed is None else {"0001": changed}
    return checked([line(account=card("0009"))], facts([person()], past=[past()], account_changed=days))


SALARY, LAST = (Component.SALARY, "2026-10"), date(2026, 10, 20)
SALARY_BEFORE = (Component.SALARY, "2026-09")
FIRST, SECOND = (SETTLED, "2026-08"), (SETTLED, "2026-09")


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ("exit_list_disagrees", listed(date(2026, 12, 31)), listed(date(2026, 9, 15))),
        ("exit_list_disagrees", listed(None), listed(date(2026, 9, 15))),
        # As far before the last working day as after it.
        (
            "exit_list_disagrees",
            listed(date(2026, 10, 1), last=date(2026, 11, 20)),
            listed(date(2027, 1, 9), last=date(2026, 11, 20)),
        ),
        (
            "exit_list_disagrees",
            listed(date(2026, 12, 31), last=date(2026, 11, 20)),
            listed(date(2026, 12, 21), last=date(2026, 11, 10)),
        ),
        ("settlement_again", settled(LAST, FIRST), settled(LAST, FIRST, SECOND)),
        ("settlement_again", settled(LAST, FIRST), settled(LAST, SECOND)),
        ("settlement_and_salary", settled(LAST, SALARY), settled(date(2026, 10, 9), SALARY)),
        ("settlement_and_salary", settled(date(2026, 9, 9), SALARY), settled(date(2026, 9, 9), SALARY, SALARY_BEFORE)),
        ("account_differs", elsewhere(date(2026, 1, 5)), elsewhere(date(2026, 2, 5))),
        ("account_differs", elsewhere(None), elsewhere(date(2026, 2, 5))),
    ],
)
def test_it_covers_nothing_that_is_told_otherwise_later(rule: str, one: CheckReport, other: CheckReport) -> None:
    first, second = (
        [finding for finding in report.findings if finding.rule == rule and finding.reference]
        for report in (one, other)
    )
    assert (len(first), len(second)) == (1, 1)
    assert first[0].digest != second[0].digest
