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

MONTH = "2027-01"


@pytest.fixture
def twice(late: Office, tmp_path: Path) -> RecoveryCase:  # noqa: F811
    """A plan that keeps something from January's wage in the middle of the month and at its end."""
    assert late.company.policy is not None
    written = late.company.policy.read_text("utf-8")
    late.company.policy.write_text(f"{written}overpayment: {{minimum_wage_minor: 200000}}\n", "utf-8")
    case = told(late, tmp_path)
    plan = [
        Instalment(date(2027, 1, 15), 50_000, Way.WAGES),
        Instalment(date(2027, 1, 31), 70_000, Way.WAGES),
        Instalment(date(2027, 2, 28), case.amount_minor - 120_000),
    ]
    return agree(late.hub, case.id, PAYROLL, plan, PAPER, wage_minor=1_000_000)


def test_the_second_is_noted_too_and_nothing_a_third_time(late: Office, twice: RecoveryCase) -> None:  # noqa: F811
    assert kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 50_000).back_minor == 50_000
    late.company.clock.advance(timedelta(hours=1))
    with pytest.raises(ApprovalError) as more:
        kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 70_001)
    assert more.value.code == "consent"
    assert kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 69_000).back_minor == 119_000
    with pytest.raises(TransitionError) as third:
        kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 1_000)
    assert third.value.code == "taken_in"


def test_both_may_be_noted_as_one(late: Office, twice: RecoveryCase) -> None:  # noqa: F811
    assert kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 120_000).back_minor == 120_000
    with pytest.raises(TransitionError):
        kept_from_wages(late.hub, twice.id, PAYROLL, MONTH, 1)
