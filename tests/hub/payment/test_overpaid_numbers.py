"""A number that is given to somebody else, or is taken out and brought in again: whose pay was it?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from baton.hub.payment.drafting import Drafting, draft_file
from baton.hub.payment.overpayments import find
from baton.hub.payment.recovering import open_cases
from baton.jobs.payment.overpayment import Doubt
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.people import EmploymentStatus
from tests.hub.payment.office import PAY_DAY, PERIOD, Office
from tests.hub.payment.test_repaying import moved
from tests.rig.payroll import BANK, CNAPS, MAKER, card

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


@pytest.mark.parametrize(("hired", "claimed"), [(date(2026, 11, 1), True), (date(2026, 11, 16), False)])
def test_what_payroll_drafted_before_the_sync_brought_them_can_be_claimed_unless_it_may_be_a_share(
    office: Office, hired: date, claimed: bool
) -> None:
    path = office.company.folder / "工资.csv"
    rows = f"工号,户名,实发工资,银行卡号,联行号\n0002,测试0002,8000.00,{card(2)},{CNAPS}\n"
    path.write_text(rows, "utf-8")
    drafting = Drafting(BANK, Component.SALARY, PERIOD, PAY_DAY, requested_by=MAKER)
    run_id = draft_file(office.hub, drafting, path).run.run_id
    office.check(run_id)
    assert set(office.states(run_id).values()) == {LineState.LEFT_OUT}
    office.company.clock.advance(timedelta(hours=1))
    office.hire("0002", hire_day=hired)
    office.check(run_id)
    office.build(run_id)
    office.sign(run_id)
    office.release(run_id)
    moved(office, run_id, LineState.PAID)
    office.company.clock.advance(timedelta(days=9))
    if claimed:
        left = {"status": EmploymentStatus.DEPARTED, "last_working_day": date(2026, 10, 31)}
        office.hire("0002", hire_day=date(2026, 3, 1), **left)
        assert [each.amount_minor for each in find(office.hub)["0002"].not_owed] == [800_000]
        assert len(open_cases(office.hub, "0002", MAKER, "told late")) == 1
    else:
        assert [each.doubt for each in find(office.hub, ["0002"])["0002"].unclear] == [Doubt.UNKNOWN_THEN]
