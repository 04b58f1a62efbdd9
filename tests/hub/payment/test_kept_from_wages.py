"""What payroll keeps from a month's wage is noted once for each instalment that the plan has from that month."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from baton.errors import ApprovalError, TransitionError
from baton.hub.payment.money_back import kept_from_wages
from baton.hub.payment.recovering import agree
from baton.model.recovery import Instalment, RecoveryCase, Way
from tests.hub.payment.office import Office
from tests.hub.payment.test_recovering import PAPER, late, told  # noqa: F401 - a fixture
from tests.rig.payroll import PAYROLL

MONTH, MIDDLE, END = "2027-01", date(2027, 1, 15), date(2027, 1, 31)


@pytest.fixture
def twice(late: Office, tmp_path: Path) -> RecoveryCase:  # noqa: F811
    """A plan that keeps something from January's wage in the middle of the month and at its end."""
    assert late.company.policy is not None
    written = late.company.policy.read_text("utf-8")
    late.company.policy.write_text(f"{written}overpayment: {{minimum_wage_minor: 200000}}\n", "utf-8")
    case = told(late, tmp_path)
    plan = [
        Instalment(MIDDLE, 50_000, Way.WAGES),
        Instalment(END, 70_000, Way.WAGES),
        Instalment(date(2027, 2, 28), case.amount_minor - 120_000),
    ]
    return agree(late.hub, case.id, PAYROLL, plan, PAPER, wage_minor=1_000_000)


def test_each_is_noted_once_by_its_day(late: Office, twice: RecoveryCase) -> None:  # noqa: F811
    """A command that is repeated since its answer was lost says the same instalment again."""
    assert kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 50_000, MIDDLE).back_minor == 50_000
    late.company.clock.advance(timedelta(hours=1))
    for amount in (50_000, 1):
        with pytest.raises(TransitionError) as again:
            kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, amount, MIDDLE)
        assert again.value.code == "taken_in"
    with pytest.raises(ApprovalError) as more:
        kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 70_001, END)
    assert more.value.code == "consent"
    assert kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 69_000, END).back_minor == 119_000
    for due in (END, None):
        with pytest.raises(TransitionError) as third:
            kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 1_000, due)
        assert third.value.code == "taken_in"


def test_which_of_two_it_was_is_said(late: Office, twice: RecoveryCase) -> None:  # noqa: F811
    for amount, due, code in (
        (50_000, None, "which"),
        (50_000, date(2027, 1, 20), "consent"),
        (50_000, date(2027, 2, 28), "consent"),
        (50_001, MIDDLE, "consent"),
    ):
        with pytest.raises(ApprovalError) as caught:
            kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, amount, due)
        assert caught.value.code == code
        assert (code == "which") == ("2027-01-15, 2027-01-31" in caught.value.remedy)


@pytest.mark.parametrize("due", [None, MIDDLE])
def test_under_a_new_plan_what_is_left_of_the_same_month_is_noted(
    late: Office,  # noqa: F811
    twice: RecoveryCase,
    due: date | None,
) -> None:
    kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 50_000, MIDDLE)
    rest = Instalment(date(2027, 2, 28), twice.amount_minor - 90_000)
    agree(late.hub, twice.id, PAYROLL, [Instalment(MIDDLE, 40_000, Way.WAGES), rest], PAPER, wage_minor=1_000_000)
    assert kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 40_000, due).back_minor == 90_000
    with pytest.raises(TransitionError) as again:
        kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 40_000, due)
    assert again.value.code == "taken_in"


def test_both_may_be_noted_as_one(late: Office, twice: RecoveryCase) -> None:  # noqa: F811
    assert kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 120_000).back_minor == 120_000
    with pytest.raises(TransitionError):
        kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 1)
    with pytest.raises(TransitionError):
        kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 50_000, MIDDLE)
