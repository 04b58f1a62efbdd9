"""What holds for every settlement, how a pack is read, and how a reviewed settlement becomes what is paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.errors import ApprovalError, ConfigurationError
from baton.jobs.payment.files import loads
from baton.jobs.payment.settlement.calculator import calculate
from baton.jobs.payment.settlement.case import Deduction, Leaving, Stretch
from baton.jobs.payment.settlement.pack import RulePack
from baton.jobs.payment.settlement.review import Review, to_payable
from baton.jobs.payment.settlement.statement import LineId
from baton.model.payable import BankAccount, Component
from tests.jobs.payment.settlement.leaver import LAST, SHIPPED, WAGE, amount, changed, leaving, pack, settled, year
from tests.rig.examples import few

unhurried = few(60)
PAYEE = BankAccount("测试甲", "6222000000000001")


@st.composite
def leavers(draw: st.DrawFn) -> Leaving:
    """Anybody who can be settled."""
    first = LAST - timedelta(days=draw(st.integers(400, 6000)))
    days = st.decimals(0, 31, places=1)
    monthly = st.integers(0, 5_000_000)
    return leaving(
        first_day=first,
        ground=draw(st.sampled_from(sorted(pack().grounds))),
        notice_days=draw(st.integers(0, 40)),
        wages=year(draw(st.lists(monthly, min_size=12, max_size=12))),
        stretches=draw(st.lists(st.builds(Stretch, monthly, days, days), max_size=4)),
        unused_leave_days=draw(days),
        deductions=draw(
            st.lists(
                st.builds(Deduction, st.sampled_from(sorted(pack().deductions)), st.integers(0, 10**7), st.booleans()),
                max_size=4,
            )
        ),
    )


@given(leavers())
@unhurried
def test_nothing_is_negative_and_lines_add_up(case):
    settlement = calculate(case, pack())
    assert settlement.total_minor == sum(line.amount_minor for line in settlement.lines) >= 0
    for line in settlement.lines:
        assert line.amount_minor <= 0 if line.id is LineId.DEDUCTION else line.amount_minor >= 0
        assert line.source
        assert line.working
    taken = -amount(settlement, LineId.DEDUCTION)
    assert taken + sum(rest.amount_minor for rest in settlement.remaining) == sum(
        deduction.amount_minor for deduction in case.deductions
    )
    assert calculate(case, pack()).digest == settlement.digest


@given(leavers(), st.integers(1, 2000))
@unhurried
def test_longer_service_is_never_worth_less(case, days):
    longer = replace(case, first_day=max(case.first_day - timedelta(days=days), date(2008, 1, 1)))
    longer = longer if longer.first_day < case.first_day else case
    for id_ in (LineId.SEVERANCE, LineId.DOUBLE):
        assert amount(calculate(longer, pack()), id_) >= amount(calculate(case, pack()), id_)


@given(leavers())
@unhurried
def test_n_is_at_most_n_and_one_and_at_most_twice_n(case):
    n, plus, double = (
        replace(case, ground=ground, notice_days=0, deductions=()) for ground in ("redundancy", "illness", "unlawful")
    )
    totals = [calculate(each, pack()).total_minor for each in (n, plus, double)]
    assert totals[0] <= totals[1]
    assert totals[0] <= totals[2]


@given(leavers(), st.integers(0, 11), st.integers(1, 10**6))
@unhurried
def test_a_higher_wage_is_never_worth_less_but_for_the_years_of_the_cap(case, month, more):
    """The cap takes years from whoever passes it: that much the law says itself. Below it the sum only grows."""
    rules = changed(severance={"cap_years": 60})
    raised = list(case.wages)
    raised[month] = replace(raised[month], gross_minor=raised[month].gross_minor + more)
    higher = replace(case, wages=raised, deductions=())
    assert calculate(higher, rules).total_minor >= calculate(replace(case, deductions=()), rules).total_minor


@given(st.lists(st.tuples(st.integers(0, 10**7), st.decimals(0, 5, places=2)), min_size=1, max_size=6))
@unhurried
def test_lines_of_the_last_wage_never_drift(stretches):
    """However a month is cut up, the lines are what the exact sum rounds to."""
    case = leaving(ground="resignation", stretches=[Stretch(*each) for each in stretches])
    rules = changed(salary={"at_most_a_month": False})
    exact = sum(Decimal(monthly) * days for monthly, days in stretches) / Decimal("21.75")
    assert abs(calculate(case, rules).total_minor - exact) <= Decimal("0.5")


def test_a_line_says_where_it_comes_from_and_how():
    line = next(line for line in settled().lines if line.id is LineId.SEVERANCE)
    assert line.source == "劳动合同法第47条；劳动合同法实施条例第27条; 劳动合同法第36条、第46条"
    assert line.working == "(144000.00 / 12) × 6.5"
    assert dict(line.inputs)["local average"] == "10000.00"
    assert line.verified


def test_what_nobody_has_verified_is_said_on_the_line():
    lines = settled(stretches=[Stretch(WAGE, Decimal(1))], unused_leave_days=Decimal(1)).lines
    assert {line.id for line in lines if not line.verified} == {LineId.SALARY, LineId.LEAVE}


def test_every_line_has_two_titles():
    assert all(all(line.titles) for line in LineId)


# --- the pack


def test_another_pack_is_another_digest():
    assert changed(notice={"days": 31}).digest != pack().digest
    assert settled(changed(notice={"days": 31})).digest != settled().digest


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rounding: half_up", "rounding: up", "rounding"),
        ("hours_per_day: 8", "hours_per_day: 25", "day.hours_per_day"),
        ("  times: 2\n  source: 劳动合同法第48条、第87条；实施条例第25条", "  times: 2", "double.source is missing"),
        ("severance: 2N", "severance: 3N", "grounds.unlawful.severance"),
        ("window_months: 12", "window: 12", "not known here"),
        ("paid_with_salary_percent: 100", "paid_with_salary_percent: 301", "more is paid with the salary"),
        ("from: 2026-07-01", "from: 2025-01-01", "oldest first"),
        ("from: 2025-01-01\nrounding", "from: 2025-01-01\nuntil: 2024-01-01\nrounding", "ends before it begins"),
    ],
)
def test_a_pack_that_cannot_be_is_refused(old, new, told):
    text = SHIPPED.read_text("utf-8")
    assert old in text
    with pytest.raises(ConfigurationError, match=told):
        loads(text.replace(old, new, 1).encode(), "pack.yaml", RulePack)


def test_no_figure_of_a_real_place_ships():
    """They change every year, and nobody has verified any: whoever uses the pack fills them in."""
    assert set(pack().regions) == {"example"}
    assert not any(figures.verified for figures in pack().regions["example"].figures)


# --- review


def test_a_reviewed_settlement_is_one_payable():
    settlement = settled()
    payable = to_payable(settlement, Review("hr-wang", settlement.digest), prepared_by="p-sun", payee=PAYEE)
    assert payable is not None
    assert (payable.key.number, payable.key.period) == ("0001", "2026-03")
    assert payable.key.component is Component.FINAL_SETTLEMENT
    assert payable.amount_minor == settlement.total_minor
    assert payable.payee == PAYEE


@pytest.mark.parametrize("person", ["p-sun", "P-Sun ", " "])
def test_whoever_prepared_it_does_not_review_it(person):
    settlement = settled()
    with pytest.raises(ApprovalError) as caught:
        to_payable(settlement, Review(person, settlement.digest), prepared_by="p-sun", payee=PAYEE)
    assert caught.value.code == "maker"


def test_another_settlement_was_reviewed():
    review = Review("hr-wang", settled().digest)
    with pytest.raises(ApprovalError) as caught:
        to_payable(settled(wages=year(WAGE + 1)), review, prepared_by="p-sun", payee=PAYEE)
    assert caught.value.code == "changed"


def test_where_nothing_is_owed_nothing_is_paid():
    settlement = settled(ground="resignation")
    review = Review("hr-wang", settlement.digest)
    assert to_payable(settlement, review, prepared_by="p-sun", payee=PAYEE) is None
