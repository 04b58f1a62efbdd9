"""What was overpaid and not claimed is overpaid still when it comes back and is paid again, whoever drafts that when."""

from __future__ import annotations

from datetime import date, timedelta

from baton.hub.payment.overpayments import find
from baton.hub.payment.reissuing import reissue_run
from baton.model.pay_run import LineState
from baton.model.people import EmploymentStatus
from tests.hub.payment.office import Office
from tests.hub.payment.test_recovering import opened, say
from tests.hub.payment.test_repaying import moved
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, MAKER, card

WHOLE = 800_000
LEFT = {"last_working_day": date(2026, 11, 10)}


def booked(office: Office, reference: str, way: str, number: int) -> None:
    say(office, statement(ACCOUNT, [(reference, "8000.00", way)], number=number))


def left(office: Office, day: date) -> None:
    """HR tells, days after the pay day, when somebody left."""
    office.company.clock.advance(timedelta(days=5))
    office.hire("0002", bank_account_number=card(7), status=EmploymentStatus.DEPARTED, last_working_day=day)
    office.company.clock.advance(timedelta(hours=1))


def paid_again(office: Office, run_id: str) -> str:
    run = reissue_run(office.hub, run_id, MAKER, date(2026, 12, 15)).run.run_id
    moved(office, run, LineState.PAID)
    return run


def test_a_departure_told_before_it_was_paid_again_is_found_after_it(office: Office) -> None:
    run_id = office.delivered({"0002": "8000.00"})
    (line,) = office.lines(run_id)
    booked(office, line.reference, "DBIT", 1)
    booked(office, line.reference, "CRDT", 2)
    left(office, date(2026, 11, 10))
    second = paid_again(office, run_id)
    (found,) = find(office.hub)["0002"].not_owed
    assert (found.line.run_id, found.line.amount_minor) == (second, WHOLE)
    assert 0 < found.amount_minor < WHOLE
    booked(office, found.line.key.reference, "CRDT", 3)
    assert find(office.hub) == {}
    office.hire("0002", bank_account_number=card(77), status=EmploymentStatus.DEPARTED, **LEFT)
    third = paid_again(office, second)
    (again,) = find(office.hub)["0002"].not_owed
    assert (again.line.run_id, again.amount_minor) == (third, found.amount_minor)


def test_what_was_paid_again_without_what_a_case_claims_is_not_shared_again(office: Office) -> None:
    run_id = office.delivered({"0002": "8000.00"})
    (line,) = office.lines(run_id)
    booked(office, line.reference, "DBIT", 1)
    left(office, date(2026, 11, 10))
    claimed = opened(office).amount_minor
    booked(office, line.reference, "CRDT", 2)
    second = paid_again(office, run_id)
    assert [each.payable.amount_minor for each in office.lines(second)] == [WHOLE - claimed]
    assert find(office.hub) == {}
    left(office, date(2026, 11, 9))
    assert [each.not_owed for each in find(office.hub).values()] == [[]], "somebody looks at it: of a share no share"
