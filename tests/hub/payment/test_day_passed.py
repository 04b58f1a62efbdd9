"""A signed file has an end: once its day is over its people may have been paid by another way, and it stays here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from baton.contracts.payments import PaymentFile
from baton.errors import ApprovalError, HaltError
from baton.hub.payment.withdrawing import withdraw
from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from tests.hub.payment.office import Office
from tests.hub.payment.test_told_of import answering
from tests.payment.steps import effect_states
from tests.rig.payroll import TREASURY, FakeChannel

LAST = datetime(2026, 12, 3, 15, 59, tzinfo=UTC)
"""A minute before the third day after the pay day is over, where the office is (UTC+8)."""
DAY = timedelta(days=1)


def released(office: Office) -> str:
    office.hire("0001", "0004")
    run_id = office.signed({"0001": "8000.00", "0004": "7000.00"})
    office.release(run_id)
    return run_id


def until(office: Office, moment: datetime) -> None:
    office.company.clock.advance(moment - office.hub.clock.now())


def closed(_: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
    raise HaltError("the bank lets nobody in", code="login")


def test_what_is_corrected_at_hr_after_its_day_stays_here_until_it_is_taken_back(office: Office) -> None:
    run_id = released(office)
    office.hire("0001", bank_account_holder="错字")
    for _ in range(90):
        office.deliver()
        office.company.clock.advance(DAY)
    office.hire("0001")
    for _ in range(2):
        report = office.deliver()
        assert ("was to be paid on 2026-11-30" in report.halted, report.needs_person) == (True, True)
        assert f"baton pay withdraw {run_id}" in report.halted
        office.company.clock.advance(DAY)
    assert (effect_states(office, run_id), office.bank.files) == ([EffectState.PLANNED], {})
    assert withdraw(office.hub, run_id, TREASURY, "paid by e-banking").lines == 2
    assert set(office.states(run_id).values()) == {LineState.DRAFT}
    assert office.deliver().halted == ""


@pytest.mark.parametrize(("late", "stands"), [(0, EffectState.ACCEPTED), (2, EffectState.PLANNED)])
def test_a_bank_that_lets_nobody_in_costs_no_signatures_for_three_days(
    office: Office, monkeypatch: pytest.MonkeyPatch, late: int, stands: EffectState
) -> None:
    run_id = released(office)
    with monkeypatch.context() as gone:
        gone.setattr(FakeChannel, "submit", closed)
        office.deliver()
    until(office, LAST + timedelta(minutes=late))
    assert ("was to be paid on" in office.deliver().halted) is (stands is EffectState.PLANNED)
    assert effect_states(office, run_id) == [stands]


def test_what_has_arrived_by_a_doubtful_try_is_carried_to_its_end_whatever_the_day(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = released(office)

    def arrives(channel: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        for file in files:
            channel.bank.take(file)
        return [Receipt.in_doubt("timeout", "no answer")]

    with monkeypatch.context() as lost:
        lost.setattr(FakeChannel, "submit", arrives)
        lost.setattr(FakeChannel, "trace", closed)
        office.deliver()
    until(office, LAST + 30 * DAY)
    assert office.deliver().halted == ""
    assert effect_states(office, run_id) == [EffectState.ACCEPTED]


def test_what_the_bank_turns_out_not_to_have_after_its_day_stays_here_and_can_be_taken_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = released(office)
    with monkeypatch.context() as lost:
        lost.setattr(FakeChannel, "submit", answering(Receipt.in_doubt("timeout", "no answer")))
        lost.setattr(FakeChannel, "trace", closed)
        office.deliver()
        with pytest.raises(ApprovalError):
            withdraw(office.hub, run_id, TREASURY, "paid by e-banking")
    assert effect_states(office, run_id) == [EffectState.IN_DOUBT]
    until(office, LAST + 30 * DAY)
    for _ in range(2):
        report = office.deliver()
        assert ("was to be paid on 2026-11-30" in report.halted, report.needs_person) == (True, True)
        office.company.clock.advance(DAY)
    assert (effect_states(office, run_id), office.bank.files) == ([EffectState.PLANNED], {})
    assert withdraw(office.hub, run_id, TREASURY, "paid by e-banking").lines == 2
    assert set(office.states(run_id).values()) == {LineState.DRAFT}
    assert (office.deliver().halted, office.bank.files) == ("", {})
