"""The file in which a departure is told: amounts in yuan, everything wrong told at once by line and field."""

from __future__ import annotations

from datetime import date

import pytest

from baton.errors import ConfigurationError
from baton.jobs.payment.settlement.calculator import calculate
from baton.jobs.payment.settlement.case_file import CaseFile, load_case, read_case
from tests.jobs.payment.settlement.leaver import SHIPPED, pack

EXAMPLE = SHIPPED.with_name("settlement-case.yaml")
"""The one that ships; the guide shows what comes of it."""
NEVER = date(1999, 1, 1)


def test_the_example_that_ships_is_worked_out_to_the_fen():
    settlement = calculate(load_case(EXAMPLE).leaving(NEVER, NEVER), pack())
    # 22 paid days of 21.75: a month's wage; average without overtime 132000 / 12, by 200 %; 133500 / 12 × 6.5 years;
    # of 3000.00 overpaid no more than 20 % of 12000.00
    assert [line.amount_minor for line in settlement.lines] == [1_200_000, 303_448, 7_231_250, -153_020, -240_000]
    assert settlement.total_minor == 8_341_678
    assert [(rest.kind, rest.amount_minor) for rest in settlement.remaining] == [("overpaid", 60_000)]


def test_what_is_kept_of_a_case_is_read_again_as_the_same():
    case = load_case(EXAMPLE)
    assert CaseFile.model_validate(case.model_dump(mode="json")) == case


def test_days_that_the_file_leaves_out_are_filled_in_and_others_are_not():
    text = EXAMPLE.read_text("utf-8").replace("first_day: 2020-01-01", "")
    leaving = read_case(text.encode(), "case.yaml").leaving(date(2021, 1, 1), NEVER)
    assert (leaving.first_day, leaving.last_day) == (date(2021, 1, 1), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("old", "new", "rule", "field"),
    [
        ("gross: 12000.00}         #", "gross: 1e4}   #", "value_error", "wages.2026-02.gross"),
        ("gross: 12000.00}         #", "gross: 12000.005}   #", "value_error", "wages.2026-02.gross"),
        ("gross: 12000.00}         #", "gross: -1.00}   #", "greater_than_equal", "wages.2026-02.gross"),
        ("2026-02:", "2026-13:", "string_pattern_mismatch", "wages.2026-13"),
        ("2026-02:", "２０２６-02:", "string_pattern_mismatch", "wages.２０２６-02"),
        ("days: 22", "days: NaN", "value_error", "stretches.0.days"),
        ("last_day: 2026-03-31", "last_day: 20260331", "value_error", "last_day"),
        ("consented: yes", "consented: perhaps", "bool_parsing", "deductions.1.consented"),
        ("region: example", "regoin: example", "unknown_key", "regoin is not known here; did you mean 'region'"),
        ("region: example", "", "missing", "region is missing"),
        ("notice_days: 0", "account: 6222", "unknown_key", "account is not known here"),
    ],
)
def test_a_fault_names_its_line_its_field_and_its_rule(old, new, rule, field):
    text = EXAMPLE.read_text("utf-8")
    assert old in text
    with pytest.raises(ConfigurationError) as caught:
        read_case(text.replace(old, new, 1).encode(), "case.yaml")
    fault = next(each for each in caught.value.faults if each.rule == rule)
    assert fault.place.startswith("case.yaml:")
    assert field in fault.message


def test_all_faults_are_told_at_once():
    text = EXAMPLE.read_text("utf-8").replace("days: 22", "days: x").replace("gross: 0", "gross: none")
    with pytest.raises(ConfigurationError) as caught:
        read_case(text.encode(), "case.yaml")
    assert len(caught.value.faults) == 2
