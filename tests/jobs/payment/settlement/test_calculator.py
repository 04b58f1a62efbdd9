"""Settlements to the fen: every edge of the rules, each amount worked out by hand beside it."""

from __future__ import annotations

import doctest
from datetime import date
from decimal import Decimal

import pytest

from baton.errors import ConfigurationError
from baton.jobs.payment.settlement import reckoning
from baton.jobs.payment.settlement.case import Deduction, MonthWage, Stretch
from baton.jobs.payment.settlement.reckoning import half_years
from baton.jobs.payment.settlement.statement import LineId
from tests.jobs.payment.settlement.leaver import AVERAGE, LAST, MINIMUM, WAGE, amount, changed, pack, settled, year

N, PLUS, DOUBLE, SALARY, LEAVE = LineId.SEVERANCE, LineId.NOTICE, LineId.DOUBLE, LineId.SALARY, LineId.LEAVE


def test_examples_in_the_code_hold():
    result = doctest.testmod(reckoning)
    assert result.attempted
    assert not result.failed


# --- years of service


@pytest.mark.parametrize(
    ("first", "last", "halves"),
    [
        ("2025-01-01", "2025-01-01", 1),  # one day
        ("2025-01-01", "2025-06-29", 1),  # 5 months 29 days
        ("2025-01-01", "2025-06-30", 2),  # 6 months 0 days
        ("2025-01-01", "2025-12-30", 2),  # 11 months 30 days
        ("2025-01-01", "2025-12-31", 2),  # a year to the day
        ("2025-01-01", "2026-01-01", 3),  # a year and a day
        ("2020-03-15", "2026-03-14", 12),
        ("2020-03-15", "2026-03-15", 13),
        ("2020-03-15", "2026-09-13", 13),
        ("2020-03-15", "2026-09-14", 14),
        ("2024-02-29", "2025-02-27", 2),  # where a year has no 29 February its 28th begins the next one
        ("2024-02-29", "2025-02-28", 3),
        ("2025-08-31", "2026-02-26", 1),
        ("2025-08-31", "2026-02-27", 2),
    ],
)
def test_service_in_half_years(first, last, halves):
    assert half_years(date.fromisoformat(first), date.fromisoformat(last), 6) == halves


@pytest.mark.parametrize(
    ("first", "times_two"), [("2026-03-31", 1), ("2025-10-02", 1), ("2025-10-01", 2), ("2020-01-01", 13)]
)
def test_severance_is_the_average_by_half_years(first, times_two):
    first_day = date.fromisoformat(first)
    employed = [wage for wage in year() if wage.month >= first[:7]]
    stretches = [Stretch(WAGE, Decimal(1))]
    settlement = settled(first_day=first_day, wages=employed, stretches=stretches)
    assert amount(settlement, N) == WAGE * times_two // 2


# --- the average


def test_the_average_is_exact_until_the_line_is_complete():
    """(11 × 10,000.00 + 10,000.01) / 12 × 6.5 = 65,000.0054…; a rounded average would give 65,000.00 × nothing more."""
    settlement = settled(wages=year([1_000_000] * 11 + [1_000_001]))
    assert amount(settlement, N) == 6_500_001  # 6,500,000.54 fen, rounded up
    assert amount(settled(wages=year([1_000_000] * 11 + [1_000_000])), N) == 6_500_000


def test_bonuses_count_since_they_are_in_the_wage():
    assert amount(settled(wages=year([WAGE] * 11 + [WAGE + 1_200_000])), N) == (WAGE + 100_000) * 13 // 2


def test_less_than_twelve_months_are_averaged_over_what_there_is():
    """Employed since November: wages of November to February, 4 months; half a month is due."""
    settlement = settled(first_day=date(2025, 11, 10), wages=year([900_000, 900_000, 900_000, 600_000]))
    assert amount(settlement, N) == 412_500  # 3,300,000 / 4 / 2


def test_who_came_and_went_within_a_month_has_the_agreed_wage():
    stretches = [Stretch(870_000, Decimal(10))]
    settlement = settled(first_day=date(2026, 3, 2), last_day=date(2026, 3, 20), wages=[], stretches=stretches)
    assert amount(settlement, N) == 435_000


def test_months_without_pay_count_or_not_as_the_pack_says():
    wages = year([0, 0, 0] + [WAGE] * 9)
    assert amount(settled(wages=wages), N) == 900_000 * 13 // 2
    skipping = changed(severance={"zero_pay_months": "skip"})
    assert amount(settled(skipping, wages=wages), N) == WAGE * 13 // 2


def test_a_year_without_pay_is_the_minimum_either_way():
    for rules in (pack(), changed(severance={"zero_pay_months": "skip"})):
        assert amount(settled(rules, wages=year(0)), N) == MINIMUM * 13 // 2


def test_a_region_may_decide_otherwise():
    regions = pack().model_dump(by_alias=True)["regions"]
    regions["example"]["overrides"] |= {"zero_pay_months": "skip", "window_ends": "month_of_end"}
    wages = [MonthWage("2026-03", 1_500_000), *year([0] + [WAGE] * 10)]
    settlement = settled(changed(regions=regions), wages=wages)
    # March counts, the month without pay does not: 11 months, 10 of them with 12,000.
    assert amount(settlement, N) == 7_977_273  # 13,500,000 / 11 × 6.5 = 7,977,272.7
    assert settlement.due_day == date(2026, 4, 15)


def test_the_minimum_wage_is_the_floor():
    assert amount(settled(wages=year(MINIMUM - 1)), N) == MINIMUM * 13 // 2
    assert amount(settled(wages=year(MINIMUM + 100)), N) == (MINIMUM + 100) * 13 // 2


# --- the cap


@pytest.mark.parametrize(
    ("first", "wage", "due"),
    [
        ("2013-10-02", 3 * AVERAGE, 3 * AVERAGE * 25 // 2),  # exactly three times is not capped: 12.5 years
        ("2010-10-02", 3 * AVERAGE, 3 * AVERAGE * 31 // 2),  # uncapped, no limit of years: 15.5
        ("2013-10-02", 3 * AVERAGE + 1, 3 * AVERAGE * 12),  # one fen more: three times, 12 years
        ("2010-10-02", 9 * AVERAGE, 3 * AVERAGE * 12),
        ("2020-01-01", 9 * AVERAGE, 3 * AVERAGE * 13 // 2),  # capped wage, fewer years: all of them
    ],
)
def test_the_cap_of_three_averages_and_only_then_twelve_years(first, wage, due):
    assert amount(settled(first_day=date.fromisoformat(first), wages=year(wage)), N) == due


def test_a_fraction_of_a_fen_above_three_averages_is_above():
    wages = year([3 * AVERAGE] * 11 + [3 * AVERAGE + 1])
    assert amount(settled(first_day=date(2010, 10, 2), wages=wages), N) == 3 * AVERAGE * 12


def test_figures_are_those_in_force_on_the_last_day():
    last = date(2026, 7, 1)
    settlement = settled(last_day=last, wages=year(4_000_000, last))
    assert amount(settlement, N) == 3 * 1_050_000 * 7  # six years, six months and a day
    last = date(2026, 6, 30)
    assert amount(settled(last_day=last, wages=year(4_000_000, last)), N) == 3 * 1_000_000 * 7


# --- +1 and 2N


def test_notice_is_last_months_wage_and_no_average():
    wages = year([300_000] + [WAGE] * 11)
    settlement = settled(ground="incompetence", wages=wages)
    assert amount(settlement, PLUS) == 300_000
    assert amount(settlement, N) == (300_000 + 11 * WAGE) * 13 // 24


def test_notice_is_not_capped_and_has_no_floor():
    assert amount(settled(ground="illness", wages=year(9 * AVERAGE)), PLUS) == 9 * AVERAGE
    assert amount(settled(ground="illness", wages=year([1] + [WAGE] * 11)), PLUS) == 1


@pytest.mark.parametrize(("days", "due"), [(0, WAGE), (29, WAGE), (30, 0)])
def test_thirty_days_of_notice_make_it_fall_away(days, due):
    assert amount(settled(ground="changed_circumstances", notice_days=days), PLUS) == due


@pytest.mark.parametrize(
    ("ground", "lines"),
    [
        ("resignation", set()), ("agreed_employee", set()), ("misconduct", set()), ("expiry_declined", set()),
        ("employer_breach", {N}), ("agreed_employer", {N}), ("redundancy", {N}), ("expiry", {N}), ("closure", {N}),
        ("illness", {N, PLUS}), ("incompetence", {N, PLUS}), ("changed_circumstances", {N, PLUS}),
        ("unlawful", {DOUBLE}),
    ],
)  # fmt: skip
def test_what_each_ground_brings(ground, lines):
    assert {line.id for line in settled(ground=ground).lines} == lines


def test_every_ground_of_the_pack_is_tried():
    told = next(mark for mark in test_what_each_ground_brings.pytestmark if mark.name == "parametrize")
    assert {ground for ground, _ in told.args[1]} == set(pack().grounds)


def test_unlawful_termination_is_twice_n_and_nothing_beside():
    for wage in (WAGE, 9 * AVERAGE, 1):
        double = settled(ground="unlawful", wages=year(wage), first_day=date(2012, 1, 1))
        single = settled(wages=year(wage), first_day=date(2012, 1, 1))
        assert double.total_minor == 2 * single.total_minor


# --- the last wage and leave


@pytest.mark.parametrize(
    ("days", "due"),
    [
        ("10", 551_724),  # 12,000 × 10 / 21.75 = 5,517.2414
        ("0.5", 27_586),
        ("21.75", WAGE),
        ("23", WAGE),  # 23 paid days are a month's wage, not 12,689.66
        ("0", 0),
    ],
)
def test_the_wage_to_the_last_day(days, due):
    assert amount(settled(ground="resignation", stretches=[Stretch(WAGE, Decimal(days))]), SALARY) == due


def test_a_company_may_pay_more_than_a_month():
    rules = changed(salary={"at_most_a_month": False})
    assert amount(settled(rules, ground="resignation", stretches=[Stretch(WAGE, Decimal(23))]), SALARY) == 1_268_966


def test_hours_are_paid_by_the_hour():
    """12,000 × 5 / (21.75 × 8) = 344.8276."""
    stretches = [Stretch(WAGE, Decimal(0), Decimal(5))]
    assert amount(settled(ground="resignation", stretches=stretches), SALARY) == 34_483


def test_stretches_add_up_to_what_the_whole_gives():
    """One day is 459.7701 at 10,000.00: three single days by themselves would be 1,379.31, and so is the whole."""
    one = [Stretch(1_000_000, Decimal(1))] * 7
    settlement = settled(ground="resignation", stretches=one)
    whole = settled(ground="resignation", stretches=[Stretch(1_000_000, Decimal(7))])
    assert settlement.total_minor == whole.total_minor == 321_839
    assert {line.amount_minor for line in settlement.lines} == {45_977}
    thirds = settled(ground="resignation", stretches=[Stretch(100, Decimal("0.1"))] * 3)
    assert [line.amount_minor for line in thirds.lines] == [0, 1, 0]  # 0.46, 0.92, 1.38 fen
    assert thirds.total_minor == 1


def test_a_raise_within_the_month():
    stretches = [Stretch(1_000_000, Decimal(10)), Stretch(1_200_000, Decimal("11.75"))]
    lines = settled(ground="resignation", stretches=stretches).lines
    assert [line.amount_minor for line in lines] == [459_770, 648_276]  # 4,597.7011 + 6,482.7586 = 11,080.4598


def test_unused_leave_is_two_hundred_per_cent_on_top_of_the_wage():
    """12,000 / 21.75 × 5 × 200 % = 5,517.2414."""
    leave = {"ground": "resignation", "unused_leave_days": Decimal(5)}
    assert amount(settled(**leave), LEAVE) == 551_724
    whole = changed(leave={"paid_with_salary_percent": 0})
    assert amount(settled(whole, **leave), LEAVE) == 827_586


def test_leave_is_paid_without_overtime():
    wages = [MonthWage(wage.month, wage.gross_minor, 200_000) for wage in year()]
    settlement = settled(ground="resignation", wages=wages, unused_leave_days=Decimal(1))
    assert amount(settlement, LEAVE) == 91_954  # 10,000 / 21.75 × 200 %
    rules = changed(leave={"base": "month"})
    told = {"wages": wages, "unused_leave_days": Decimal(1), "stretches": [Stretch(1_087_500, Decimal(0))]}
    assert amount(settled(rules, ground="resignation", **told), LEAVE) == 100_000


def test_the_second_wage_without_a_contract():
    months = [MonthWage(f"2025-{month:02d}", 500_000 + month) for month in range(2, 13)]
    settlement = settled(ground="resignation", without_contract=months)
    assert settlement.total_minor == 11 * 500_000 + sum(range(2, 13))


# --- deductions


def taken(*deductions, days="10", rules=None, **more):
    """From a wage of 12,000 × days / 21.75; nothing else is owed unless ``more`` says so."""
    told = {"ground": "resignation", "stretches": [Stretch(WAGE, Decimal(days))]} | more
    return settled(rules, deductions=deductions, **told)


def test_damage_takes_a_fifth_of_the_wage_at_most():
    settlement = taken(Deduction("damage", 400_000))
    assert amount(settlement, LineId.DEDUCTION) == -110_344  # 551,724 × 20 % = 110,344.8, never more
    assert [(rest.amount_minor, rest.why) for rest in settlement.remaining] == [(289_656, "percent_of_wage")]


def test_two_damages_share_the_fifth():
    assert amount(taken(Deduction("damage", 100_000), Deduction("damage", 100_000)), LineId.DEDUCTION) == -110_344


def test_the_minimum_wage_remains():
    settlement = taken(Deduction("damage", 400_000), days="4")  # wage 220,690; a fifth is 44,138; 20,690 above minimum
    assert amount(settlement, LineId.DEDUCTION) == -(220_690 - MINIMUM)
    assert settlement.remaining[0].why == "minimum_wage"
    assert amount(taken(Deduction("damage", 400_000), days="3"), LineId.DEDUCTION) == 0


def test_severance_is_not_touched_by_a_limit_of_the_wage():
    settlement = taken(Deduction("damage", 400_000), ground="agreed_employer")
    assert amount(settlement, LineId.DEDUCTION) == -110_344


def test_overpaid_wages_need_consent():
    settlement = taken(Deduction("overpaid", 50_000))
    assert amount(settlement, LineId.DEDUCTION) == 0
    assert settlement.remaining[0].why == "consent"
    assert amount(taken(Deduction("overpaid", 50_000, consented=True)), LineId.DEDUCTION) == -50_000


def test_what_is_deducted_by_law_comes_first_and_counts_for_the_minimum():
    settlement = taken(Deduction("damage", 400_000), Deduction("statutory", 340_000))
    assert [(line.rule, line.amount_minor) for line in settlement.lines if line.id is LineId.DEDUCTION] == [
        ("deductions.statutory", -340_000),
        ("deductions.damage", -11_724),
    ]


def test_nothing_goes_below_zero():
    settlement = taken(Deduction("statutory", 10**9))
    assert settlement.total_minor == 0
    assert settlement.remaining[0].why == "nothing_left"


# --- what is missing


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"region": "elsewhere"}, "no such region"),
        ({"ground": "anger"}, "no such ground"),
        ({"last_day": date(2024, 12, 31)}, "no figures of the region"),
        ({"last_day": date(2024, 12, 31)}, "is not in force"),
        ({"first_day": date(2026, 4, 1)}, "before the first"),
        ({"first_day": date(2007, 12, 31)}, "follows older rules"),
        ({"wages": year()[1:]}, "wage of 2026-02 is not told"),
        ({"wages": year()[:-1]}, "wage of 2025-03 is not told"),
        ({"wages": [*year(), year()[0]]}, "twice"),
        ({"first_day": date(2026, 3, 2), "wages": []}, "no month before"),
        ({"ground": "illness", "wages": year()[1:]}, "stands in for notice"),
        ({"wages": year(-1)}, "negative"),
        ({"unused_leave_days": Decimal(-1)}, "negative"),
        ({"stretches": [Stretch(WAGE, Decimal(-1))]}, "negative"),
        ({"wages": [MonthWage(wage.month, 1, 2) for wage in year()]}, "overtime is more"),
        ({"without_contract": [MonthWage(f"2024-{month:02d}", 1) for month in range(1, 13)]}, "11 months at most"),
        ({"deductions": [Deduction("fine", 1)]}, "no deduction fine"),
    ],
)
def test_what_cannot_be_worked_out_is_refused(more, told):
    with pytest.raises(ConfigurationError, match=told):
        settled(**more)


def test_everything_that_is_missing_is_told_at_once():
    with pytest.raises(ConfigurationError) as caught:
        settled(region="elsewhere", ground="anger", notice_days=-1)
    assert [fault.rule for fault in caught.value.faults] == ["unknown", "unknown", "negative"]


def test_who_left_before_2008_is_for_a_person_only_where_n_is_due():
    """Twice N counts from the first day."""
    assert settled(first_day=date(2006, 1, 1), ground="resignation").total_minor == 0
    assert amount(settled(first_day=date(2006, 4, 1), ground="unlawful"), DOUBLE) == 2 * 20 * WAGE


def test_a_pack_ends():
    with pytest.raises(ConfigurationError, match="is not in force"):
        settled(changed(until=date(2026, 3, 30)))
    assert settled(changed(until=LAST)).total_minor
