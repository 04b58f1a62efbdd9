"""What is there for the runs of other jobs decides nothing about a pay run: no settling, no word of one person."""

from __future__ import annotations

import pytest

from baton.errors import ApprovalError, HaltError
from baton.hub import decisions, execution
from baton.hub.decisions import Resolution
from baton.hub.payment.withdrawing import withdraw
from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.store.runs import Run, RunState
from tests.hub.payment.office import Office
from tests.hub.payment.test_told_of import answering
from tests.payment.steps import effect_states
from tests.rig.payroll import TREASURY, FakeChannel

BOTH = {"0001": "8000.00", "0004": "7000.00"}


def head(office: Office, run_id: str) -> Run:
    with office.hub.database.read() as connection:
        found = office.hub.runs.get(connection, run_id)
    assert found is not None
    return found


def not_delivered(office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
    """A released run whose bank lets nobody in."""
    office.hire(*BOTH)
    run_id = office.signed(BOTH)
    office.release(run_id)

    def closed(*_: object) -> None:
        raise HaltError("the login was refused", code="login")

    with monkeypatch.context() as shut:
        shut.setattr(FakeChannel, "submit", closed)
        office.deliver()
    return run_id


def test_a_pay_run_is_not_settled_and_can_be_taken_back_all_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = not_delivered(office, monkeypatch)
    with pytest.raises(ApprovalError) as caught:
        execution.settle(office.hub, run_id)
    assert (caught.value.code, "baton pay reconcile" in caught.value.remedy) == ("pay_run", True)
    assert head(office, run_id).state is RunState.READY
    assert withdraw(office.hub, run_id, TREASURY, "another bank pays it").lines == 2


def test_a_draft_that_nobody_has_checked_is_not_called_clean(office: Office) -> None:
    office.hire(*BOTH)
    run_id = office.draft(BOTH).run.run_id
    with pytest.raises(ApprovalError):
        execution.settle(office.hub, run_id)
    assert head(office, run_id).verdict == ""


@pytest.mark.parametrize("delivered", [False, True])
def test_of_one_that_was_settled_once_what_is_here_is_taken_back_and_what_has_left_is_not(
    office: Office, monkeypatch: pytest.MonkeyPatch, delivered: bool
) -> None:
    run_id = not_delivered(office, monkeypatch)
    with office.hub.database.write() as connection:  # as `baton settle` left it
        office.hub.runs.change(connection, run_id, RunState.SETTLED, verdict="incomplete")
    if delivered:
        office.company.clock.sleep(3600)
        assert office.deliver().halted == ""
        with pytest.raises(ApprovalError) as caught:
            withdraw(office.hub, run_id, TREASURY, "another bank pays it")
        assert caught.value.code == "sent"
        return
    assert withdraw(office.hub, run_id, TREASURY, "another bank pays it").lines == 2
    assert set(office.states(run_id).values()) == {LineState.DRAFT}
    assert (head(office, run_id).state, head(office, run_id).verdict) == (RunState.HELD, "")


@pytest.mark.parametrize("word", [Resolution.DONE, Resolution.RESEND])
def test_no_word_of_one_person_delivers_a_file_or_sends_it_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, word: Resolution
) -> None:
    office.hire(*BOTH)
    run_id = office.signed(BOTH)
    office.release(run_id)
    in_doubt = answering(Receipt.in_doubt("timeout", "no answer"))
    monkeypatch.setattr(FakeChannel, "submit", in_doubt)
    monkeypatch.setattr(FakeChannel, "trace", in_doubt)
    office.deliver()
    with office.hub.database.read() as connection:
        (file,) = office.hub.pay_runs.files(connection, run_id)
    with pytest.raises(ApprovalError) as caught:
        decisions.resolve(office.hub, file.effect_key, word, TREASURY, "looks fine")
    assert caught.value.code == "pay_run"
    for command in ("baton pay deliver", "baton pay answers", f"baton pay declare {file.message_id}"):
        assert command in caught.value.remedy
    assert effect_states(office, run_id) == [EffectState.IN_DOUBT]
