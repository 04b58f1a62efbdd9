"""Money back that the bank gives no reference of its own: each transfer counts once, wherever on a statement it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerFile, AnswerKind
from baton.errors import TransitionError
from baton.hub.payment import money_back
from baton.hub.payment.answering import take_answers
from baton.hub.payment.money_back import Credit, credit_to, credits_of, not_taken_in, take_back
from baton.hub.payment.recovering import find_case, open_cases
from baton.model.recovery import RecoveryCase
from tests.hub.payment.office import Office
from tests.hub.payment.test_recovering import LATE, late, opened, say  # noqa: F401 - a fixture
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, BANK, PAYROLL

_OWN_NAMES = rb"<AcctSvcrRef>.*?</AcctSvcrRef>|<NtryRef>.*?</NtryRef>|<RtrInf>.*?</RtrInf>"


def unnamed(rows: Sequence[tuple[str, str, str]], number: int = 7) -> bytes:
    """A statement on which the bank tells no reference of its own of any booking."""
    return re.sub(_OWN_NAMES, b"", statement(ACCOUNT, rows, number=number))


def page(rows: Sequence[tuple[str, str, str]], number: int, *, last: bool) -> bytes:
    """One page of such a statement: the first has the opening balance, and the last the closing one."""
    told = b"<StmtPgntn><PgNb>%d</PgNb><LastPgInd>%s</LastPgInd></StmtPgntn>" % (number, b"true" if last else b"false")
    said = unnamed(rows).replace(b"<Id>S7</Id>", b"<Id>S7</Id>" + told)
    opening, closing = re.findall(rb"<Bal>.*?</Bal>", said)
    return said.replace(opening if last else closing, b"")


def without_end(said: bytes, message_page: int) -> bytes:
    """A statement of a day that is not over, on a page of a message."""
    told = b"<MsgPgntn><PgNb>%d</PgNb><LastPgInd>false</LastPgInd></MsgPgntn></GrpHdr>" % message_page
    closing = re.findall(rb"<Bal>.*?</Bal>", said)[1]
    return said.replace(closing, b"").replace(b"</GrpHdr>", told)


def back(office: Office, case: RecoveryCase) -> int:
    return find_case(office.hub, case.id)[0].back_minor


def listed(office: Office) -> list[Credit]:
    with office.hub.database.read() as connection:
        return not_taken_in(office.hub, connection, credits_of(office.hub, connection))


def test_two_at_the_same_place_of_two_pages_are_two(late: Office) -> None:  # noqa: F811
    late.hire("0001", **LATE)
    hers = opened(late)
    (his,) = open_cases(late.hub, "0001", PAYROLL, "departure told late")
    say(late, page([(hers.reference, "1000.00", "CRDT")], 1, last=False))
    assert take_back(late.hub) == {hers.id: 1}
    say(late, page([(his.reference, "1000.00", "CRDT")], 2, last=True))
    assert take_back(late.hub) == {his.id: 1}
    assert (back(late, hers), back(late, his)) == (100_000, 100_000)


def test_two_that_refer_to_the_same_on_two_pages_are_two(late: Office) -> None:  # noqa: F811
    case = opened(late)
    say(late, page([(case.reference, "1000.00", "CRDT")], 1, last=False))
    say(late, page([(case.reference, "1000.00", "CRDT")], 2, last=True))
    assert take_back(late.hub) == {case.id: 2}


def test_one_on_a_page_and_on_a_copy_in_one_piece_is_one_whichever_came_first(late: Office) -> None:  # noqa: F811
    case = opened(late)
    row, fee = (case.reference, "1000.00", "CRDT"), ("FEE", "3.00", "DBIT")
    say(late, page([row], 1, last=False))
    assert take_back(late.hub) == {case.id: 1}
    say(late, unnamed([row, fee, row]))
    assert take_back(late.hub) == {case.id: 1}, "the second is on the page that has not come"
    say(late, page([fee, row], 2, last=True))
    say(late, page([row], 1, last=False))
    assert take_back(late.hub) == {}
    assert (back(late, case), listed(late)) == (200_000, [])


@pytest.mark.parametrize("minutes", [0, -5])
def test_one_that_comes_again_is_one_although_the_clock_has_stepped_back(late: Office, minutes: int) -> None:  # noqa: F811
    """Or stands still, and the later file has the name that is read first."""
    case = opened(late)
    row, fee = (case.reference, "1000.00", "CRDT"), ("FEE", "3.00", "DBIT")
    say(late, page([row], 1, last=False))
    assert take_back(late.hub) == {case.id: 1}
    late.company.clock.advance(timedelta(minutes=minutes))
    late.bank.answers.append(AnswerFile("a-copy", AnswerKind.STATEMENT, unnamed([row, fee])))
    take_answers(late.hub, BANK)
    assert take_back(late.hub) == {}
    assert (back(late, case), listed(late)) == (100_000, [])


def test_what_a_copy_in_one_piece_has_not_shown_is_given_by_a_person(late: Office) -> None:  # noqa: F811
    """Somebody has to look whether it came in after that copy was written, or the statement was cut anew."""
    case = opened(late)
    row, fee = (case.reference, "1000.00", "CRDT"), ("FEE", "3.00", "DBIT")
    say(late, unnamed([row]))
    say(late, page([row], 1, last=False))
    say(late, page([fee, row], 2, last=True))
    assert take_back(late.hub) == {case.id: 1}
    (doubtful,) = listed(late)
    assert credit_to(late.hub, case.id, doubtful.evidence, PAYROLL, "she sent it twice").back_minor == 200_000
    say(late, unnamed([row, fee, row]))
    assert take_back(late.hub) == {}
    assert listed(late) == []


def test_a_copy_in_one_piece_says_that_there_were_two(late: Office) -> None:  # noqa: F811
    case = opened(late)
    row = (case.reference, "1000.00", "CRDT")
    say(late, unnamed([row]))
    say(late, page([row], 1, last=False))
    say(late, page([row], 2, last=True))
    assert take_back(late.hub) == {case.id: 1}
    say(late, unnamed([row, ("FEE", "3.00", "DBIT"), row]))
    assert take_back(late.hub) == {case.id: 1}
    assert (back(late, case), listed(late)) == (200_000, [])


@pytest.mark.parametrize("first_page", [1, 2])
def test_one_that_stands_on_another_page_of_a_statement_that_is_cut_anew_is_not_counted_again(
    late: Office,  # noqa: F811
    first_page: int,
) -> None:
    case = opened(late)
    row, fee = (case.reference, "1000.00", "CRDT"), ("FEE", "3.00", "DBIT")
    cuts = {1: ([fee, row], [fee]), 2: ([fee], [row, fee])}
    for first in (first_page, 3 - first_page):
        say(late, page(cuts[first][0], 1, last=False))
        say(late, page(cuts[first][1], 2, last=True))
    assert take_back(late.hub) == {case.id: 1}
    assert [each.doubtful for each in listed(late)] == [True]


def test_one_on_a_page_behind_the_last_is_not_counted_again(late: Office) -> None:  # noqa: F811
    case = opened(late)
    row = (case.reference, "1000.00", "CRDT")
    say(late, page([row], 2, last=True))
    say(late, page([row], 3, last=True))
    assert take_back(late.hub) == {case.id: 1}
    assert [each.doubtful for each in listed(late)] == [True]


@pytest.mark.parametrize("message_page", [1, 2])
def test_one_in_a_statement_before_and_after_its_end_is_one_on_whichever_page_of_a_message(
    late: Office,  # noqa: F811
    message_page: int,
) -> None:
    case = opened(late)
    row = (case.reference, "1000.00", "CRDT")
    say(late, without_end(unnamed([row]), 1))
    assert take_back(late.hub) == {case.id: 1}
    say(late, without_end(unnamed([row, ("FEE", "3.00", "DBIT")]), message_page))
    assert take_back(late.hub) == {}
    say(late, unnamed([row, ("FEE", "3.00", "DBIT"), ("FEE", "4.00", "DBIT")]))
    assert take_back(late.hub) == {}
    assert back(late, case) == 100_000
    assert [each.doubtful for each in listed(late)] == [True] * (message_page - 1), "it may be of a further piece"


def test_one_that_stands_further_down_in_the_next_copy_is_one(late: Office) -> None:  # noqa: F811
    case = opened(late)
    row = (case.reference, "1000.00", "CRDT")
    say(late, unnamed([row]))
    assert take_back(late.hub) == {case.id: 1}
    say(late, unnamed([("FEE", "3.00", "DBIT"), row]))
    assert take_back(late.hub) == {}
    say(late, unnamed([("FEE", "3.00", "DBIT"), row, row]))
    assert take_back(late.hub) == {case.id: 1}, "there is a second one by now"
    assert back(late, case) == 200_000
    assert listed(late) == []


def test_one_that_names_no_case_is_given_once_from_whichever_copy(late: Office) -> None:  # noqa: F811
    case = opened(late)
    say(late, unnamed([("THANKS", "100.00", "CRDT")]))
    say(late, unnamed([("FEE", "3.00", "DBIT"), ("THANKS", "100.00", "CRDT"), ("HELLO", "100.00", "CRDT")]))
    thanks, again, hello = listed(late)
    assert thanks.evidence == again.evidence != hello.evidence
    credit_to(late.hub, case.id, thanks.evidence, PAYROLL, "her account")
    assert [each.evidence for each in listed(late)] == [hello.evidence]


@pytest.mark.parametrize("named", [True, False])
def test_what_was_taken_in_by_its_place_is_taken_in_and_so_is_its_next_copy(
    late: Office,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    *,
    named: bool,
) -> None:
    case = opened(late)
    row = (case.reference if named else "THANKS", "100.00", "CRDT")
    say(late, unnamed([row]))
    with monkeypatch.context() as before:
        before.setattr(money_back, "_PLACED", "never")
        (credit,) = listed(late)
        if named:
            assert take_back(late.hub) == {case.id: 1}
        else:
            credit_to(late.hub, case.id, credit.evidence, PAYROLL, "her account")
    say(late, unnamed([("FEE", "3.00", "DBIT"), row]))
    assert take_back(late.hub) == {}
    assert listed(late) == []
    assert back(late, case) == 10_000
    with late.hub.database.read() as connection:
        (evidence,) = {each.evidence for each in credits_of(late.hub, connection)}
    assert evidence != credit.evidence
    with pytest.raises(TransitionError) as twice:
        credit_to(late.hub, case.id, evidence, PAYROLL, "again")
    assert twice.value.code == "taken_in"
