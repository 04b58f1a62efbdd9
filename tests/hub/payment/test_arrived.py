"""A file that was taken back and has arrived after all: what it may pay is paid by no other file until a person says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerKind, PaymentFile
from baton.errors import ApprovalError, HaltError
from baton.hub.payment.checking import waive
from baton.hub.payment.reissuing import reissue_run
from baton.hub.payment.signing import cancel
from baton.hub.payment.withdrawing import withdraw
from baton.jobs.payment.checks.findings import LineVerdict
from baton.jobs.payment.roles import Role
from baton.model.account import Receipt
from baton.model.pay_run import LineState
from baton.store.pay_decisions import WaiverRow
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_answers import references, say
from tests.hub.payment.test_told_of import BOTH, WHY, answering, booked
from tests.hub.payment.test_withheld import LATER
from tests.payment.steps import effect_states
from tests.rig.bank_papers import message_id, report, statement
from tests.rig.payroll import ACCOUNT, MAKER, TREASURY, FakeChannel

Speak = Callable[[Office, str, bytes], None]
TEN, LATER_ON = b"2026-11-30T10:00:00", b"2026-11-30T12:00:00"


@pytest.fixture
def late(office: Office, monkeypatch: pytest.MonkeyPatch) -> tuple[str, bytes]:
    """A run that was taken back whole, since the bank's list did not show its file yet; and that file, which it has."""
    tries: list[int] = []

    def submit(channel: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        tries.append(len(files))
        if len(tries) > 1:
            raise HaltError("closed", code="login")
        for file in files:
            channel.bank.take(file)
        return [Receipt.in_doubt("timeout", "no answer") for _ in files]

    office.hire(*BOTH)
    run_id = office.signed(BOTH)
    office.release(run_id)
    with monkeypatch.context() as lost:
        lost.setattr(FakeChannel, "submit", submit)
        lost.setattr(FakeChannel, "trace", answering(Receipt.not_performed("not_delivered", "is not at the bank")))
        office.deliver()
        office.company.clock.sleep(3600)
        withdraw(office.hub, run_id, TREASURY, "not at the bank")
    (plain,) = office.bank.contents.values()
    return run_id, plain


def released(office: Office, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked, built, signed and released; nothing can be sent at that moment."""

    def closed(_: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        raise HaltError("closed", code="login")

    office.check(run_id)
    office.build(run_id)
    office.sign(run_id)
    office.release(run_id)
    with monkeypatch.context() as away:
        away.setattr(FakeChannel, "submit", closed)
        office.deliver()
    office.company.clock.advance(LATER)


def group(office: Office, _: str, plain: bytes) -> None:
    say(office, AnswerKind.REPORT, report(plain, "ACCP"))


def partly(office: Office, _: str, plain: bytes) -> None:
    say(office, AnswerKind.REPORT, report(plain, "PART"))


def each_line(office: Office, run_id: str, plain: bytes) -> None:
    told = dict.fromkeys(references(office, run_id).values(), ("ACSC", ""))
    say(office, AnswerKind.REPORT, report(plain, "PART", told))


def in_one(
    office: Office,
    plain: bytes,
    *ways: str,
    tag: str = "PmtInfId",
    amount: str = "15000.00",
    number: int = 1,
    form: Callable[[bytes], bytes] = bytes,
) -> None:
    """Bookings of all that was in the file (or of a part), which name it and no line."""
    name = f"<{tag}>{message_id(plain)}</{tag}>".encode()
    said = statement(ACCOUNT, [("NOBODY", amount, way) for way in ways], number)
    taken = say(office, AnswerKind.STATEMENT, form(said.replace(b"<EndToEndId>NOBODY</EndToEndId>", name)))
    assert taken.refused == {}


def booked_by_batch(office: Office, _: str, plain: bytes) -> None:
    in_one(office, plain, "DBIT")


def booked_by_message(office: Office, _: str, plain: bytes) -> None:
    in_one(office, plain, "DBIT", tag="MsgId")


def booked_as_a_line(office: Office, _: str, plain: bytes) -> None:
    in_one(office, plain, "DBIT", tag="EndToEndId")


OF_ALL = [group, partly, booked_by_batch, booked_by_message, booked_as_a_line]


def held(office: Office, run_id: str) -> None:
    lines = office.check(run_id).cleared.lines
    assert {(line.state, line.reasons) for line in lines} == {(LineVerdict.HELD, ("told_of",))}


def taken_upon(office: Office, run_id: str, why: str = "the bank's desk: it has dropped that file") -> None:
    """The treasury says of each payment of a run that the earlier file does not make it."""
    until = office.company.clock.now() + timedelta(days=3)
    for finding in office.check(run_id).cleared.report.findings:
        if finding.rule == "told_of":
            row = WaiverRow(
                run_id, "told_of", finding.reference, finding.digest, TREASURY, Role.TREASURY.value, why, until
            )
            waive(office.hub, row)


def paid(office: Office) -> dict[str, int]:
    """How often the bank has got each payment."""
    return dict(Counter(each.decode() for each in office.bank.seen))


@pytest.mark.parametrize("speak", OF_ALL)
def test_what_the_first_file_may_pay_is_held_by_the_check(
    office: Office, late: tuple[str, bytes], speak: Speak
) -> None:
    run_id, _ = late
    speak(office, *late)
    held(office, run_id)
    with pytest.raises(ApprovalError, match="no line can be paid"):
        office.build(run_id)
    cancel(office.hub, run_id, MAKER, "the first file pays it all")
    held(office, office.draft(BOTH).run.run_id)
    assert set(paid(office).values()) == {1}


@pytest.mark.parametrize("speak", [*OF_ALL, each_line])
def test_of_what_is_released_by_then_nothing_goes_out(
    office: Office, late: tuple[str, bytes], speak: Speak, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, _ = late
    released(office, run_id, monkeypatch)
    speak(office, *late)
    for _ in range(2):
        told = office.deliver()
        assert (told.needs_person, "the bank speaks of" in told.halted) == (True, True)
        assert f"baton pay withdraw {run_id}" in told.halted
        office.company.clock.advance(LATER)
    assert set(paid(office).values()) == {1}
    assert withdraw(office.hub, run_id, TREASURY, "the first file has arrived").lines == 2
    assert {line.state for line in office.check(run_id).cleared.lines} != {LineVerdict.PAYABLE}
    assert office.deliver().halted == ""


def test_another_run_of_the_same_people_is_kept_here_as_well(
    office: Office, late: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, plain = late
    cancel(office.hub, run_id, MAKER, "drafted anew")
    again = office.draft(BOTH).run.run_id
    released(office, again, monkeypatch)
    group(office, run_id, plain)
    assert message_id(plain) in office.deliver().halted
    assert set(paid(office).values()) == {1}


def test_a_run_of_others_goes_out(office: Office, late: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    group(office, *late)
    office.hire("0002")
    released(office, office.draft({"0002": "9000.00"}).run.run_id, monkeypatch)
    assert office.deliver().halted == ""


def test_once_the_bank_has_refused_the_first_file_the_second_goes_out(
    office: Office, late: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, plain = late
    released(office, run_id, monkeypatch)
    say(office, AnswerKind.REPORT, report(plain, "RJCT").replace(TEN, LATER_ON))
    group(office, run_id, plain)  # of an earlier hour: a later word of the bank counts
    assert office.deliver().halted == ""
    assert set(paid(office).values()) == {2}


def test_once_the_money_has_come_back_the_second_goes_out(
    office: Office, late: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, plain = late
    released(office, run_id, monkeypatch)
    in_one(office, plain, "DBIT", "CRDT")
    assert office.deliver().halted == ""


def test_what_the_bank_refuses_of_the_first_file_is_paid_by_the_second(
    office: Office, late: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, plain = late
    refused = references(office, run_id)["0004"]
    say(office, AnswerKind.REPORT, report(plain, "PART", {refused: ("RJCT", "AM04")}))
    states = {line.reference: line.state for line in office.check(run_id).cleared.lines}
    assert states.pop(refused) is LineVerdict.PAYABLE
    assert set(states.values()) == {LineVerdict.HELD}
    released(office, run_id, monkeypatch)
    assert office.deliver().halted == ""
    assert paid(office)[refused] == 2


def test_what_the_treasury_takes_upon_itself_goes_out_until_the_bank_speaks_again(
    office: Office, late: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, plain = late
    group(office, run_id, plain)
    taken_upon(office, run_id)
    released(office, run_id, monkeypatch)
    group(office, run_id, plain)
    assert message_id(plain) in office.deliver().halted
    withdraw(office.hub, run_id, TREASURY, "the bank speaks of it again")
    held(office, run_id)
    taken_upon(office, run_id, "the bank's desk, once more: it has dropped it")
    released(office, run_id, monkeypatch)
    assert office.deliver().halted == ""
    assert set(office.states(run_id).values()) == {LineState.RELEASED}


def test_whom_a_person_has_said_to_be_unpaid_is_paid_by_another_run(
    office: Office, late: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, plain = late
    released(office, run_id, monkeypatch)
    partly(office, run_id, plain)
    booked(office, run_id, "0001")
    office.deliver()
    office.company.clock.advance(LATER)
    assert withdraw(office.hub, run_id, TREASURY, WHY, rest_unpaid=True).lines == 1
    again = office.draft({"0004": BOTH["0004"]}).run.run_id
    released(office, again, monkeypatch)
    office.company.clock.advance(LATER)
    with monkeypatch.context() as spoken:
        spoken.setattr(FakeChannel, "submit", answering(Receipt.accepted("it is there")))
        assert office.deliver().halted == ""
    assert [state.value for state in effect_states(office, again)] == ["accepted"]


def test_when_the_bank_speaks_of_the_first_file_after_that_the_other_run_stays_here(
    office: Office, late: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, plain = late
    released(office, run_id, monkeypatch)
    booked(office, run_id, "0001")
    office.deliver()
    office.company.clock.advance(LATER)
    withdraw(office.hub, run_id, TREASURY, WHY, rest_unpaid=True)
    released(office, office.draft({"0004": BOTH["0004"]}).run.run_id, monkeypatch)
    group(office, run_id, plain)
    assert message_id(plain) in office.deliver().halted


def test_a_reissue_of_what_the_second_file_did_not_pay_stays_here_when_the_first_may(
    office: Office, late: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, plain = late
    released(office, run_id, monkeypatch)
    office.deliver()
    second = next(each for each in office.bank.contents.values() if message_id(each) != message_id(plain))
    told = dict.fromkeys(references(office, run_id).values(), ("RJCT", "AM04"))
    say(office, AnswerKind.REPORT, report(second, "PART", told))
    again = reissue_run(office.hub, run_id, MAKER, PAY_DAY).run.run_id
    released(office, again, monkeypatch)
    partly(office, run_id, plain)
    assert message_id(plain) in office.deliver().halted
    say(office, AnswerKind.REPORT, report(plain, "RJCT").replace(TEN, LATER_ON))
    office.company.clock.advance(LATER)
    assert office.deliver().halted == ""
