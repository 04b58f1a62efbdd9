"""A number that is given to somebody else, or is taken out and brought in again: whose pay was it?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from baton.hub.payment.overpayments import find
from baton.hub.payment.recovering import open_cases
from baton.jobs.payment.overpayment import Doubt
from baton.model.pay_run import LineState
from baton.model.people import EmploymentStatus
from tests.hub.payment.office import Office
from tests.hub.payment.test_repaying import moved
from tests.rig.payroll import MAKER

TO_COME = {"status": EmploymentStatus.PENDING_HIRE, "hire_day": date(2027, 3, 1)}


def gone(office: Office, *, erased: bool) -> None:
    """Nothing that HR has told of the number is here any more."""
    office.company.clock.advance(timedelta(hours=1))
    now = office.hub.clock.now()
    with office.hub.database.write() as connection:
        if erased:
            office.hub.erasures.done(connection, "0002", MAKER, now, [])
        office.hub.erasures.erase_person(connection, "0002", now)
    office.company.clock.advance(timedelta(hours=1))


@pytest.mark.parametrize("erased", [True, False])
def test_nobody_is_charged_for_what_was_paid_before_anybody_told_of_them(office: Office, erased: bool) -> None:
    office.hire("0002")
    moved(office, office.draft({"0002": "8000.00"}).run.run_id, LineState.PAID)
    gone(office, erased=erased)
    office.hire("0002", **TO_COME)
    seen = find(office.hub)
    assert open_cases(office.hub, "0002", MAKER, "told late") == []
    if erased:
        assert seen == {}, "it was paid to whoever was erased: there is nothing to look at"
    else:
        assert [each.doubt for each in seen["0002"].unclear] == [Doubt.UNKNOWN_THEN]


def test_whoever_is_new_under_the_number_of_somebody_erased_is_judged_by_their_own_pay(office: Office) -> None:
    office.hire("0002")
    moved(office, office.draft({"0002": "8000.00"}, period="2026-10").run.run_id, LineState.PAID)
    gone(office, erased=True)
    office.hire("0002")
    moved(office, office.draft({"0002": "9000.00"}).run.run_id, LineState.PAID)
    office.hire("0002", status=EmploymentStatus.DEPARTED, last_working_day=date(2026, 9, 30))
    assert [each.amount_minor for each in find(office.hub)["0002"].not_owed] == [900_000]
