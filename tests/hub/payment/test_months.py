"""A month over all banks: what the last comparisons have found, and what none has compared yet."""

from __future__ import annotations

from datetime import date, timedelta

from baton.contracts.payments import AnswerKind
from baton.hub.payment.months import month_of
from baton.hub.payment.reconciling import reconcile_bank
from baton.hub.payment.withdrawing import withdraw
from baton.jobs.payment.reconciliation import Verdict
from baton.model.people import EmploymentStatus
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import TWO, booked, content, references, say
from tests.rig.bank_papers import report, statement
from tests.rig.payroll import ACCOUNT, BANK, TREASURY


def test_a_month_is_told_as_it_was_last_compared(office: Office) -> None:
    assert month_of(office.hub, "2026-11").verdict is Verdict.NOTHING_COMPARED
    office.hire(*TWO)
    run_id = office.signed(TWO)
    month = month_of(office.hub, "2026-11")
    assert (month.runs, month.unreleased, month.as_of) == ([], [run_id], None)
    office.release(run_id)
    office.deliver()
    month = month_of(office.hub, "2026-11")
    assert [each.verdict for each in month.runs] == [Verdict.NOTHING_COMPARED]
    assert month.verdict is Verdict.NOTHING_COMPARED
    refused = references(office, run_id)["0002"]
    say(office, AnswerKind.REPORT, report(content(office), "PART", {refused: ("RJCT", "AC04")}))
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001")))
    reconcile_bank(office.hub, BANK)
    reconcile_bank(office.hub, BANK)
    month = month_of(office.hub, "2026-11")
    assert (month.verdict, month.as_of, list(month.differences)) == (Verdict.CLEAN, office.hub.clock.now(), [])
    assert month.sums == {
        "CNY": {"filed": 2_034_567, "booked": 800_000, "refused": 1_234_567, "waiting": 0, "came_back": 0, "rest": 0}
    }
    assert month_of(office.hub, "2026-10").runs == []


def test_what_belongs_to_no_run_makes_the_month_different(office: Office) -> None:
    office.hire(*TWO)
    office.release(office.signed(TWO))
    office.deliver()
    entries = [*booked(office, *TWO), ("STRANGER", "77.00", "DBIT")]
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, entries))
    reconcile_bank(office.hub, BANK)
    month = month_of(office.hub, "2026-11")
    assert ([each.verdict for each in month.runs], month.verdict) == ([Verdict.CLEAN], Verdict.DIFFERENT)
    assert [(each.kind, each.run_id) for each in month.differences] == [("unexpected_debit", "")]


def test_what_was_compared_before_a_run_was_taken_back_says_nothing_of_the_run_released_again(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.signed(TWO)
    office.release(run_id)
    reconcile_bank(office.hub, BANK)
    assert month_of(office.hub, "2026-11").sums["CNY"]["filed"] == 2_034_567
    office.company.clock.advance(timedelta(minutes=1))
    withdraw(office.hub, run_id, TREASURY, "somebody has left")
    office.hire("0002", status=EmploymentStatus.DEPARTED, last_working_day=date(2026, 9, 30))
    office.check(run_id)
    office.build(run_id)
    office.sign(run_id)
    office.release(run_id)
    month = month_of(office.hub, "2026-11")
    assert (month.as_of, month.sums) == (None, {})
