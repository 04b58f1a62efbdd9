"""Whatever HR's record looks like: nobody is paid past the end, a settlement is never stopped for a leaver, and one
person's trouble is nobody else's."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from baton.jobs.payment.checks.findings import LineVerdict
from baton.model.payable import Component
from baton.model.people import EmploymentStatus
from tests.jobs.payment.checks.office import FULL, card, checked, facts, line, past, person
from tests.rig.examples import few

START = date(2026, 1, 1)
days = st.integers(0, 600).map(lambda n: START + timedelta(days=n))
periods = st.integers(0, 19).map(lambda n: f"{2026 + n // 12}-{n % 12 + 1:02d}")
leavers = st.builds(
    person,
    status=st.sampled_from([EmploymentStatus.NOTICE, EmploymentStatus.DEPARTED]),
    last_working_day=st.none() | days,
    contract_end_day=st.none() | days,
    pay_end_day=st.none() | days,
)
unhurried = few(150)


def state(report, number="0001"):
    return next(each.state for each in report.lines if each.key.number == number)


@given(leavers, periods, st.sampled_from([Component.SALARY, Component.BONUS]))
@unhurried
def test_nobody_is_paid_for_a_time_after_the_end(who, period, component):
    """The end by a rule of its own: the last date that is there, in the order pay, contract, work."""
    told = [who.pay_end_day, who.contract_end_day, who.last_working_day]
    end = next((day for day in told if day is not None), None)
    report = checked([line(component=component, period=period)], facts([who], past=[]))
    first = date(int(period[:4]), int(period[5:]), 1)
    if end is None:
        assert (state(report) is LineVerdict.LEFT_OUT) is (who.status is EmploymentStatus.DEPARTED)
    else:
        assert (state(report) is LineVerdict.LEFT_OUT) is (first > end)


@given(leavers, periods)
@unhurried
def test_a_settlement_of_a_leaver_is_never_stopped_by_dates(who, period):
    dated = any((who.last_working_day, who.contract_end_day, who.pay_end_day))
    report = checked([line(component=Component.FINAL_SETTLEMENT, period=period)], facts([who], past=[]))
    leaves = dated or who.status is EmploymentStatus.DEPARTED
    assert (state(report) is LineVerdict.LEFT_OUT) is not leaves


@given(
    leavers | st.builds(person, full_name=st.none() | st.just("测试乙"), bank_code=st.none() | st.just("1")),
    st.sampled_from([-1, 0, 1, FULL, 10**12]),
    st.sampled_from(["", "6222", card("0009")]),
    st.booleans(),
)
@unhurried
def test_one_persons_trouble_is_nobody_elses(who, amount, account, twice):
    mine = [line(amount=amount, account=account)] * (1 + twice)
    report = checked([*mine, line("0002")], facts([who, person("0002")], past=[past(), past("0002")]))
    assert state(report, "0002") is LineVerdict.PAYABLE
