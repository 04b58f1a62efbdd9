"""What the bank says, taken in once, believed as far as it goes, and reconciled to zero."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.contracts.payments import AnswerFile, AnswerKind
from baton.errors import ApprovalError, HaltError
from baton.hub.payment.answering import Taken, take_answers
from baton.hub.payment.found_at_bank import take_again
from baton.hub.payment.reconciling import reconcile
from baton.hub.payment.reissuing import reissue_run
from baton.hub.payment.signing import cancel
from baton.jobs.payment.differences import DifferenceKind
from baton.jobs.payment.reconciliation import Verdict
from baton.model.account import Outcome
from baton.model.bank_answers import AnswerLevel
from baton.model.pay_run import LineState
from baton.store.bank_answers import BankEvent, BankFile
from baton.store.runs import RunState
from baton.store.tables import pay_runs
from tests.hub.payment.office import PAY_DAY, Office
from tests.rig.bank_papers import lines, message_id, report, statement
from tests.rig.payroll import ACCOUNT, BANK, CNAPS, TREASURY, FakeChannel, card

TWO = {"0001": "8000.00", "0002": "12,345.67"}
ROWS = """
based_on: iso20022-cny
title: answers in rows
answers:
  {format: rows, encoding: utf-8, columns: 3, message_id: 1, reference: 2, state: 3,
   states: {"yes": debited, "no": rejected}}
"""


@pytest.fixture
def paid(office: Office) -> str:
    """A run that has been delivered."""
    return office.delivered(TWO)


def content(office: Office) -> bytes:
    (plain,) = office.bank.contents.values()
    return plain


def references(office: Office, run_id: str) -> dict[str, str]:
    return {line.payable.key.number: line.reference for line in office.lines(run_id)}


def say(office: Office, kind: AnswerKind, data: bytes, name: str = "") -> Taken:
    office.bank.answers.append(AnswerFile(name or f"{kind}-{len(office.bank.answers)}", kind, data))
    return take_answers(office.hub, BANK)


def booked(office: Office, *numbers: str) -> list[tuple[str, str, str]]:
    known = references(office, office.lines_run())
    return [(known[number], lines(content(office))[known[number]][1], "DBIT") for number in numbers]


def test_accepted_is_not_paid_and_a_booking_is(office: Office, paid: str) -> None:
    say(office, AnswerKind.REPORT, report(content(office)))
    assert set(office.states(paid).values()) == {LineState.ACCEPTED}
    office.deliver()  # hears of it: the delivery itself is done
    taken = say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001", "0002")))
    assert taken.alarms == []
    assert set(office.states(paid).values()) == {LineState.PAID}
    view = reconcile(office.hub, BANK)
    assert (view.verdict, view.runs[paid].rest_minor, list(view.runs[paid].differences)) == (Verdict.CLEAN, 0, [])
    with office.hub.database.read() as connection:
        run = office.hub.runs.get(connection, paid)
    assert run is not None
    assert (run.state, run.verdict) == (RunState.SETTLED, "clean")


def test_a_refused_line_is_not_paid_and_the_rest_is(office: Office, paid: str) -> None:
    refused = references(office, paid)["0002"]
    say(office, AnswerKind.REPORT, report(content(office), "PART", {refused: ("RJCT", "AC04")}))
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001")))
    assert office.states(paid) == {"0001": LineState.PAID, "0002": LineState.REJECTED}
    assert reconcile(office.hub, BANK).verdict is Verdict.CLEAN


def test_a_statement_that_breaks_its_schema_is_read_with_a_warning_unless_the_bank_is_read_strictly(
    office: Office, paid: str
) -> None:
    said = statement(ACCOUNT, booked(office, "0001", "0002")).replace(b"<Cd>PAY</Cd>", b"<Cd>" + b"P" * 36 + b"</Cd>")
    before = office.states(paid)
    office.company.reading = "strict"
    with office.company.open() as hub:
        strict = Office(office.company, hub)
        taken = say(strict, AnswerKind.STATEMENT, said, "S1")
        assert (taken.files, taken.moved, list(taken.refused)) == (0, {}, ["S1"])
        assert "[schema]" in taken.refused["S1"]
        assert office.states(paid) == before
        in_order = say(strict, AnswerKind.REPORT, report(content(office)), "R1")
        assert (in_order.files, list(in_order.refused)) == (1, ["S1"])
        assert set(office.states(paid).values()) == {LineState.ACCEPTED}
    taken = take_answers(office.hub, BANK)
    assert (taken.files, taken.warnings, taken.refused) == (1, 2, {})
    assert set(office.states(paid).values()) == {LineState.PAID}


def test_what_comes_back_is_an_alarm_and_no_longer_paid(office: Office, paid: str) -> None:
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001", "0002")))
    (reference, amount, _) = booked(office, "0002")[0]
    back = statement(ACCOUNT, [(reference, amount, "CRDT")], number=2, opening="79654.33")
    taken = say(office, AnswerKind.STATEMENT, back)
    assert taken.alarms == [f"returned {reference}"]
    assert office.states(paid)["0002"] is LineState.RETURNED
    assert reconcile(office.hub, BANK).differences == {DifferenceKind.RETURNED: 1}


def test_the_same_file_and_the_same_statement_twice_change_nothing(office: Office, paid: str) -> None:
    data = statement(ACCOUNT, booked(office, "0001", "0002"))
    say(office, AnswerKind.STATEMENT, data, "first")
    assert take_answers(office.hub, BANK).files == 0
    say(office, AnswerKind.STATEMENT, data, "under-another-name")
    assert set(office.states(paid).values()) == {LineState.PAID}
    view = reconcile(office.hub, BANK)
    assert view.differences == {DifferenceKind.DOUBLED_STATEMENT: 1}
    assert view.verdict is Verdict.CLEAN


def test_a_debit_nobody_asked_for_is_an_alarm(office: Office, paid: str) -> None:
    entries = [*booked(office, "0001", "0002"), ("STRANGER", "77.00", "DBIT")]
    taken = say(office, AnswerKind.STATEMENT, statement(ACCOUNT, entries))
    assert [alarm.split()[0] for alarm in taken.alarms] == ["unexpected_debit"]
    view = reconcile(office.hub, BANK)
    assert (view.verdict, view.differences[DifferenceKind.UNEXPECTED_DEBIT]) == (Verdict.DIFFERENT, 1)


def test_a_refusal_after_the_money_has_left_is_a_dispute(office: Office, paid: str) -> None:
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001", "0002")))
    refused = references(office, paid)["0001"]
    taken = say(office, AnswerKind.REPORT, report(content(office), "PART", {refused: ("RJCT", "MS03")}))
    assert taken.alarms == [f"disputed {refused}"]
    assert office.states(paid)["0001"] is LineState.DISPUTED


def test_an_answer_about_an_unknown_order_is_kept_and_told(office: Office, paid: str) -> None:
    strange = report(
        content(office)
        .replace(b"<MsgId>", b"<MsgId>")
        .replace(content(office)[content(office).index(b"<MsgId>") + 7 :][:26], b"A" * 26)
    )
    taken = say(office, AnswerKind.REPORT, strange)
    assert taken.alarms == [f"unknown_order {'A' * 26}"]
    assert set(office.states(paid).values()) == {LineState.RELEASED}


def test_a_file_that_is_no_answer_keeps_no_other_from_being_read(office: Office, paid: str) -> None:
    office.bank.answers.append(AnswerFile("a-broken", AnswerKind.REPORT, b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"))
    taken = say(office, AnswerKind.REPORT, report(content(office)))
    assert list(taken.refused) == ["a-broken"]
    assert set(office.states(paid).values()) == {LineState.ACCEPTED}


def test_what_one_bank_says_of_a_run_at_another_moves_nothing(office: Office, paid: str) -> None:
    refused = references(office, paid)["0001"]
    with office.hub.database.write() as connection:
        connection.execute(sa.update(pay_runs).values(system="bank2"))
    said = report(content(office), "PART", {refused: ("RJCT", "AC04")})
    taken = say(office, AnswerKind.REPORT, said)
    assert taken.alarms == [f"unknown_line {refused}", f"unknown_order {message_id(content(office))}"]
    assert set(office.states(paid).values()) == {LineState.RELEASED}


def test_what_another_bank_says_of_a_file_is_no_answer_to_its_delivery(office: Office, paid: str) -> None:
    message = message_id(content(office))
    event = BankEvent("bank2", "r1", 1, message, "", AnswerLevel.FILE.value, "rejected", "", office.hub.clock.now())
    file = BankFile("bank2", "r1", "report", "d", office.hub.clock.now())
    with office.hub.database.write() as connection:
        office.hub.bank_answers.take(connection, file, [event])
        receipts = {name: office.hub.bank_answers.file_receipt(connection, name, message) for name in (BANK, "bank2")}
    assert {name: each.outcome for name, each in receipts.items()} == {
        BANK: Outcome.ACCEPTED,
        "bank2": Outcome.REFUSED,
    }


def test_an_answer_that_names_no_order_says_nothing_of_lines_that_are_in_no_file(office: Office, paid: str) -> None:
    office.hire("0003")
    given_up = office.draft({"0003": "7000.00"}).run.run_id
    cancel(office.hub, given_up, TREASURY, "not this month")
    known = references(office, paid)
    message = f"<OrgnlMsgId>{message_id(content(office))}</OrgnlMsgId>".encode()
    nameless = report(content(office), "PART", {known["0001"]: ("ACSC", "")}).replace(message, b"")
    assert say(office, AnswerKind.REPORT, nameless).alarms == []
    assert office.states(paid) == {"0001": LineState.DEBITED, "0002": LineState.RELEASED}


def test_a_profile_that_has_gone_keeps_no_other_bank_file_from_being_read(office: Office, paid: str) -> None:
    with office.hub.database.write() as connection:
        connection.execute(sa.update(pay_runs).values(profile="gone"))
    office.bank.answers.append(AnswerFile("a-report", AnswerKind.REPORT, report(content(office))))
    taken = say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001", "0002")))
    assert "there is no bank profile 'gone'" in taken.refused.pop("a-report")
    assert taken.refused == {}
    assert set(office.states(paid).values()) == {LineState.PAID}


def test_a_payable_of_which_the_bank_cannot_say_anything_yet_is_not_paid_as_if_it_had_refused(office: Office) -> None:
    """A store that was set back knows the line as a draft, and the bank as an order it is still looking into."""
    office.hire(*TWO)
    run_id = office.draft(TWO).run.run_id
    known, now = references(office, run_id), office.hub.clock.now()
    with office.hub.database.write() as connection:
        events = [
            BankEvent(BANK, "r1", place, "", known[number], AnswerLevel.LINE.value, state, "", now)
            for place, (number, state) in enumerate({"0001": "unknown", "0002": "rejected"}.items(), start=1)
        ]
        office.hub.bank_answers.take(connection, BankFile(BANK, "r1", "report", "d", now), events)
    office.check(run_id)
    assert office.states(run_id) == {"0001": LineState.LEFT_OUT, "0002": LineState.DRAFT}


def test_nothing_compared_is_no_success(office: Office, paid: str) -> None:
    assert reconcile(office.hub, BANK).verdict is Verdict.NOTHING_COMPARED


def test_what_came_back_is_paid_again_as_the_next_attempt_once_and_only_with_another_account(
    office: Office, paid: str
) -> None:
    refused = references(office, paid)["0002"]
    say(office, AnswerKind.REPORT, report(content(office), "PART", {refused: ("RJCT", "AC04")}))
    with pytest.raises(ApprovalError) as caught:
        reissue_run(office.hub, paid, "maker-li", PAY_DAY)
    assert "not_corrected" in caught.value.message
    office.hire("0002", bank_account_number=card(77))
    again = reissue_run(office.hub, paid, "maker-li", PAY_DAY)
    (line,) = again.lines
    assert (line.payable.key.number, line.payable.key.attempt) == ("0002", 2)
    assert line.payable.payee.account == card(77)
    assert line.reference != refused
    with pytest.raises(ApprovalError) as caught:
        reissue_run(office.hub, paid, "maker-li", PAY_DAY)
    assert "attempted" in caught.value.message


def test_a_new_account_is_paid_at_its_own_bank_and_not_at_that_of_the_account_before(office: Office, paid: str) -> None:
    refused = references(office, paid)
    say(office, AnswerKind.REPORT, report(content(office), "PART", dict.fromkeys(refused.values(), ("RJCT", "AM04"))))
    office.hire("0001", bank_code=None, bank_name=None)
    office.hire("0002", bank_account_number=card(77), bank_code=None, bank_name=None)
    again = reissue_run(office.hub, paid, "maker-li", PAY_DAY)
    payees = {line.payable.key.number: line.payable.payee for line in again.lines}
    assert (payees["0001"].account, payees["0001"].bank_code) == (card(1), CNAPS)
    assert (payees["0002"].account, payees["0002"].bank_code) == (card(77), "")


@pytest.mark.parametrize(
    ("later", "may"),
    [
        ([("2026-12-02", "DBIT")], False),
        ([("2026-12-02", "DBIT"), ("2026-12-03", "CRDT")], True),
        ([("2026-11-30", "DBIT")], False),
        ([], True),
    ],
)
def test_what_was_returned_and_booked_once_more_is_not_paid_again(
    office: Office, paid: str, later: list[tuple[str, str]], *, may: bool
) -> None:
    """A bank that takes a return back books the payment again: the money is out, whatever the line is called."""
    known, day = references(office, paid)["0002"], b"<BookgDt><Dt>2026-11-30"
    heard: list[str] = []
    for at, (when, way) in enumerate([("2026-11-30", "DBIT"), ("2026-12-01", "CRDT"), *later], start=1):
        said = statement(ACCOUNT, [(known, "12345.67", way)], number=at)
        said = said.replace(day, day.replace(b"2026-11-30", when.encode()))
        for copy in ("", "again-"):  # the same statement under another name is no second booking
            heard += say(office, AnswerKind.STATEMENT, said, f"{copy}S{at}").alarms
    assert heard == [f"returned {known}", *([f"out_again {known}"] if later else [])], "told when it is read, and once"
    assert office.states(paid)["0002"] is LineState.RETURNED
    office.hire("0002", bank_account_number=card(77))
    if may:
        assert [line.payable.key.attempt for line in reissue_run(office.hub, paid, "maker-li", PAY_DAY).lines] == [2]
        return
    with pytest.raises(ApprovalError, match="disputed"):
        reissue_run(office.hub, paid, "maker-li", PAY_DAY)


def test_nothing_is_paid_again_of_a_run_whose_fate_is_unknown(office: Office, paid: str) -> None:
    with pytest.raises(ApprovalError) as caught:
        reissue_run(office.hub, paid, "maker-li", PAY_DAY)
    assert caught.value.code == "no_reissue"


def test_a_file_that_nobody_has_signed_takes_away_nothing_that_the_others_told(
    office: Office, paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers(channel: FakeChannel, known: Collection[str]) -> Iterator[AnswerFile]:
        yield from (answer for answer in channel.bank.answers if answer.name not in known)
        raise HaltError("nothing was concluded from garbage", code="not_an_answer", remedy="ask the bank")

    monkeypatch.setattr(FakeChannel, "answers", answers)
    taken = say(office, AnswerKind.STATEMENT, statement(ACCOUNT, [("STRANGER", "77.00", "DBIT")]))
    assert ([each.split()[0] for each in taken.alarms], taken.files) == (["unexpected_debit"], 1)
    assert taken.halted is not None
    assert str(taken.halted) == "nothing was concluded from garbage — ask the bank"
    with pytest.raises(HaltError):
        take_again(office.hub, BANK)


def test_a_later_refusal_without_a_reason_does_not_take_back_that_the_bank_has_it_already(
    office: Office, paid: str
) -> None:
    refused = references(office, paid)["0002"]
    say(office, AnswerKind.REPORT, report(content(office), "PART", {refused: ("RJCT", "AM05")}))
    later = report(content(office), "PART", {refused: ("RJCT", "MS03")}).replace(b"T10:00:00", b"T11:00:00")
    say(office, AnswerKind.REPORT, later)
    with pytest.raises(ApprovalError, match="duplicate"):
        reissue_run(office.hub, paid, TREASURY, PAY_DAY)


@pytest.mark.parametrize("message", ["A" * 26, "of another file of ours"])
def test_what_is_said_of_another_file_moves_no_line_of_this_one(office: Office, paid: str, message: str) -> None:
    refused, ours = references(office, paid)["0002"], message_id(content(office))
    if len(message) != 26:
        office.hire("0003")
        message = office.lines(office.prepared({"0003": "7000.00"}))[0].message_id
    said = report(content(office), "PART", {refused: ("RJCT", "AC04")}).replace(ours.encode(), message.encode())
    taken = say(office, AnswerKind.REPORT, said)
    assert f"unknown_line {refused}" in taken.alarms
    assert office.states(paid)["0002"] is LineState.RELEASED


def test_a_report_that_names_no_file_is_believed_of_the_lines_it_names(office: Office, paid: str) -> None:
    refused, ours = references(office, paid)["0002"], message_id(content(office))
    said = report(content(office), "PART", {refused: ("RJCT", "AC04")}).replace(ours.encode(), b"NOTPROVIDED")
    assert say(office, AnswerKind.REPORT, said).alarms == []
    assert office.states(paid) == {"0001": LineState.RELEASED, "0002": LineState.REJECTED}


def test_a_row_without_the_files_name_counts_beside_rows_that_have_it(office: Office, tmp_path: Path) -> None:
    """A bank that lists results as rows, and leaves the file's name out in one of them."""
    (tmp_path / "rows.yaml").write_text(ROWS, "utf-8")
    office.company.profile, office.company.profiles = "rows", tmp_path
    with office.company.open() as hub:
        its = Office(office.company, hub)
        its.hire(*TWO)
        run_id = its.signed(TWO)
        its.release(run_id)
        its.deliver()
        known, message = references(its, run_id), message_id(content(its))
        rows = [("", known["0002"], "no"), (message, known["0001"], "yes")]
        for at, told in enumerate((rows, rows[::-1])):
            say(its, AnswerKind.REPORT, "".join(f"{','.join(row)}\n" for row in told).encode(), f"rows-{at}")
            assert its.states(run_id) == {"0001": LineState.DEBITED, "0002": LineState.REJECTED}
