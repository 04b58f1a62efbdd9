"""A bank that is away, for however long: what several people have signed for goes out once it is back, or is told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from baton.contracts.payments import PaymentFile
from baton.errors import HaltError, RetryableError
from baton.hub.payment.withdrawing import withdraw
from baton.hub.vitals.alarming import rules
from baton.hub.vitals.taking import take
from baton.jobs.alarms import breaches
from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from tests.hub.payment.office import Office
from tests.payment.steps import effect_states
from tests.rig.payroll import TREASURY, FakeChannel

AMOUNTS = {"0001": "8000.00", "0002": "9000.00"}
HOUR = timedelta(hours=1)
TOO_OFTEN = 45
"""More tries than any effect of an account has."""


@pytest.fixture
def released(office: Office) -> str:
    office.hire(*AMOUNTS)
    run_id = office.signed(AMOUNTS)
    office.release(run_id)
    return run_id


@pytest.mark.parametrize(
    "trouble",
    [
        RetryableError("the bank cannot be reached", code="unreachable"),
        HaltError("the bank lets nobody in", code="login"),
        Receipt.not_performed("closed", "the bank takes no files now"),
    ],
    ids=["away", "login", "closed"],
)
def test_a_released_file_goes_out_however_long_the_bank_was_away(
    office: Office, released: str, monkeypatch: pytest.MonkeyPatch, trouble: RetryableError | HaltError | Receipt
) -> None:
    def away(_: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        if isinstance(trouble, Receipt):
            return [trouble] * len(files)
        raise trouble

    with monkeypatch.context() as gone:
        gone.setattr(FakeChannel, "submit", away)
        for _ in range(TOO_OFTEN):
            report = office.deliver()
            assert bool(report.halted) is not isinstance(trouble, Receipt)
            office.company.clock.advance(HOUR)
        assert effect_states(office, released) == [EffectState.PLANNED]
        assert "queue_old" in {breach.rule.name for breach in breaches(rules(office.hub).values(), take(office.hub))}
    office.deliver()
    assert (effect_states(office, released), len(office.bank.files)) == ([EffectState.ACCEPTED], 1)


def test_a_file_that_is_never_delivered_is_told_of_until_somebody_has_acted(
    office: Office, released: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        return [Receipt.refused("unknown_sender", "the bank does not know this sender")] * len(files)

    monkeypatch.setattr(FakeChannel, "submit", never)
    for _ in range(2):
        report = office.deliver()
        assert report.needs_person
        assert "the bank does not know this sender" in report.halted
        assert f"baton pay withdraw {released}" in report.halted
        office.company.clock.advance(HOUR)
    monkeypatch.undo()
    withdraw(office.hub, released, TREASURY, "sent by another way")
    assert set(office.states(released).values()) == {LineState.DRAFT}
    assert office.deliver().halted == ""
