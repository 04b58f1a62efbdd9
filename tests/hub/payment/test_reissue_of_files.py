"""What a bank has refused as a whole file is paid again like what it refused line by line, by what it said of the file."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerKind
from baton.errors import ApprovalError
from baton.hub.payment.reissuing import reissue_run
from baton.model.pay_run import LineState
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_answers import TWO, booked, content, references, say
from tests.rig.bank_papers import message_id, report, statement
from tests.rig.payroll import ACCOUNT, MAKER

TOTAL = "20345.67"


@pytest.fixture
def paid(office: Office) -> str:
    """A run that has been delivered."""
    return office.delivered(TWO)


def of_whole(office: Office, reason: str = "") -> bytes:
    """A refusal of the whole file that names no line."""
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    return report(content(office), "RJCT").replace(b"</GrpSts>", f"</GrpSts>{why}".encode())


def of_batch(office: Office, name: str, state: str) -> bytes:
    """What the bank says of a batch of the file, and of no line; an empty name where it names none."""
    named = name or "NOTPROVIDED"
    told = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{named}</OrgnlPmtInfId><PmtInfSts>{state}</PmtInfSts></OrgnlPmtInfAndSts>"
    )
    return report(content(office), "PART").replace(b"</CstmrPmtStsRpt>", f"{told}</CstmrPmtStsRpt>".encode())


def in_one(office: Office, amount: str, way: str = "DBIT", number: int = 1) -> bytes:
    """A statement that shows the file as one booking."""
    of_line = b"<Refs><EndToEndId>ALL</EndToEndId></Refs>"
    of_file = f"<Refs><PmtInfId>{message_id(content(office))}</PmtInfId></Refs>".encode()
    said = statement(ACCOUNT, [("ALL", amount, way)], number=number)
    assert of_line in said
    return said.replace(of_line, of_file)


def require_none_again(office: Office, run_id: str, why: str) -> None:
    with pytest.raises(ApprovalError) as caught:
        reissue_run(office.hub, run_id, MAKER, PAY_DAY)
    assert (caught.value.code, caught.value.message.rpartition(": ")[2]) == ("no_reissue", why)


def test_the_lines_of_a_refused_file_are_paid_again_by_what_the_bank_said_of_it(office: Office, paid: str) -> None:
    say(office, AnswerKind.REPORT, of_whole(office, "AM04"), "whole")
    assert set(office.states(paid).values()) == {LineState.REJECTED}
    again = reissue_run(office.hub, paid, MAKER, PAY_DAY)
    assert ([line.payable.key.attempt for line in again.lines], again.refused) == ([2, 2], [])
    assert again.run.facts["evidence"] == {line.reference: "bank/whole/1" for line in again.lines}
    run_id = again.run.run_id
    assert office.check(run_id).cleared.releasable
    office.build(run_id)
    office.sign(run_id)
    office.release(run_id)
    office.deliver()
    assert len(office.bank.files) == 2
    require_none_again(office, paid, "attempted")


def test_what_the_bank_has_against_a_file_is_nothing_against_its_payees(office: Office, paid: str) -> None:
    """The form of a file, and our own account, cannot be corrected by giving a payee another one."""
    say(office, AnswerKind.REPORT, of_whole(office, "FF01"))
    assert len(reissue_run(office.hub, paid, MAKER, PAY_DAY).lines) == 2


def test_what_it_has_against_a_line_beside_stands(office: Office, paid: str) -> None:
    refused = references(office, paid)["0002"]
    told = report(content(office), "RJCT", {refused: ("RJCT", "AC04")})
    say(office, AnswerKind.REPORT, told)
    again = reissue_run(office.hub, paid, MAKER, PAY_DAY)
    assert [line.payable.key.number for line in again.lines] == ["0001"]
    assert [(line.payable.key.number, why.value) for line, why in again.refused] == [("0002", "not_corrected")]


@pytest.mark.parametrize("first", ["whole", "lines"])
def test_a_file_that_the_bank_has_already_is_looked_up_whatever_else_is_refused(
    office: Office, paid: str, first: str
) -> None:
    of_lines = report(content(office), "PART", dict.fromkeys(references(office, paid).values(), ("RJCT", "AM04")))
    both = [of_whole(office, "AM05"), of_lines]
    for said in both if first == "whole" else reversed(both):
        say(office, AnswerKind.REPORT, said)
    require_none_again(office, paid, "duplicate")


@pytest.mark.parametrize("named", [True, False])
def test_a_batch_is_all_that_is_in_its_file(office: Office, paid: str, *, named: bool) -> None:
    say(office, AnswerKind.REPORT, of_batch(office, message_id(content(office)) if named else "", "RJCT"))
    assert set(office.states(paid).values()) == {LineState.REJECTED}
    assert len(reissue_run(office.hub, paid, MAKER, PAY_DAY).lines) == 2


def test_what_is_said_of_another_batch_is_no_word_about_these_lines(office: Office, paid: str) -> None:
    say(office, AnswerKind.REPORT, of_whole(office, "AM04"), "whole")
    other = of_batch(office, "B" * 26, "RJCT").replace(b"T10:00:00", b"T11:00:00")
    assert say(office, AnswerKind.REPORT, other, "other").alarms == [f"unknown_batch {'B' * 26}"]
    again = reissue_run(office.hub, paid, MAKER, PAY_DAY)
    assert set(again.run.facts["evidence"].values()) == {"bank/whole/1"}  # type: ignore[attr-defined]


# --- what a statement shows


@pytest.mark.parametrize("first", ["refused", "booked"])
@pytest.mark.parametrize("shown", ["lines", "one"])
def test_what_a_statement_shows_booked_is_not_paid_again(office: Office, paid: str, first: str, shown: str) -> None:
    entries = statement(ACCOUNT, booked(office, "0001", "0002")) if shown == "lines" else in_one(office, TOTAL)
    both = [(AnswerKind.REPORT, of_whole(office, "AM04")), (AnswerKind.STATEMENT, entries)]
    for kind, said in both if first == "refused" else reversed(both):
        say(office, kind, said)
    assert set(office.states(paid).values()) == {LineState.DISPUTED}
    require_none_again(office, paid, "nothing of it has failed")


def test_nor_is_one_line_of_it_that_is_booked_and_the_other_is(office: Office, paid: str) -> None:
    say(office, AnswerKind.REPORT, of_whole(office, "AM04"))
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001")))
    assert [line.payable.key.number for line in reissue_run(office.hub, paid, MAKER, PAY_DAY).lines] == ["0002"]


def test_a_refused_file_that_is_booked_with_another_sum_is_not_paid_again_until_that_came_back(
    office: Office, paid: str
) -> None:
    """Nobody knows whose money it is; the alarm about the sum is there, and so is the doubt about each line."""
    say(office, AnswerKind.REPORT, of_whole(office, "AM04"))
    say(office, AnswerKind.STATEMENT, in_one(office, "8000.01"))
    assert set(office.states(paid).values()) == {LineState.REJECTED}
    require_none_again(office, paid, "disputed")
    say(office, AnswerKind.STATEMENT, in_one(office, "8000.01", "CRDT", number=2))
    assert len(reissue_run(office.hub, paid, MAKER, PAY_DAY).lines) == 2


def test_a_refused_file_is_out_until_as_much_of_it_came_back(office: Office, paid: str) -> None:
    """A part of it that comes back is one booking too, and the rest is with somebody all the same."""
    say(office, AnswerKind.REPORT, of_whole(office, "AM04"))
    say(office, AnswerKind.STATEMENT, in_one(office, "8000.01"))
    say(office, AnswerKind.STATEMENT, in_one(office, "50.00", "CRDT", number=2))
    require_none_again(office, paid, "disputed")
    say(office, AnswerKind.STATEMENT, in_one(office, "7950.01", "CRDT", number=3))
    assert len(reissue_run(office.hub, paid, MAKER, PAY_DAY).lines) == 2


def test_nor_is_it_where_the_bank_names_each_line_that_it_refuses_with_the_file(office: Office, paid: str) -> None:
    each = dict.fromkeys(references(office, paid).values(), ("RJCT", "AM04"))
    say(office, AnswerKind.REPORT, report(content(office), "RJCT", each))
    say(office, AnswerKind.STATEMENT, in_one(office, "8000.01"))
    assert set(office.states(paid).values()) == {LineState.REJECTED}
    require_none_again(office, paid, "disputed")


def test_what_pays_a_file_again_stays_here_once_that_is_booked_with_another_sum(office: Office, paid: str) -> None:
    say(office, AnswerKind.REPORT, of_whole(office, "AM04"))
    run_id = reissue_run(office.hub, paid, MAKER, PAY_DAY).run.run_id
    office.check(run_id)
    office.build(run_id)
    office.sign(run_id)
    office.release(run_id)
    say(office, AnswerKind.STATEMENT, in_one(office, "8000.01"))
    assert "may have paid" in office.deliver().halted
    assert len(office.bank.files) == 1
    say(office, AnswerKind.STATEMENT, in_one(office, "8000.01", "CRDT", number=2))
    office.company.clock.advance(timedelta(minutes=1))
    office.deliver()
    assert len(office.bank.files) == 2


def test_what_came_back_of_a_refused_file_counts_once_however_often_it_is_told(office: Office, paid: str) -> None:
    say(office, AnswerKind.REPORT, of_whole(office, "AM04"))
    say(office, AnswerKind.STATEMENT, in_one(office, "8000.00"))
    half = in_one(office, "4000.00", "CRDT", number=2)
    say(office, AnswerKind.STATEMENT, half)
    say(office, AnswerKind.STATEMENT, half.replace(b"<MsgId>S2</MsgId>", b"<MsgId>AGAIN</MsgId>"))
    require_none_again(office, paid, "disputed")
    say(office, AnswerKind.STATEMENT, in_one(office, "4000.00", "CRDT", number=3))
    assert len(reissue_run(office.hub, paid, MAKER, PAY_DAY).lines) == 2
