"""Statements of one name: a copy is what has the same content, in one file or in two; anything else is told."""

from __future__ import annotations

import pytest

from baton.contracts.payments import AnswerKind
from baton.errors import ApprovalError
from baton.hub.payment.reconciling import reconcile
from baton.hub.payment.reissuing import reissue_run
from baton.jobs.payment.differences import DifferenceKind
from baton.jobs.payment.reconciliation import Verdict
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_answers import TWO, booked, say
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, BANK, card


@pytest.fixture
def paid(office: Office) -> str:
    """A run that has been delivered."""
    return office.delivered(TWO)


def two_in_one(first: bytes, second: bytes) -> bytes:
    """A file with the statements of two."""
    end = b"</BkToCstmrStmt>"
    inside = second[second.index(b"<Stmt>") : second.index(end)]
    return first.replace(end, inside + end)


@pytest.mark.parametrize("named", ["S1", ""])
def test_two_statements_of_one_file_are_told_apart_by_what_is_in_them(office: Office, paid: str, named: str) -> None:
    one, two = booked(office, "0001", "0002")
    said = two_in_one(statement(ACCOUNT, [one]), statement(ACCOUNT, [two]))
    if not named:
        said = said.replace(b"<Id>S1</Id><ElctrncSeqNb>1</ElctrncSeqNb>", b"<Id></Id>")
    say(office, AnswerKind.STATEMENT, said)
    view = reconcile(office.hub, BANK)
    changed = view.differences[DifferenceKind.CHANGED_STATEMENT]
    assert (changed, view.differences[DifferenceKind.DOUBLED_STATEMENT]) == ((1, 0) if named else (0, 0))
    assert view.entries == (1 if named else 2)


def test_the_same_statement_twice_in_one_file_is_one(office: Office, paid: str) -> None:
    said = statement(ACCOUNT, booked(office, "0001", "0002"))
    assert say(office, AnswerKind.STATEMENT, two_in_one(said, said)).alarms == []
    view = reconcile(office.hub, BANK)
    assert (view.verdict, view.differences) == (Verdict.CLEAN, {DifferenceKind.DOUBLED_STATEMENT: 1})


def test_a_statement_that_came_again_in_another_file_is_a_copy_by_what_is_in_it(office: Office, paid: str) -> None:
    said = statement(ACCOUNT, booked(office, "0001", "0002"))
    say(office, AnswerKind.STATEMENT, said)
    say(office, AnswerKind.STATEMENT, said.replace(b"<MsgId>S1</MsgId>", b"<MsgId>AGAIN</MsgId>"))
    view = reconcile(office.hub, BANK)
    assert (view.verdict, view.differences) == (Verdict.CLEAN, {DifferenceKind.DOUBLED_STATEMENT: 1})


@pytest.mark.parametrize(
    ("first", "second", "may"),
    [("OB", "OBO", False), ("O", "OB", True), ("OBO", "OB", False), ("OB", "B", True)],
)
def test_a_payment_is_out_again_by_all_that_two_statements_of_one_name_show(
    office: Office, paid: str, first: str, second: str, *, may: bool
) -> None:
    (reference, amount, _) = booked(office, "0002")[0]
    ways = {"O": (reference, amount, "DBIT"), "B": (reference, amount, "CRDT")}
    for shown in (first, second, second):
        say(office, AnswerKind.STATEMENT, statement(ACCOUNT, [ways[way] for way in shown]))
    office.hire("0002", bank_account_number=card(77))
    if may:
        assert len(reissue_run(office.hub, paid, "maker-li", PAY_DAY).lines) == 1
        return
    with pytest.raises(ApprovalError, match="disputed"):
        reissue_run(office.hub, paid, "maker-li", PAY_DAY)


def test_a_whole_statement_of_a_messages_second_page_that_comes_again_alone_is_a_copy(
    office: Office, paid: str
) -> None:
    said = statement(ACCOUNT, booked(office, "0001", "0002"))
    page = b"<MsgPgntn><PgNb>2</PgNb><LastPgInd>true</LastPgInd></MsgPgntn></GrpHdr>"
    on_a_page = said.replace(b"</GrpHdr>", page, 1)
    assert on_a_page != said
    say(office, AnswerKind.STATEMENT, on_a_page)
    say(office, AnswerKind.STATEMENT, said.replace(b"<MsgId>S1</MsgId>", b"<MsgId>AGAIN</MsgId>"))
    view = reconcile(office.hub, BANK)
    assert (view.verdict, view.differences) == (Verdict.CLEAN, {DifferenceKind.DOUBLED_STATEMENT: 1})
