"""A file that comes back in one booking is each of its payments: paid again, seen going out again, given to nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerKind
from baton.errors import ApprovalError
from baton.hub.payment.answering import Taken
from baton.hub.payment.money_back import credits_of, take_back
from baton.hub.payment.reconciling import reconcile
from baton.hub.payment.recovering import find_case
from baton.hub.payment.reissuing import reissue_run
from baton.jobs.payment.differences import DifferenceKind
from baton.model.pay_run import LineState
from baton.model.recovery import RecoveryState
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_answers import TWO, content, references, say
from tests.hub.payment.test_recovering import LATE, opened
from tests.hub.payment.test_reissue_of_files import TOTAL, in_one, require_none_again
from tests.rig.bank_papers import message_id, report, statement
from tests.rig.payroll import ACCOUNT, BANK, MAKER, card

RETURNED = b"<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"


@pytest.fixture
def paid(office: Office) -> str:
    """A run whose file the bank has booked in one."""
    run_id = office.delivered(TWO)
    booked(office, TOTAL, "DBIT", 1)
    assert set(office.states(run_id).values()) == {LineState.PAID}
    return run_id


def booked(office: Office, amount: str, way: str, day: int) -> Taken:
    """The file in one booking, on a day of December, with no word of why."""
    return say(office, AnswerKind.STATEMENT, in_december(in_one(office, amount, way, number=day), day))


def of_line(office: Office, reference: str, way: str, day: int, number: int) -> Taken:
    """The first payment alone."""
    said = in_december(statement(ACCOUNT, [(reference, "8000.00", way)], number=number), day)
    return say(office, AnswerKind.STATEMENT, said)


def in_december(said: bytes, day: int) -> bytes:
    return said.replace(b"<BookgDt><Dt>2026-11-30", f"<BookgDt><Dt>2026-12-{day:02d}".encode()).replace(RETURNED, b"")


def notified(said: bytes) -> bytes:
    """The same as a notification beforehand, which has no balance."""
    head, rest = said.split(b"<Bal>", 1)
    said = head + rest[rest.rindex(b"</Bal>") + len(b"</Bal>") :]
    for statement_, notification in ((b"camt.053", b"camt.054"), (b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn")):
        said = said.replace(statement_, notification)
    return said.replace(b"<Stmt>", b"<Ntfctn>").replace(b"</Stmt>", b"</Ntfctn>")


def test_it_is_paid_again_by_the_booking_that_brought_it_back(office: Office, paid: str) -> None:
    require_none_again(office, paid, "nothing of it has failed")
    booked(office, TOTAL, "CRDT", 2)
    assert set(office.states(paid).values()) == {LineState.RETURNED}
    again = reissue_run(office.hub, paid, MAKER, PAY_DAY)
    assert (len(again.lines), again.refused) == (2, [])
    evidence = again.run.facts["evidence"]
    assert set(evidence.values()) == {"bank/statement-1/2"}  # type: ignore[attr-defined]
    assert office.check(again.run.run_id).cleared.releasable


def test_nothing_of_it_is_paid_again_once_it_is_out_again(office: Office, paid: str) -> None:
    booked(office, TOTAL, "CRDT", 2)
    run_id = reissue_run(office.hub, paid, MAKER, PAY_DAY).run.run_id
    office.check(run_id)
    office.build(run_id)
    office.sign(run_id)
    office.release(run_id)
    alarms = booked(office, TOTAL, "DBIT", 3).alarms
    assert sorted(alarms) == sorted(f"out_again {each}" for each in references(office, paid).values())
    assert "booked out again since" in office.deliver().halted
    assert len(office.bank.files) == 1
    require_none_again(office, paid, "disputed")


def test_a_claim_on_it_is_open_again_once_it_is_out_again(office: Office, paid: str) -> None:
    office.company.clock.advance(timedelta(days=10))
    office.hire("0002", **LATE)
    case = opened(office)
    booked(office, TOTAL, "CRDT", 2)
    assert take_back(office.hub) == {case.id: 1}
    assert find_case(office.hub, case.id)[0].state is RecoveryState.REPAID
    booked(office, TOTAL, "DBIT", 3)
    assert take_back(office.hub) == {case.id: 1}
    again, _ = find_case(office.hub, case.id)
    assert (again.state, again.open_minor) == (RecoveryState.CLAIMED, 1_234_567)
    assert take_back(office.hub) == {}


def test_it_is_no_booking_for_a_person_to_give_and_what_fits_no_file_is(office: Office, paid: str) -> None:
    booked(office, TOTAL, "CRDT", 2)
    booked(office, "50.00", "CRDT", 3)
    with office.hub.database.read() as connection:
        assert [each.entry.amount_minor for each in credits_of(office.hub, connection)] == [5_000]
    assert paid


def test_a_payment_booked_with_its_file_and_returned_alone_is_out_once_it_is_booked_alone(
    office: Office, paid: str
) -> None:
    """On the same day too: it went out twice and came back once."""
    reference = references(office, paid)["0001"]
    of_line(office, reference, "CRDT", 2, 2)
    office.hire("0001", bank_account_number=card(77))
    assert len(reissue_run(office.hub, paid, MAKER, PAY_DAY).lines) == 1
    assert of_line(office, reference, "DBIT", 2, 3).alarms == [f"out_again {reference}"]
    with pytest.raises(ApprovalError, match="disputed"):
        reissue_run(office.hub, paid, MAKER, PAY_DAY)


def test_a_payment_told_alone_by_a_notification_and_with_its_file_by_the_statement_went_out_once(
    office: Office, paid: str
) -> None:
    reference = references(office, paid)["0001"]
    said = notified(in_december(statement(ACCOUNT, [(reference, "8000.00", "DBIT")], number=9), 1))
    taken = say(office, AnswerKind.STATEMENT, said)
    assert (taken.files, taken.refused) == (1, {})
    of_line(office, reference, "CRDT", 2, 2)
    office.hire("0001", bank_account_number=card(77))
    assert [line.payable.key.number for line in reissue_run(office.hub, paid, MAKER, PAY_DAY).lines] == ["0001"]


def test_what_is_booked_with_another_sum_is_no_payment_of_it(office: Office, paid: str) -> None:
    booked(office, TOTAL, "CRDT", 2)
    booked(office, "20345.66", "DBIT", 3)
    assert len(reissue_run(office.hub, paid, MAKER, PAY_DAY).lines) == 2


@pytest.mark.parametrize("beside", [None, "refused"])
@pytest.mark.parametrize("named", [True, False])
def test_why_a_file_of_one_payment_came_back_is_why_that_payment_did(
    office: Office, beside: str | None, *, named: bool
) -> None:
    """Whether the booking names the payment or its file; another payment that the bank has refused is not in it."""
    run_id = office.delivered({"0002": "12345.67"} if beside is None else TWO)
    told = {line.payable.key.number: line.reference for line in office.lines(run_id)}
    if beside is not None:
        say(office, AnswerKind.REPORT, report(content(office), "PART", {told["0001"]: ("RJCT", "AM04")}))
    for way, day in (("DBIT", 1), ("CRDT", 2)):
        of_line_ = statement(ACCOUNT, [(told["0002"], "12345.67", way)], number=day)
        say(office, AnswerKind.STATEMENT, of_line_ if named else in_one(office, "12345.67", way, number=day))
    assert office.states(run_id)["0002"] is LineState.RETURNED
    assert why_not_again(office, run_id) == "not_corrected"
    office.hire("0002", bank_account_number=card(77))
    assert why_not_again(office, run_id) == ""


def why_not_again(office: Office, run_id: str) -> str:
    """Why the returned payment is not paid again; empty where it is drafted."""
    try:
        refused = reissue_run(office.hub, run_id, MAKER, PAY_DAY).refused
    except ApprovalError as error:
        return error.message.rpartition(": ")[2]
    return "".join(why.value for line, why in refused if line.state is LineState.RETURNED)


@pytest.mark.parametrize("debited_first", [True, False])
def test_what_the_bank_has_refused_of_a_file_that_it_had_booked_whole_comes_back_by_the_files_id(
    office: Office, *, debited_first: bool
) -> None:
    run_id = office.delivered(TWO)
    known = references(office, run_id)
    answer = report(content(office), "PART", {known["0001"]: ("ACCC", ""), known["0002"]: ("RJCT", "AC04")})
    if debited_first:
        booked(office, TOTAL, "DBIT", 1)
    say(office, AnswerKind.REPORT, answer)
    if not debited_first:
        booked(office, TOTAL, "DBIT", 1)
    assert office.states(run_id) == {"0001": LineState.PAID, "0002": LineState.DISPUTED}
    assert booked(office, "12345.67", "CRDT", 2).alarms == []
    assert office.states(run_id) == {"0001": LineState.PAID, "0002": LineState.RETURNED}
    assert why_not_again(office, run_id) == "not_corrected"
    compared = reconcile(office.hub, BANK).runs[run_id]
    assert {each.kind for each in compared.differences} == {DifferenceKind.RETURNED}
    assert (compared.booked_minor, compared.came_back_minor) == (2_034_567, 1_234_567)
    office.hire("0002", bank_account_number=card(77))
    again = reissue_run(office.hub, run_id, MAKER, PAY_DAY)
    assert [line.payable.key.number for line in again.lines] == ["0002"]
    assert booked(office, TOTAL, "DBIT", 3).alarms == [f"out_again {known['0002']}"]


ALIKE = {"0001": "8000.00", "0002": "8000.00", "0003": "5000.00"}


@pytest.mark.parametrize("debited", ["21000.00", "13000.00"], ids=["whole", "without_the_refused"])
def test_what_comes_back_by_the_files_id_is_nobodys_where_another_payment_is_as_much(
    office: Office, debited: str
) -> None:
    """It is the bounce of 0002's; 0001, refused, is owed nothing of it, whether it was debited or not."""
    run_id = office.delivered(ALIKE)
    known = references(office, run_id)
    told = {known["0001"]: ("RJCT", "AM04"), known["0002"]: ("ACSC", ""), known["0003"]: ("ACSC", "")}
    say(office, AnswerKind.REPORT, report(content(office), "PART", told))
    booked(office, debited, "DBIT", 1)
    before = office.states(run_id)
    assert [alarm.split()[0] for alarm in booked(office, "8000.00", "CRDT", 2).alarms] == ["amount_differs"]
    assert office.states(run_id) == before
    kinds = {each.kind for each in reconcile(office.hub, BANK).runs[run_id].differences}
    assert (DifferenceKind.AMOUNT_DIFFERS in kinds, DifferenceKind.RETURNED in kinds) == (True, False)


def test_what_came_back_by_itself_does_not_come_back_by_the_files_id_too(office: Office) -> None:
    run_id = office.delivered({"0001": "8000.00", "0002": "12345.67", "0003": "5000.00"})
    booked(office, "25345.67", "DBIT", 1)
    of_line(office, references(office, run_id)["0001"], "CRDT", 2, 2)
    assert [alarm.split()[0] for alarm in booked(office, "8000.00", "CRDT", 3).alarms] == ["amount_differs"]


def test_a_file_booked_without_what_was_refused_and_returned_whole_is_what_was_booked(office: Office) -> None:
    run_id = office.delivered({"0001": "9000.00", "0002": "8000.00"})
    known = references(office, run_id)
    told = {known["0001"]: ("RJCT", "AM04"), known["0002"]: ("ACSC", "")}
    say(office, AnswerKind.REPORT, report(content(office), "PART", told))
    booked(office, "8000.00", "DBIT", 1)
    assert booked(office, "8000.00", "CRDT", 2).alarms == [f"returned {known['0002']}"]
    assert office.states(run_id) == {"0001": LineState.REJECTED, "0002": LineState.RETURNED}


@pytest.mark.parametrize("order", ["one_statement", "credit_first", "notified", "two_days"])
def test_a_refund_of_what_was_refused_is_not_the_return_of_as_much_that_was_paid(office: Office, order: str) -> None:
    """Nobody who has their money is paid again, whatever the bookings come in."""
    run_id = office.delivered({"0001": "8000.00", "0002": "8000.00"})
    known = references(office, run_id)
    told = {known["0001"]: ("RJCT", "AC04"), known["0002"]: ("ACSC", "")}
    say(office, AnswerKind.REPORT, report(content(office), "PART", told))
    bookings = [("16000.00", "DBIT"), ("8000.00", "CRDT")]
    if order == "notified":
        say(office, AnswerKind.STATEMENT, notified(in_december(in_one(office, "8000.00", "CRDT", number=9), 1)))
        booked(office, "16000.00", "DBIT", 1)
    elif order == "two_days":
        for day, (amount, way) in enumerate(bookings, 1):
            booked(office, amount, way, day)
    else:
        ways = bookings if order == "one_statement" else bookings[::-1]
        said = statement(ACCOUNT, [("NOBODY", amount, way) for amount, way in ways], 1)
        name = f"<PmtInfId>{message_id(content(office))}</PmtInfId>".encode()
        said = said.replace(b"<EndToEndId>NOBODY</EndToEndId>", name)
        say(office, AnswerKind.STATEMENT, in_december(said, 1))
    assert office.states(run_id)["0002"] is not LineState.RETURNED
    assert office.states(run_id)["0001"] is LineState.DISPUTED


def test_two_disputed_payments_of_one_amount_come_back_together_and_are_told_twice(office: Office) -> None:
    """By a notification, and by the statement after it."""
    run_id = office.delivered(ALIKE)
    known = references(office, run_id)
    booked(office, "21000.00", "DBIT", 1)
    told = dict.fromkeys((known["0001"], known["0002"]), ("RJCT", "AM04"))
    say(office, AnswerKind.REPORT, report(content(office), "PART", told))
    beforehand = notified(in_december(in_one(office, "16000.00", "CRDT", number=9), 2))
    assert say(office, AnswerKind.STATEMENT, beforehand).alarms == []
    assert booked(office, "16000.00", "CRDT", 2).alarms == []
    returned = dict.fromkeys(("0001", "0002"), LineState.RETURNED)
    assert office.states(run_id) == {**returned, "0003": LineState.PAID}
    compared = reconcile(office.hub, BANK).runs[run_id]
    assert {each.kind for each in compared.differences} == {DifferenceKind.RETURNED}
