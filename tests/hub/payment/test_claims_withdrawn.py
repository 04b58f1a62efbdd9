"""A claim that HR withdraws when the rest was paid again already: what it had claimed is owed by the case, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from baton.hub.payment.money_back import take_back
from baton.hub.payment.overpayments import find
from baton.hub.payment.recovering import find_case, withdraw_case
from baton.hub.payment.reissuing import Reissued, reissue_run
from baton.hub.payment.signing import cancel
from baton.jobs.payment.roles import Role
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.people import EmploymentStatus
from baton.model.recovery import RecoveryCase, RecoveryState
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_recovering import came_in, opened, say
from tests.hub.payment.test_repaying import moved
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, HR, MAKER, card

WHOLE = 800_000


@pytest.fixture
def returned(office: Office) -> RecoveryCase:
    """The claim on a part of a payment that was returned afterwards, and counts as back."""
    run_id = office.delivered({"0002": "8000.00"})
    (line,) = office.lines(run_id)
    booked(office, line.reference, "DBIT", 1)
    office.company.clock.advance(timedelta(days=10))
    left(office, date(2026, 11, 10))
    case = opened(office)
    assert 0 < case.amount_minor < WHOLE
    booked(office, line.reference, "CRDT", 2)
    assert take_back(office.hub) == {case.id: 1}
    return case


def booked(office: Office, reference: str, way: str, day: int) -> None:
    said = statement(ACCOUNT, [(reference, "8000.00", way)], number=day)
    say(office, said.replace(b"<BookgDt><Dt>2026-11-30", f"<BookgDt><Dt>2026-12-{day:02d}".encode()))


def left(office: Office, day: date) -> None:
    office.hire("0002", bank_account_number=card(7), status=EmploymentStatus.DEPARTED, last_working_day=day)


def again(office: Office, case: RecoveryCase) -> Reissued:
    return reissue_run(office.hub, case.lines[0].run_id, MAKER, PAY_DAY)


def amounts(made: Reissued) -> Sequence[int]:
    return [line.payable.amount_minor for line in made.lines]


def withdrawn(office: Office, case: RecoveryCase) -> RecoveryCase:
    office.hire("0002", bank_account_number=card(7))
    return withdraw_case(office.hub, case.id, HR, Role.HR, "she stayed after all")


def test_what_it_claimed_is_owed_back_and_paid_as_what_came_back_too_much(
    office: Office, returned: RecoveryCase
) -> None:
    rest = again(office, returned)
    assert amounts(rest) == [WHOLE - returned.amount_minor]
    moved(office, rest.run.run_id, LineState.PAID)
    after = withdrawn(office, returned)
    assert (after.back_minor, after.owed_back_minor) == (returned.amount_minor, returned.amount_minor)
    assert take_back(office.hub) == {}
    office.company.clock.advance(timedelta(hours=1))
    yuan = f"{returned.amount_minor / 100:.2f}"
    (line,) = office.draft({"0002": yuan}, component=Component.RECOVERY, period="2026-12").lines
    assert line.payable.amount_minor == after.owed_back_minor
    moved(office, line.run_id, LineState.PAID)
    assert find_case(office.hub, returned.id)[0].owed_back_minor == 0
    assert take_back(office.hub) == {}


def test_where_that_next_attempt_is_given_up_the_new_one_is_made_without_it_too(
    office: Office, returned: RecoveryCase
) -> None:
    first = again(office, returned)
    withdrawn(office, returned)
    cancel(office.hub, first.run.run_id, MAKER, "another day")
    assert take_back(office.hub) == {}
    assert amounts(again(office, returned)) == amounts(first)
    assert take_back(office.hub) == {}
    assert find_case(office.hub, returned.id)[0].owed_back_minor == returned.amount_minor


def test_an_attempt_that_was_given_up_before_leaves_all_of_it_to_the_next(
    office: Office, returned: RecoveryCase
) -> None:
    cancel(office.hub, again(office, returned).run.run_id, MAKER, "another day")
    assert withdrawn(office, returned).owed_back_minor == 0
    assert amounts(again(office, returned)) == [WHOLE]
    assert take_back(office.hub) == {}
    assert find_case(office.hub, returned.id)[0].owed_back_minor == 0


def test_what_is_out_again_is_owed_by_nobody(office: Office, returned: RecoveryCase) -> None:
    again(office, returned)
    assert withdrawn(office, returned).owed_back_minor == returned.amount_minor
    booked(office, returned.lines[0].reference, "DBIT", 3)
    assert take_back(office.hub) == {returned.id: 1}
    assert find_case(office.hub, returned.id)[0].owed_back_minor == 0


@pytest.mark.parametrize("first", ["paid", "out again"])
def test_what_was_paid_back_of_a_return_that_is_taken_back_is_open(
    office: Office, returned: RecoveryCase, first: str
) -> None:
    """She has the whole payment, the rest of it once more, and the refund; the claim stays withdrawn."""
    again(office, returned)
    withdrawn(office, returned)
    office.company.clock.advance(timedelta(hours=1))
    yuan = f"{returned.amount_minor / 100:.2f}"
    (line,) = office.draft({"0002": yuan}, component=Component.RECOVERY, period="2026-12").lines
    office.company.clock.advance(timedelta(hours=1))
    if first == "paid":
        moved(office, line.run_id, LineState.PAID)
    booked(office, returned.lines[0].reference, "DBIT", 3)
    take_back(office.hub)
    moved(office, line.run_id, LineState.PAID)
    after = find_case(office.hub, returned.id)[0]
    assert (after.state, after.back_minor, after.repaid_minor) == (RecoveryState.WITHDRAWN, 0, returned.amount_minor)
    assert (after.open_minor, after.owed_back_minor) == (returned.amount_minor, 0)
    assert take_back(office.hub) == {}
    came_in(office, returned.reference, yuan, number=9)
    assert take_back(office.hub) == {returned.id: 1}
    assert find_case(office.hub, returned.id)[0].open_minor == 0


def test_a_case_that_was_withdrawn_before_this_counts_it_now(
    office: Office, returned: RecoveryCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    again(office, returned)
    with monkeypatch.context() as before:
        before.setattr("baton.hub.payment.returned_money._without", lambda *_: None)
        assert withdrawn(office, returned).owed_back_minor == 0
    assert take_back(office.hub) == {returned.id: 1}
    assert find_case(office.hub, returned.id)[0].owed_back_minor == returned.amount_minor


def test_of_two_claims_only_the_one_that_is_withdrawn_is_owed_back(office: Office, returned: RecoveryCase) -> None:
    """The second was opened when the payment was out again for a time, and HR had told an earlier day by then."""
    reference = returned.lines[0].reference
    booked(office, reference, "DBIT", 3)
    left(office, date(2026, 11, 5))
    second = opened(office)
    booked(office, reference, "CRDT", 4)
    take_back(office.hub)
    assert amounts(again(office, returned)) == [WHOLE - returned.amount_minor - second.amount_minor]
    assert withdrawn(office, second).owed_back_minor == second.amount_minor
    assert take_back(office.hub) == {}
    assert find_case(office.hub, returned.id)[0].owed_back_minor == 0


def test_a_claim_on_what_came_back_is_told_as_too_much_once_hr_tells_a_later_day(
    office: Office, returned: RecoveryCase
) -> None:
    assert find(office.hub) == {}
    left(office, date(2026, 11, 25))
    (found,) = find(office.hub, ["0002"]).values()
    assert 0 < found.claimed_too_much[returned.lines[0].reference] < returned.amount_minor
    assert (found.not_owed, found.unclear) == ([], [])


def test_a_refund_pays_what_is_owed_by_now_before_what_another_case_owed_then(
    office: Office, returned: RecoveryCase
) -> None:
    """Both claims are withdrawn; she had sent money for the second, and the bank takes its return back meanwhile."""
    reference = returned.lines[0].reference
    booked(office, reference, "DBIT", 3)
    left(office, date(2026, 11, 5))
    office.company.clock.advance(timedelta(minutes=1))
    second = opened(office)
    booked(office, reference, "CRDT", 4)
    take_back(office.hub)
    again(office, returned)
    came_in(office, second.reference, "1000.00", number=5)
    take_back(office.hub)
    withdrawn(office, returned)
    withdrawn(office, second)
    office.company.clock.advance(timedelta(hours=1))
    (line,) = office.draft({"0002": "1000.00"}, component=Component.RECOVERY, period="2026-12").lines
    office.company.clock.advance(timedelta(hours=1))
    booked(office, reference, "DBIT", 6)
    take_back(office.hub)
    assert [find_case(office.hub, case.id)[0].owed_back_minor for case in (returned, second)] == [0, 100_000]
    moved(office, line.run_id, LineState.PAID)
    first, after = (find_case(office.hub, case.id)[0] for case in (returned, second))
    assert (first.repaid_minor, first.open_minor) == (0, 0)
    assert (after.repaid_minor, after.owed_back_minor) == (100_000, 0)
