"""Taking back what has not left of a run in several files: what has left goes its way, and only once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerKind, PaymentFile
from baton.errors import ApprovalError, HaltError, RetryableError
from baton.hub.payment.signing import cancel, release
from baton.hub.payment.withdrawing import withdraw
from baton.model.account import Receipt
from baton.model.pay_run import LineState
from baton.model.people import EmploymentStatus
from baton.store.pay_runs import LineChange
from baton.store.runs import RunState
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_answers import content, say
from tests.payment.site import PROFILE
from tests.rig.bank_papers import report
from tests.rig.payroll import TREASURY, BankMemory, FakeChannel

SIX = {f"{n:04d}": "100.00" for n in range(1, 7)}
LEAVER = "0006"


@pytest.fixture
def several(office: Office) -> Iterator[Office]:
    """An office whose bank takes three lines a file."""
    profiles = office.company.folder / "profiles"
    profiles.mkdir()
    (profiles / "small.yaml").write_text(PROFILE, "utf-8")
    office.company.profile, office.company.profiles = "small", profiles
    with office.company.open() as hub:
        yield Office(office.company, hub)


def leave(office: Office) -> None:
    office.hire(LEAVER, status=EmploymentStatus.DEPARTED, last_working_day=PAY_DAY.replace(month=9))


def half_delivered(office: Office) -> str:
    """A run of two files: the first is at the bank when somebody in the second turns out to have left."""
    office.hire(*SIX)
    run_id = office.signed(SIX)
    office.release(run_id)

    def take(file: PaymentFile) -> Receipt:
        receipt = BankMemory.take(office.bank, file)
        leave(office)
        return receipt

    office.bank.take = take  # type: ignore[method-assign]
    assert "left, changed or got another account" in office.deliver().halted
    assert len(office.bank.files) == 1
    return run_id


def test_the_file_that_is_here_is_taken_back_and_the_other_goes_its_way(several: Office) -> None:
    run_id = half_delivered(several)
    assert withdraw(several.hub, run_id, TREASURY, "somebody has left").lines == 3
    stands = several.states(run_id)
    gone = {number for number, state in stands.items() if state is LineState.CANCELLED}
    assert stands == {number: LineState.CANCELLED if number in gone else LineState.RELEASED for number in SIX}
    assert LEAVER in gone
    with several.hub.database.read() as connection:
        head = several.hub.runs.get(connection, run_id)
        assert head is not None
        assert head.state is RunState.READY, "what has left is not a draft again"
        assert len(several.hub.pay_runs.files(connection, run_id)) == 2
    assert len(list((several.company.folder / "state/payments").iterdir())) == 1
    several.deliver()
    assert len(several.bank.seen) == 3


def test_who_was_taken_back_is_paid_by_another_run_and_nobody_twice(several: Office) -> None:
    run_id = half_delivered(several)
    withdraw(several.hub, run_id, TREASURY, "somebody has left")
    again = several.draft(SIX)
    told = {line.payable.key.number: line.code for line in again.lines}
    assert sorted(told.values()) == ["", "", "", "claimed", "claimed", "claimed"]
    several.check(again.run.run_id)
    several.build(again.run.run_id)
    several.sign(again.run.run_id)
    several.release(again.run.run_id)
    assert several.deliver().halted == ""
    assert len(several.bank.seen) == len(set(several.bank.seen)) == 5, "everybody but the leaver, each once"


def test_taken_back_twice_there_is_nothing_left_to_take_back(several: Office) -> None:
    run_id = half_delivered(several)
    withdraw(several.hub, run_id, TREASURY, "somebody has left")
    with pytest.raises(ApprovalError) as refused:
        withdraw(several.hub, run_id, TREASURY, "again")
    assert refused.value.code == "sent"


def test_what_the_bank_has_refused_is_not_taken_back_to_be_sent_again(office: Office) -> None:
    office.hire(*SIX)
    run_id = office.signed(SIX)
    office.release(run_id)
    office.deliver()
    say(office, AnswerKind.REPORT, report(content(office), "RJCT"))
    office.company.clock.advance(timedelta(hours=2))
    office.deliver()  # hears of it
    office.bank.files.clear()  # and has put it away: asked now, it does not have it
    with pytest.raises(ApprovalError) as refused:
        withdraw(office.hub, run_id, TREASURY, "it has not left")
    assert (refused.value.code, "baton pay reissue" in refused.value.remedy) == ("sent", True)
    assert set(office.states(run_id).values()) == {LineState.REJECTED}


@pytest.mark.parametrize(("person", "why"), [(" ", "pay day"), (TREASURY, " ")])
def test_nobody_lets_a_run_go_or_takes_it_back_without_a_name_and_a_reason(
    office: Office, person: str, why: str
) -> None:
    office.hire(*SIX)
    run_id = office.signed(SIX)
    for decide in (release, cancel):
        with pytest.raises(ApprovalError) as caught:
            decide(office.hub, run_id, person, why)
        assert caught.value.code == "reason"
    office.release(run_id)
    with pytest.raises(ApprovalError) as caught:
        withdraw(office.hub, run_id, person, why)
    assert caught.value.code == "reason"


FAILURES: list[Callable[[], Exception]] = [
    lambda: RetryableError("the bank does not answer", code="timeout"),
    lambda: HaltError("this file was moved by hand", code="odd_folder"),
    lambda: KeyError("what nobody foresaw"),
]


def failing(office: Office, bad: set[str], failure: Callable[[], Exception]) -> Callable[..., Sequence[Receipt]]:
    """A way to ask the bank that fails whenever one of these files is among those asked for."""
    honest = FakeChannel.trace

    def trace(channel: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        if bad & {file.message_id for file in files}:
            raise failure()
        return honest(channel, files)

    return trace


def all_in_doubt(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A run of two files both of which were lost on the way, nobody knows where; its id and their message ids."""
    office.hire(*SIX)
    run_id = office.signed(SIX)
    office.release(run_id)

    def lost(channel: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        return [Receipt.in_doubt("reset", "the connection was reset") for _ in files]

    monkeypatch.setattr(FakeChannel, "submit", lost)
    office.deliver()
    with office.hub.database.read() as connection:
        return [run_id, *(file.message_id for file in office.hub.pay_runs.files(connection, run_id))]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_file_that_cannot_be_asked_for_keeps_no_other_from_being_taken_back(
    several: Office, monkeypatch: pytest.MonkeyPatch, failure: Callable[[], Exception]
) -> None:
    run_id, first, second = all_in_doubt(several, monkeypatch)
    monkeypatch.setattr(FakeChannel, "trace", failing(several, {first}, failure))
    done = withdraw(several.hub, run_id, TREASURY, "somebody has left")
    assert (done.lines, set(done.untold)) == (3, {first})
    stands = {line.message_id: line.state for line in several.lines(run_id)}
    assert stands == {first: LineState.RELEASED, second: LineState.CANCELLED}


def test_when_none_can_be_asked_for_nothing_is_taken_back_and_why_is_said(
    several: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, first, second = all_in_doubt(several, monkeypatch)
    monkeypatch.setattr(FakeChannel, "trace", failing(several, {first, second}, FAILURES[0]))
    with pytest.raises(ApprovalError, match="the bank does not answer") as refused:
        withdraw(several.hub, run_id, TREASURY, "somebody has left")
    assert (refused.value.code, "again" in refused.value.remedy) == ("untold", True)
    assert set(several.states(run_id).values()) == {LineState.RELEASED}


def spoken_of(office: Office, message_id: str) -> None:
    with office.hub.database.write() as connection:
        lines = office.hub.pay_runs.of_file(connection, message_id)
        office.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.ACCEPTED) for line in lines])


def test_a_file_that_the_bank_has_spoken_of_is_not_asked_for(several: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """That it cannot be asked for is no news, and nothing that anybody could see to: it has left."""
    run_id, first, _ = all_in_doubt(several, monkeypatch)
    spoken_of(several, first)
    monkeypatch.setattr(FakeChannel, "trace", failing(several, {first}, FAILURES[0]))
    done = withdraw(several.hub, run_id, TREASURY, "somebody has left")
    assert (done.lines, done.untold) == (3, {})
    with pytest.raises(ApprovalError) as refused:
        withdraw(several.hub, run_id, TREASURY, "again")
    assert refused.value.code == "sent"
