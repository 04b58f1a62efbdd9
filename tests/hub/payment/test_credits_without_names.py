"""Money back that the bank gives no reference of its own: each transfer counts once, wherever on a statement it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from baton.errors import TransitionError
from baton.hub.payment import money_back
from baton.hub.payment.money_back import Credit, credit_to, credits_of, not_taken_in, take_back
from baton.hub.payment.recovering import find_case, open_cases
from baton.model.recovery import RecoveryCase
from tests.hub.payment.office import Office
from tests.hub.payment.test_recovering import LATE, late, opened, say  # noqa: F401 - a fixture
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, PAYROLL

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
