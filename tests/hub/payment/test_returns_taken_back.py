"""A return counts in a recovery case while it stands: not once the bank has taken it back, or the claim is withdrawn."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerFile, AnswerKind
from baton.errors import ApprovalError
from baton.hub.payment.answering import take_answers
from baton.hub.payment.money_back import take_back
from baton.hub.payment.overpayments import find
from baton.hub.payment.recovering import find_case, open_cases, withdraw_case, write_off
from baton.hub.payment.reissuing import reissue_run, unpaid
from baton.jobs.payment.overpayment import Remedy
from baton.jobs.payment.roles import Role
from baton.model.pay_run import LineState
from baton.model.recovery import RecoveryCase, RecoveryState
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_recovering import LATE, TWO, came_in, opened, say, state
from tests.rig.bank_papers import report, statement
from tests.rig.payroll import ACCOUNT, BANK, DIRECTOR, HR, MAKER, PAYROLL, card

AMOUNT = "12345.67"


@pytest.fixture
def late(office: Office) -> Office:
    """Two people are paid as the bank has booked; afterwards HR tells that one had left before the month began."""
    run_id = office.delivered(TWO)
    for number, line in enumerate(office.lines(run_id), start=1):
        amount = TWO[line.payable.key.number].replace(",", "")
        say(office, statement(ACCOUNT, [(line.reference, amount, "DBIT")], number=number))
    office.company.clock.advance(timedelta(days=10))
    office.hire("0002", **LATE)
    return office


def booked(office: Office, case: RecoveryCase, way: str, day: int, number: int) -> None:
    """The claimed payment, booked on a day of December."""
    said = statement(ACCOUNT, [(case.lines[0].reference, AMOUNT, way)], number=number)
    say(office, said.replace(b"<BookgDt><Dt>2026-11-30", f"<BookgDt><Dt>2026-12-{day:02d}".encode()))


def test_a_return_that_the_bank_takes_back_opens_the_case_again_as_often_as_it_does(late: Office) -> None:
    case = opened(late)
    for turn in (1, 3):
        booked(late, case, "CRDT", day=turn, number=turn + 2)
        assert take_back(late.hub) == {case.id: 1}
        assert state(late, case) is RecoveryState.REPAID
        booked(late, case, "DBIT", day=turn + 1, number=turn + 3)
        assert take_back(late.hub) == {case.id: 1}
        again, _ = find_case(late.hub, case.id)
        assert (again.state, again.back_minor, again.open_minor) == (RecoveryState.CLAIMED, 0, 1_234_567)
        assert take_back(late.hub) == {}
    entries = [entry.amount_minor for entry in find_case(late.hub, case.id)[1]]
    assert entries == [1_234_567, *[1_234_567, -1_234_567] * 2]


def test_a_return_taken_back_before_it_was_counted_never_counts(late: Office) -> None:
    case = opened(late)
    booked(late, case, "CRDT", day=1, number=3)
    booked(late, case, "DBIT", day=2, number=4)
    assert take_back(late.hub) == {}
    assert state(late, case) is RecoveryState.CLAIMED


def test_what_is_out_again_is_found_as_overpaid_where_nobody_had_claimed_it(late: Office) -> None:
    (found,) = find(late.hub)["0002"].not_owed
    reference = found.line.key.reference
    for way, day, number in (("CRDT", 1, 3), ("DBIT", 2, 4)):
        said = statement(ACCOUNT, [(reference, AMOUNT, way)], number=number)
        say(late, said.replace(b"<BookgDt><Dt>2026-11-30", f"<BookgDt><Dt>2026-12-{day:02d}".encode()))
        remedies = [each.remedy for one in find(late.hub).values() for each in one.not_owed]
        assert remedies == ([] if way == "CRDT" else [Remedy.RECOVER])
    assert len(open_cases(late.hub, "0002", PAYROLL, "it is out again")) == 1


def test_a_claim_that_was_given_up_is_open_again_when_its_return_is_taken_back(late: Office) -> None:
    case = opened(late)
    write_off(late.hub, case.id, DIRECTOR, Role.DIRECTOR, "costs more")
    booked(late, case, "CRDT", day=1, number=3)
    take_back(late.hub)
    assert state(late, case) is RecoveryState.REPAID
    booked(late, case, "DBIT", day=2, number=4)
    take_back(late.hub)
    assert state(late, case) is RecoveryState.CLAIMED, "somebody decides anew whether it is given up"


def test_a_return_is_paid_again_or_owed_back_by_the_case_but_never_both(late: Office) -> None:
    case = opened(late)
    booked(late, case, "CRDT", day=1, number=3)
    came_in(late, case.reference, "5.00", number=4)
    take_back(late.hub)
    assert find_case(late.hub, case.id)[0].owed_back_minor == 500
    late.hire("0002", bank_account_number=card(77))
    after = withdraw_case(late.hub, case.id, HR, Role.HR, "she stayed")
    assert (after.state, after.owed_back_minor) == (RecoveryState.WITHDRAWN, 500), "only what she has sent herself"
    assert find_case(late.hub, case.id)[0] == after
    assert take_back(late.hub) == {}
    run_id = case.lines[0].run_id
    (line,) = reissue_run(late.hub, run_id, "maker-li", PAY_DAY).lines
    assert (line.payable.amount_minor, line.payable.key.attempt) == (1_234_567, 2)
    assert find_case(late.hub, case.id)[0].owed_back_minor == 500


def test_a_withdrawn_claim_on_what_is_out_again_owes_nothing_back(late: Office) -> None:
    case = opened(late)
    booked(late, case, "CRDT", day=1, number=3)
    take_back(late.hub)
    booked(late, case, "DBIT", day=2, number=4)
    late.hire("0002", bank_account_number=card(77))
    assert withdraw_case(late.hub, case.id, HR, Role.HR, "she stayed").owed_back_minor == 0
    assert take_back(late.hub) == {}
    assert late.states(case.lines[0].run_id)["0002"] is LineState.RETURNED
    with pytest.raises(ApprovalError, match="disputed"):
        reissue_run(late.hub, case.lines[0].run_id, "maker-li", PAY_DAY)


def signed_again(office: Office) -> tuple[str, str]:
    """The next attempt of a payment that was returned, signed; the reference of the first."""
    run_id = office.delivered(TWO)
    (reference,) = (line.reference for line in office.lines(run_id) if line.payable.key.number == "0002")
    on(office, reference, 1, "DBIT")
    on(office, reference, 2, "CRDT")
    again = reissue_run(office.hub, run_id, MAKER, PAY_DAY).run.run_id
    office.check(again)
    office.build(again)
    office.sign(again)
    return again, reference


def on(office: Office, reference: str, day: int, way: str) -> None:
    """The payment, booked on a day of December with no word of why."""
    said = statement(ACCOUNT, [(reference, AMOUNT, way)], number=day)
    said = said.replace(b"<BookgDt><Dt>2026-11-30", f"<BookgDt><Dt>2026-12-{day:02d}".encode())
    say(office, said.replace(b"<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>", b""))


def test_a_next_attempt_that_is_signed_is_not_released_once_the_first_is_out_again(office: Office) -> None:
    again, reference = signed_again(office)
    on(office, reference, 3, "DBIT")
    with pytest.raises(ApprovalError) as caught:
        office.release(again)
    assert caught.value.code == "changed"
    office.check(again)
    assert office.states(again)["0002"] is not LineState.DRAFT


def test_a_next_attempt_that_is_released_is_not_sent_once_the_first_is_out_again(office: Office) -> None:
    again, reference = signed_again(office)
    office.release(again)
    on(office, reference, 3, "DBIT")
    files = len(office.bank.files)
    assert "booked out again since" in office.deliver().halted
    assert len(office.bank.files) == files


def test_a_next_attempt_that_is_released_is_not_sent_once_the_first_is_booked_though_refused(office: Office) -> None:
    run = office.delivered(TWO)
    (content,) = office.bank.contents.values()
    refused, taken = (line.reference for line in office.lines(run))
    told = report(content, "PART", {refused: ("RJCT", "AM04"), taken: ("ACSP", "")})
    office.bank.answers.append(AnswerFile("refused", AnswerKind.REPORT, told))
    take_answers(office.hub, BANK)
    again = reissue_run(office.hub, run, MAKER, PAY_DAY).run.run_id
    office.check(again)
    office.build(again)
    office.sign(again)
    office.release(again)
    say(office, statement(ACCOUNT, [(refused, TWO["0001"].replace(",", ""), "DBIT")]))
    assert office.states(run)["0001"] is LineState.DISPUTED
    files = len(office.bank.files)
    assert "may have paid" in office.deliver().halted
    assert len(office.bank.files) == files


def test_a_file_of_which_the_bank_speaks_though_it_was_not_sent_is_not_sent(office: Office) -> None:
    office.hire("0001")
    run = office.signed({"0001": "8000.00"})
    office.release(run)
    (line,) = office.lines(run)
    say(office, statement(ACCOUNT, [(line.reference, "8000.00", "DBIT")]))
    assert f"the bank speaks of the payment {line.reference}" in office.deliver().halted
    assert not office.bank.files


def test_what_came_back_is_the_persons_unless_a_case_claims_it(late: Office) -> None:
    case = opened(late)
    booked(late, case, "CRDT", day=1, number=3)
    take_back(late.hub)

    def still_theirs() -> list[str]:
        with late.hub.database.read() as connection:
            return [line.reference for line in unpaid(late.hub, connection, "0002")]

    assert still_theirs() == []
    withdraw_case(late.hub, case.id, HR, Role.HR, "it was due")
    assert still_theirs() == [case.lines[0].reference]
