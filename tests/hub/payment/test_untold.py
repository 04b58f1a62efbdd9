"""A file of which the bank never tells whether it has it: two people say so, and whoever is in it is paid once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from baton.errors import ApprovalError, HaltError
from baton.hub import decisions
from baton.hub.decisions import Resolution
from baton.hub.payment import recalling
from baton.hub.payment.declaring import Declared, Word, declare
from baton.hub.payment.withdrawing import withdraw
from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import references
from tests.hub.payment.test_told_of import BOTH, booked
from tests.hub.payment.test_told_of import answering as saying
from tests.payment.steps import effect_states
from tests.rig.payroll import PAYROLL, TREASURY, FakeChannel

NO_TRACE = Receipt.in_doubt("no_trace", "neither the file nor an answer is at the bank")
OTHER = Receipt.refused("other_content", "another file has the name")
NOT_THERE = Receipt.not_performed("not_delivered", "is not there")
DESK = "the bank's desk, call of 10:15: it has no such file"


def closed(*_: object) -> None:
    raise HaltError("the login was refused", code="login")


@pytest.fixture
def untold(office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run whose only file was in doubt an hour ago, at a bank that takes files away without a trace."""
    office.hire(*BOTH)
    run_id = office.signed(BOTH)
    office.release(run_id)
    monkeypatch.setattr(FakeChannel, "submit", saying(Receipt.in_doubt("timeout", "no answer")))
    monkeypatch.setattr(FakeChannel, "trace", saying(NO_TRACE))
    assert office.deliver().halted == "", "the bank may still tell"
    office.company.clock.advance(timedelta(hours=1))
    return run_id


def file_of(office: Office, run_id: str) -> str:
    with office.hub.database.read() as connection:
        (file,) = office.hub.pay_runs.files(connection, run_id)
    return file.message_id


def agreed(office: Office, run_id: str, word: Word) -> Declared:
    file = file_of(office, run_id)
    assert not declare(office.hub, file, word, PAYROLL, DESK).counts
    return declare(office.hub, file, word, TREASURY, "letter of the bank of today")


def refused(office: Office, run_id: str, code: str, word: Word = Word.HAS_NOT, person: str = TREASURY) -> str:
    before = effect_states(office, run_id)
    with pytest.raises(ApprovalError) as caught:
        declare(office.hub, file_of(office, run_id), word, person, DESK)
    assert (caught.value.code, effect_states(office, run_id)) == (code, before)
    return caught.value.remedy


def given_up(office: Office, run_id: str) -> None:
    with office.hub.database.read() as connection:
        (file,) = office.hub.pay_runs.files(connection, run_id)
    decisions.resolve(office.hub, file.effect_key, Resolution.GIVE_UP, TREASURY, DESK)
    office.company.clock.advance(timedelta(hours=1))


@pytest.mark.parametrize("ended", [False, True], ids=["in_doubt", "given_up"])
def test_every_command_names_the_one_that_works_until_it_was_done(office: Office, untold: str, ended: bool) -> None:
    if ended:
        given_up(office, untold)
    command = f"baton pay declare {file_of(office, untold)} has|has-not"
    report = office.deliver()
    assert (command in report.halted, report.needs_person) == (True, True)
    for rest_unpaid in (False, True):
        with pytest.raises(ApprovalError) as caught:
            withdraw(office.hub, untold, TREASURY, DESK, rest_unpaid=rest_unpaid)
        assert (caught.value.code, command in caught.value.remedy) == ("untold", True)
    assert office.states(untold) == dict.fromkeys(BOTH, LineState.RELEASED)


@pytest.mark.parametrize("answer", [saying(NO_TRACE), saying(OTHER), closed], ids=["no_trace", "other", "closed"])
@pytest.mark.parametrize("ended", [False, True], ids=["in_doubt", "given_up"])
def test_what_two_people_say_is_not_there_is_taken_back_and_paid_once(
    office: Office, untold: str, monkeypatch: pytest.MonkeyPatch, answer: Callable[..., object], ended: bool
) -> None:
    if ended:
        given_up(office, untold)
    monkeypatch.setattr(FakeChannel, "trace", answer)
    assert agreed(office, untold, Word.HAS_NOT).counts
    assert effect_states(office, untold) == [EffectState.REFUSED]
    assert "nobody in it is paid" in office.deliver().halted
    assert withdraw(office.hub, untold, TREASURY, DESK).lines == 2
    with office.hub.database.read() as connection:
        said = [
            each.decision.split()[1]
            for each in office.hub.runs.decisions(connection, untold)
            if "bank" in each.decision
        ]
    assert said == ["has-not", "has-not"]
    monkeypatch.undo()
    office.check(untold)
    office.build(untold)
    office.sign(untold)
    office.release(untold)
    assert office.deliver().halted == ""
    assert Counter(each.decode() for each in office.bank.seen) == Counter(references(office, untold).values())


def test_what_two_people_say_is_there_is_never_sent_and_its_end_is_the_banks_to_tell(
    office: Office, untold: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert agreed(office, untold, Word.HAS).counts
    monkeypatch.undo()
    assert (office.deliver().halted, office.bank.files) == ("", {})
    assert effect_states(office, untold) == [EffectState.ACCEPTED]
    booked(office, untold, "0001", "0004")
    assert set(office.states(untold).values()) == {LineState.PAID}


@pytest.mark.parametrize("spoken_of", [False, True], ids=["silent", "of_one"])
def test_what_two_people_say_is_there_of_a_delivery_that_was_given_up_is_not_taken_back(
    office: Office, untold: str, monkeypatch: pytest.MonkeyPatch, spoken_of: bool
) -> None:
    """Not even once the bank's list has it no more: whoever is in it would be paid twice."""
    given_up(office, untold)
    assert agreed(office, untold, Word.HAS).counts
    assert effect_states(office, untold) == [EffectState.REFUSED]
    if spoken_of:
        booked(office, untold, "0001")
    monkeypatch.setattr(FakeChannel, "trace", saying(NOT_THERE))
    before = office.states(untold)
    assert (office.deliver().halted, office.bank.files) == ("", {})
    for rest_unpaid in (False, True):
        with pytest.raises(ApprovalError) as caught:
            withdraw(office.hub, untold, TREASURY, DESK, rest_unpaid=rest_unpaid)
        assert (caught.value.code, "baton pay recall" in caught.value.remedy) == ("sent", True)
    refused(office, untold, "not_asked")
    assert office.states(untold) == before
    booked(office, untold, *(each for each in BOTH if before[each] is not LineState.PAID), number=2)
    assert set(office.states(untold).values()) == {LineState.PAID}


def test_what_is_there_by_two_peoples_word_can_be_recalled_at_the_bank(office: Office, untold: str) -> None:
    given_up(office, untold)
    agreed(office, untold, Word.HAS)
    recalled = recalling.drafted_recall(office.hub, untold, [1], TREASURY, DESK)
    assert list(recalled.letters) == [file_of(office, untold)]


def test_one_person_is_not_two_whoever_holds_no_office_is_not_heard_and_a_contradiction_begins_anew(
    office: Office, untold: str
) -> None:
    assert "payments.roles" in refused(office, untold, "role", person="nobody-in-particular")
    file = file_of(office, untold)
    assert not declare(office.hub, file, Word.HAS_NOT, TREASURY, DESK).counts
    refused(office, untold, "maker", person=f" {TREASURY.upper()} ")
    assert not declare(office.hub, file, Word.HAS, PAYROLL, "they have found it").counts
    assert not declare(office.hub, file, Word.HAS_NOT, TREASURY, DESK).counts
    assert effect_states(office, untold) == [EffectState.IN_DOUBT]


@pytest.mark.parametrize("answer", [NOT_THERE, Receipt.accepted("it is there")], ids=["not_there", "there"])
def test_nobody_speaks_for_a_bank_that_tells_by_itself(
    office: Office, untold: str, monkeypatch: pytest.MonkeyPatch, answer: Receipt
) -> None:
    monkeypatch.setattr(FakeChannel, "trace", saying(answer))
    assert "baton pay deliver" in refused(office, untold, "bank_tells")


def test_nobody_speaks_for_it_where_it_speaks_of_a_payment_in_the_file(office: Office, untold: str) -> None:
    booked(office, untold, "0001")
    refused(office, untold, "not_asked")
    assert "baton pay declare" not in office.deliver().halted


def test_nor_of_a_file_that_waits_here_or_has_arrived(office: Office) -> None:
    office.hire(*BOTH)
    run_id = office.signed(BOTH)
    refused(office, run_id, "not_asked")
    office.release(run_id)
    refused(office, run_id, "not_asked")
    office.deliver()
    refused(office, run_id, "not_asked")


def test_in_the_first_hour_of_a_try_it_may_still_be_on_its_way_and_what_was_said_of_the_last_try_is_void(
    office: Office, untold: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = file_of(office, untold)
    declare(office.hub, file, Word.HAS_NOT, PAYROLL, DESK)
    office.company.clock.advance(timedelta(minutes=1))
    monkeypatch.setattr(FakeChannel, "trace", saying(NOT_THERE))
    office.deliver()
    monkeypatch.setattr(FakeChannel, "trace", saying(NO_TRACE))
    office.deliver()
    assert effect_states(office, untold) == [EffectState.IN_DOUBT]
    assert "UTC" in refused(office, untold, "early")
    office.company.clock.advance(timedelta(hours=1))
    assert not declare(office.hub, file, Word.HAS_NOT, TREASURY, DESK).counts


def test_the_banks_own_word_goes_before_what_people_have_said(
    office: Office, untold: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed(office, untold, Word.HAS_NOT)
    monkeypatch.setattr(FakeChannel, "trace", saying(Receipt.accepted("it is there")))
    with pytest.raises(ApprovalError) as caught:
        withdraw(office.hub, untold, TREASURY, DESK)
    assert caught.value.code == "sent"
    assert office.states(untold) == dict.fromkeys(BOTH, LineState.RELEASED)
