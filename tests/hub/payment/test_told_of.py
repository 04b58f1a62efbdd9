"""A file that was never sent and of which the bank speaks: the rest of it is free once a person says it is not paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerKind, PaymentFile
from baton.errors import ApprovalError, RetryableError
from baton.hub.payment.reconciling import reconcile
from baton.hub.payment.withdrawing import withdraw
from baton.jobs.payment.differences import DifferenceKind
from baton.jobs.payment.reconciliation import Verdict
from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.store.pay_runs import LineChange
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import references, say
from tests.hub.payment.test_sweeping import CrashedError, crash_at
from tests.hub.payment.test_withheld import LATER
from tests.payment.steps import effect_states
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, BANK, TREASURY, FakeChannel

BOTH = {"0001": "8000.00", "0004": "7000.00"}
WHY = "the bank's desk: it has no 0004"


def booked(office: Office, run_id: str, *numbers: str, number: int = 1, opening: str = "100000.00") -> None:
    known = references(office, run_id)
    entries = [(known[each], BOTH[each], "DBIT") for each in numbers]
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, entries, number, opening))


@pytest.fixture
def arrived(office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run built and released again, since the bank did not show its first file, which then pays one of two."""
    office.hire(*BOTH)
    run_id = office.signed(BOTH)
    office.release(run_id)
    with monkeypatch.context() as lost:
        lost.setattr(FakeChannel, "submit", answering(Receipt.in_doubt("timeout", "no answer")))
        lost.setattr(FakeChannel, "trace", answering(Receipt.not_performed("not_delivered", "is not at the bank")))
        office.deliver()
        office.company.clock.sleep(3600)
        withdraw(office.hub, run_id, TREASURY, "not at the bank")
    office.check(run_id)
    office.build(run_id)
    office.sign(run_id)
    office.release(run_id)
    booked(office, run_id, "0001")
    assert "the bank speaks of the payment" in office.deliver().halted
    return run_id


def answering(receipt: Receipt) -> object:
    def answer(_: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        return [receipt for _ in files]

    return answer


def refused(office: Office, run_id: str, code: str, *, rest_unpaid: bool = True) -> None:
    before = office.states(run_id)
    with pytest.raises(ApprovalError) as caught:
        withdraw(office.hub, run_id, TREASURY, WHY, rest_unpaid=rest_unpaid)
    assert caught.value.code == code
    assert office.states(run_id) == before


def paid_by_another(office: Office) -> str:
    drafted = office.draft({"0004": BOTH["0004"]})
    assert [line.state for line in drafted.lines] == [LineState.DRAFT]
    office.check(drafted.run.run_id)
    office.build(drafted.run.run_id)
    office.sign(drafted.run.run_id)
    office.release(drafted.run.run_id)
    return drafted.run.run_id


def test_nothing_of_it_is_free_before_somebody_says_that_the_rest_is_not_paid(office: Office, arrived: str) -> None:
    refused(office, arrived, "told_of", rest_unpaid=False)
    assert effect_states(office, arrived) == [EffectState.PLANNED]


def test_the_rest_is_paid_by_another_run_and_what_the_bank_spoke_of_stays(office: Office, arrived: str) -> None:
    assert withdraw(office.hub, arrived, TREASURY, WHY, rest_unpaid=True).lines == 1
    assert office.states(arrived) == {"0001": LineState.PAID, "0004": LineState.CANCELLED}
    assert effect_states(office, arrived) == [EffectState.SUPERSEDED]
    with office.hub.database.read() as connection:
        said = office.hub.runs.decisions(connection, arrived)[-1]
    assert (said.decision, said.person, said.why) == ("withdraw", TREASURY, WHY)
    assert [line.code for line in office.draft({"0001": BOTH["0001"]}).lines] == ["claimed"]
    again = paid_by_another(office)
    office.company.clock.advance(LATER)
    assert office.deliver().halted == ""
    assert Counter(each.decode() for each in office.bank.seen) == Counter(references(office, again).values())
    booked(office, again, "0004", number=2, opening="92000.00")
    assert office.states(again) == {"0004": LineState.PAID}
    refused(office, arrived, "sent")
    compared = reconcile(office.hub, BANK)
    assert (DifferenceKind.FILE_TOTAL in compared.differences, compared.runs[arrived].verdict) == (False, Verdict.CLEAN)


def test_when_it_is_paid_by_the_first_file_after_all_the_other_run_stays_here(office: Office, arrived: str) -> None:
    withdraw(office.hub, arrived, TREASURY, WHY, rest_unpaid=True)
    again = paid_by_another(office)
    booked(office, again, "0004", number=2, opening="92000.00")
    assert "the bank speaks of the payment" in office.deliver().halted
    assert office.bank.files == {}


def test_one_that_the_bank_has_spoken_of_altogether_is_ended_and_frees_nothing(office: Office, arrived: str) -> None:
    booked(office, arrived, "0004", number=2, opening="92000.00")
    assert withdraw(office.hub, arrived, TREASURY, "all is paid by the first file").lines == 0
    office.company.clock.advance(LATER)
    assert office.deliver().halted == ""
    assert set(office.states(arrived).values()) == {LineState.PAID}
    assert office.bank.files == {}


NOT_THERE = Receipt.not_performed("not_delivered", "is not there")


def tried(office: Office, patched: pytest.MonkeyPatch, first: Receipt | RetryableError) -> str:
    """A run whose only file came to this when it was tried, and of which the bank books one of two later."""

    def submit(channel: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        if isinstance(first, RetryableError):
            raise first
        return [first for _ in files]

    office.hire(*BOTH)
    run_id = office.signed(BOTH)
    office.release(run_id)
    patched.setattr(FakeChannel, "submit", submit)
    patched.setattr(FakeChannel, "trace", answering(NOT_THERE))
    office.deliver()
    booked(office, run_id, "0001")
    office.company.clock.advance(timedelta(hours=2))
    return run_id


def test_never_where_it_may_have_left(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank speaks of what was in doubt since it has it, whatever it says now."""
    run_id = tried(office, monkeypatch, Receipt.in_doubt("timeout", "no answer"))
    assert "the bank speaks of the payment" in office.deliver().halted
    refused(office, run_id, "sent")
    refused(office, run_id, "sent", rest_unpaid=False)


AGAIN = Receipt.refused("duplicate_id", "a file with this id is there already")


@pytest.mark.parametrize(
    "first",
    [RetryableError("connection refused", code="unreachable"), Receipt.not_performed("closed", "nothing was done")],
    ids=["unreachable", "nothing_done"],
)
def test_where_no_try_was_ever_in_doubt_and_the_bank_has_it_not_the_rest_is_free(
    office: Office, monkeypatch: pytest.MonkeyPatch, first: Receipt | RetryableError
) -> None:
    run_id = tried(office, monkeypatch, first)
    assert "the bank speaks of the payment" in office.deliver().halted
    refused(office, run_id, "told_of", rest_unpaid=False)
    monkeypatch.setattr(FakeChannel, "trace", answering(Receipt.in_doubt("timeout", "no answer")))
    refused(office, run_id, "untold")
    monkeypatch.setattr(FakeChannel, "trace", answering(Receipt.accepted("it is there")))
    refused(office, run_id, "sent")
    monkeypatch.setattr(FakeChannel, "trace", answering(NOT_THERE))
    assert withdraw(office.hub, run_id, TREASURY, WHY, rest_unpaid=True).lines == 1
    assert office.states(run_id) == {"0001": LineState.PAID, "0004": LineState.CANCELLED}
    assert effect_states(office, run_id) == [EffectState.SUPERSEDED]
    assert office.deliver().halted == ""


def test_of_what_was_refused_after_it_had_arrived_nobody_is_called_unpaid_and_the_rest_is_freed_by_a_person(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = tried(office, monkeypatch, Receipt.in_doubt("timeout", "no answer"))
    with office.hub.database.write() as connection:  # the second try went out before the bank had booked anything
        lines = office.hub.pay_runs.lines(connection, run_id, LineState.PAID)
        office.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.RELEASED) for line in lines])
    monkeypatch.setattr(FakeChannel, "submit", answering(AGAIN))
    for paid in (False, True):
        if paid:
            with office.hub.database.write() as connection:
                lines = [line for line in office.lines(run_id) if line.payable.key.number == "0001"]
                office.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID) for line in lines])
        told = office.deliver().halted
        assert ("nobody in it is paid" in told, "ask the bank about each" in told) == (False, True)
        assert f"baton pay withdraw {run_id} --rest-unpaid" in told
    assert effect_states(office, run_id) == [EffectState.REFUSED]
    refused(office, run_id, "told_of", rest_unpaid=False)
    monkeypatch.setattr(FakeChannel, "trace", answering(Receipt.accepted("it is there")))
    refused(office, run_id, "sent")
    monkeypatch.setattr(FakeChannel, "trace", answering(NOT_THERE))
    assert withdraw(office.hub, run_id, TREASURY, WHY, rest_unpaid=True).lines == 1
    assert office.states(run_id) == {"0001": LineState.PAID, "0004": LineState.CANCELLED}
    assert office.deliver().halted == ""
    refused(office, run_id, "sent")
    assert [line.code for line in office.draft({"0001": BOTH["0001"]}).lines] == ["claimed"]
    monkeypatch.undo()
    again = paid_by_another(office)
    office.deliver()
    assert {each.decode() for each in office.bank.seen} == set(references(office, again).values())


@pytest.mark.parametrize(("point", "free"), [("withdrawing", False), ("withdrawn", True)])
def test_a_death_in_between_leaves_it_whole(office: Office, arrived: str, point: str, free: bool) -> None:
    crash_at(office, point)
    with pytest.raises(CrashedError):
        withdraw(office.hub, arrived, TREASURY, WHY, rest_unpaid=True)
    office.hub.crash_point = lambda _: None
    assert (office.states(arrived)["0004"] is LineState.CANCELLED) is free
    assert effect_states(office, arrived) == [EffectState.SUPERSEDED if free else EffectState.PLANNED]
    office.company.clock.advance(LATER)
    office.deliver()
    assert office.bank.files == {}
