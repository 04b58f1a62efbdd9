"""Every rule is tried: what triggers it, and what beside it does not."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime

import pytest

from baton.errors import Fault
from baton.jobs.payment.calendar import WorkCalendar, YearDays
from baton.jobs.payment.checks.catalogue import RULES, explain, text_of
from baton.jobs.payment.checks.checking import check
from baton.jobs.payment.checks.facts import Declared, PastState, PayRun
from baton.jobs.payment.checks.findings import LineVerdict
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.jobs.payment.checks.rules import Scope, Severity
from baton.jobs.payment.checks.texts import ja, ko
from baton.languages import LANGUAGES
from baton.model.payable import Component
from baton.model.people import EmploymentStatus
from tests.jobs.payment.checks.office import CNAPS, FULL, NOW, RUN, card, checked, facts, line, past, person, rules
from tests.rig.manners import blanks, unmannered_japanese, unmannered_korean

S = EmploymentStatus
C = Component
ONE = [past()]


def of(who, *lines, known=None, policy=None, run=RUN):
    """The report for one person (or several) with these lines; history is last month's full salary of 0001."""
    people = who if isinstance(who, list) else [who]
    told = {"past": ONE} | (known or {})
    return checked(list(lines) or [line()], facts(people, **told), policy, run)


def gone(status=S.DEPARTED, last=date(2026, 9, 20), **more):
    return person(status=status, last_working_day=last, **more)


def policy(**parts):
    return CheckPolicy.model_validate(parts)


def settlement(**more):
    return line(component=C.FINAL_SETTLEMENT, **more)


NOV = {"period": "2026-11"}
OUT = {"last": date(2026, 10, 15)}
CLEAN = {
    "as it should be": checked,
    "leaves in the period's last days": lambda: of(gone(S.NOTICE, date(2027, 3, 31))),
    "an old contract date without notice": lambda: of(person(contract_end_day=date(2020, 12, 31))),
    "the name in other forms": lambda: of(person(full_name="测试•0001 "), line(holder="测 试·０００１")),
    "an amount within reason": lambda: of(
        person(), line(amount=FULL * 13 // 10), policy=policy(variance={"run_percent": 30})
    ),
    "the rest day's neighbour": lambda: checked(run=PayRun(id="r", period="2026-10", pay_day=date(2026, 11, 6))),
    "a returned one with evidence": lambda: of(
        person(), line(attempt=2), known={"past": [*ONE, past(period="2026-10", state=PastState.CAME_BACK)]}
    ),
    "a settlement of a leaver": lambda: of(gone(), settlement(period="2026-09"), known={"past": []}),
    "an equal salary a month ago": lambda: of(person(), known={"past": [past(pay_day=date(2026, 10, 10))]}),
    "attendance to the end": lambda: of(person(), known={"attendance": {"0001": date(2026, 10, 30)}}),
    "an exit list of others": lambda: of(person(), known={"exit_list": {"0009": None}}),
    "an exit before the rehire": lambda: of(
        person(status=S.REHIRED, hire_day=date(2026, 1, 1), last_working_day=date(2025, 1, 1)),
        known={"exit_list": {"0001": date(2025, 1, 1)}},
    ),
    "no bank code": lambda: of(person(), line(bank_code="")),
    "an IBAN": lambda: of(
        person(bank_account_number="DE89 3704 0044 0532 0130 00"), line(account="DE89370400440532013000")
    ),
}

CASES = {
    "unknown_person": lambda: checked([line("0001"), line("0007")]),
    "not_started": lambda: of(person(hire_day=date(2026, 11, 1))),
    "pending_hire": lambda: of(person(status=S.PENDING_HIRE, hire_day=date(2026, 10, 8))),
    "on_leave": lambda: of(person(status=S.ON_LEAVE)),
    "pending_departure": lambda: of(gone(S.NOTICE, date(2026, 11, 20))),
    "paid_past_last_working": lambda: of(gone(contract_end_day=date(2026, 12, 31))),
    "contract_ended": lambda: of(gone(contract_end_day=date(2026, 9, 30), pay_end_day=date(2026, 12, 31))),
    "dates_contradict": lambda: of(gone(S.NOTICE, date(2026, 12, 20), pay_end_day=date(2026, 11, 1))),
    "last_period": lambda: of(gone(**OUT), line(amount=FULL // 2)),
    "last_period_full": lambda: of(gone(**OUT)),
    "departed": lambda: of(gone()),
    "departed_undated": lambda: of(person(status=S.DEPARTED)),
    "expense_of_leaver": lambda: of(gone(), line(component=C.EXPENSE)),
    "refund_to_leaver": lambda: of(gone(), line(component=C.RECOVERY)),
    "settlement_of_employee": lambda: of(person(), settlement()),
    "settlement_undated": lambda: of(person(status=S.DEPARTED), settlement()),
    "settlement_early": lambda: of(gone(S.NOTICE, date(2026, 11, 20)), settlement()),
    "settlement_rehired": lambda: of(person(status=S.REHIRED), settlement()),
    "settlement_other_day": lambda: of(
        gone(), settlement(), known={"settled_for": {settlement().key.reference: date(2026, 11, 29)}}
    ),
    "settlement_again": lambda: of(gone(), settlement(), known={"past": [past(component=C.FINAL_SETTLEMENT)]}),
    "settlement_and_salary": lambda: of(gone(), settlement(), known={"past": [past(period="2026-09")]}),
    "exit_list_disagrees": lambda: of(person(), known={"exit_list": {"0001": None}}),
    "not_on_exit_list": lambda: of(gone(), settlement(), known={"exit_list": {}}),
    "worked_after_leaving": lambda: of(gone(**OUT), known={"attendance": {"0001": date(2026, 10, 16)}}),
    "absent": lambda: of(person(), known={"attendance": {"0001": date(2026, 10, 10)}}),
    "no_attendance": lambda: of(person(), known={"attendance": {}}),
    "missing_from_run": lambda: of([person(), person("0002")], known={"past": [past(), past("0002")]}),
    "holder_differs": lambda: of(person(full_name="张玮"), line(holder="张伟")),
    "holder_is_another": lambda: of(person(bank_account_holder="测试甲"), line(holder="测试甲")),
    "no_name_on_record": lambda: of(person(full_name=None)),
    "latin_name": lambda: of(person(full_name="Testperson One"), line(holder="Testperson One")),
    "account_differs": lambda: of(person(), line(account=card("0009"))),
    "no_account_on_record": lambda: of(person(bank_account_number=None)),
    "bank_code_differs": lambda: of(person(), line(bank_code="102100099996")),
    "account_shared": lambda: of([person(), person("0002", bank_account_number=card("0001"))]),
    "account_changed": lambda: of(person(), known={"account_changed": {"0001": date(2026, 10, 20)}}),
    "account_form": lambda: of(person(), line(account="6222*")),
    "account_luhn": lambda: of(person(), line(account=card("0001")[:-1] + str((int(card("0001")[-1]) + 1) % 10))),
    "account_iban": lambda: of(person(), line(account="DE89370400440532013001")),
    "bank_code_form": lambda: of(person(), line(bank_code="10510000001")),
    "bank_code_check": lambda: of(person(), line(bank_code="105100000018")),
    "profile": lambda: of(person(), known={"problems": lambda each: [Fault(each.place, "name_bytes", "too long")]}),
    "duplicate_in_run": lambda: of(person(), line(), line(amount=1)),
    "duplicate_of_run": lambda: of(person(), known={"past": [*ONE, past(period="2026-10", state=PastState.DRAFT)]}),
    "attempt_unproven": lambda: of(person(), line(attempt=2), known={"past": [*ONE, past(period="2026-10")]}),
    "on_statement": lambda: of(person(), known={"on_statement": {line().key.reference}}),
    "told_of": lambda: of(person(), known={"arrived": {line().key.reference: "AB/1"}}),
    "same_amount_nearby": lambda: of(person(), known={"past": [past(pay_day=date(2026, 10, 20))]}),
    "amount_zero": lambda: of(person(), line(amount=0)),
    "amount_negative": lambda: of(person(), line(amount=-1)),
    "amount_overflow": lambda: of(person(), line(amount=10**11 + 1)),
    "currency_differs": lambda: of(person(), line(currency="USD")),
    "line_limit": lambda: of(person(), policy=policy(limits={"line_minor": {"salary": FULL - 1}})),
    "run_limit": lambda: of(person(), policy=policy(limits={"run_minor": FULL - 1})),
    "period_ahead": lambda: of(person(), line(**NOV)),
    "period_old": lambda: of(person(), line(period="2026-06")),
    "variance_person": lambda: of(person(), line(amount=FULL * 13 // 10 + 1)),
    "no_earlier_pay": lambda: of(person(), known={"past": []}),
    "variance_run": lambda: of(person(), line(amount=FULL * 11 // 10 + 1)),
    "variance_count": lambda: of([person(), person("0002")], known={"past": [past(), past("0002")]}),
    "control_count": lambda: of(person(), known={"declared": Declared(2, FULL)}),
    "control_sum": lambda: of(person(), known={"declared": Declared(1, FULL + 1)}),
    "control_component": lambda: of(person(), known={"declared": Declared(1, FULL, {C.BONUS: (1, FULL)})}),
    "control_left_out": lambda: of(
        person(), known={"declared": Declared(3), "left_out": {"claimed": [FULL], "other_component": []}}
    ),
    "facts_missing": lambda: of(person(), policy=policy(requires=["exit_list"])),
    "calendar_missing": lambda: of(person(), run=PayRun(id="r", period="2026-10", pay_day=date(2027, 1, 5))),
    "pay_day_rest": lambda: of(person(), run=PayRun(id="r", period="2026-10", pay_day=date(2026, 11, 7))),
    "pay_day_past": lambda: of(person(), run=PayRun(id="r", period="2026-10", pay_day=date(2026, 11, 1))),
    "cut_off_passed": lambda: of(
        person(),
        policy=policy(cut_off={"time": "08:59", "time_zone": "Asia/Shanghai", "working_days_before": 3}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_is_said_in_every_language_with_the_same_figures(language):
    said = {rule.id: text_of(rule, language) for rule in RULES.values()}
    assert [rule.id for rule in RULES.values() if blanks(said[rule.id]) != blanks(rule.en)] == []
    assert len(set(said.values())) == len(RULES)
    further = {"ja": ja.TEXTS, "ko": ko.TEXTS}.get(language, RULES)
    assert list(further) == list(RULES)


def test_japanese_and_korean_rules_are_polite():
    assert unmannered_japanese(ja.TEXTS) == {}
    assert unmannered_korean(ko.TEXTS) == {}


def test_every_rule_is_tried():
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_finds_what_it_is_for(rule):
    report = CASES[rule]()
    found = [finding for finding in report.findings if finding.rule == rule]
    assert found
    assert all(finding.severity is RULES[rule].severity for finding in found)
    assert all(bool(finding.reference) == (RULES[rule].scope is Scope.LINE) for finding in found)
    for finding in found:
        for language in ("zh", "en"):
            assert not set("{}") & set(explain(finding, language))


@pytest.mark.parametrize("case", CLEAN)
def test_what_is_right_is_payable(case):
    report = CLEAN[case]()
    assert {rule for rule in rules(report) if RULES[rule].severity > Severity.WARN} == set()
    assert {each.state for each in report.lines} == {LineVerdict.PAYABLE}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_is_told_in_both_languages_and_waivable_or_not(rule):
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (rule.en, rule.zh)]
    assert fields[0] == fields[1]
    assert rule.en.endswith(".")
    assert rule.zh.endswith("。")
    assert bool(rule.waived_by) == (rule.severity is not Severity.STOP)
    assert rule.least <= rule.severity


# --- the three dates


@pytest.mark.parametrize(
    ("status", "dates", "period", "expected"),
    [
        (S.DEPARTED, ("2026-09-30",), "2026-10", {"departed"}),
        (S.NOTICE, ("2026-09-30",), "2026-10", {"departed"}),  # by the dates, whatever the status still says
        (S.ACTIVE, ("2026-09-30",), "2026-10", {"departed"}),
        (S.DEPARTED, ("2026-10-01",), "2026-10", {"last_period", "last_period_full"}),
        (S.DEPARTED, ("2026-10-30",), "2026-10", {"last_period"}),
        (S.DEPARTED, ("2026-10-31",), "2026-10", {"pending_departure"}),
        (S.DEPARTED, ("2026-09-20", None, "2026-10-31"), "2026-10", {"contract_ended"}),
        (S.DEPARTED, ("2026-09-20", "2026-10-31"), "2026-10", {"paid_past_last_working"}),
        (S.DEPARTED, ("2026-09-20", "2026-10-15"), "2026-10",
         {"paid_past_last_working", "last_period", "last_period_full"}),
        (S.DEPARTED, ("2026-09-20",), "2026-09", {"last_period"}),
        (S.REHIRED, ("2019-12-31",), "2026-10", set()),
        (S.NOTICE, (None, "2026-10-15"), "2026-10", {"last_period", "last_period_full"}),
        (S.ACTIVE, (None, "2026-10-15"), "2026-10", set()),
        (S.ACTIVE, (None, None, "2026-10-15"), "2026-10", {"last_period", "last_period_full"}),
    ],
)  # fmt: skip
def test_the_three_dates_against_the_period(status, dates, period, expected):
    days = [None if day is None else date.fromisoformat(day) for day in (*dates, None, None)[:3]]
    who = person(status=status, last_working_day=days[0], contract_end_day=days[1], pay_end_day=days[2])
    of_people = {
        "departed", "last_period", "last_period_full", "pending_departure", "contract_ended",
        "paid_past_last_working", "dates_contradict", "departed_undated",
    }  # fmt: skip
    assert rules(of(who, line(period=period))) & of_people == expected


def test_a_bonus_is_no_way_around_the_dates():
    assert "departed" in rules(of(gone(), line(component=C.BONUS)))


def test_the_leaver_is_left_out_and_the_settlement_is_paid():
    report = of(gone(), line(), settlement(period="2026-09"), known={"past": []})
    states = {each.key.component: each.state for each in report.lines}
    assert states == {C.SALARY: LineVerdict.LEFT_OUT, C.FINAL_SETTLEMENT: LineVerdict.PAYABLE}
    assert next(each.reasons for each in report.lines if each.state is LineVerdict.LEFT_OUT) == ("departed",)


# --- accounts, repeats, days


def test_names_that_sound_alike_are_not_alike():
    report = of(
        [person(full_name="张伟"), person("0002", full_name="章伟")], line(holder="章伟"), line("0002", holder="张伟")
    )
    assert sum(finding.rule == "holder_differs" for finding in report.findings) == 2


def test_all_lines_with_one_key_are_left_out():
    report = of(person(), line(place="a:1"), line(place="a:2"), line(place="b:1"))
    assert [each.state for each in report.lines] == [LineVerdict.LEFT_OUT] * 3


@pytest.mark.parametrize("state", PastState)
def test_a_key_is_taken_in_every_state(state):
    assert "duplicate_of_run" in rules(of(person(), known={"past": [past(period="2026-10", state=state)]}))


def test_lines_of_the_same_run_are_no_other_run():
    assert "duplicate_of_run" not in rules(of(person(), known={"past": [*ONE, past(period="2026-10", run="run-1")]}))


def test_a_third_attempt_needs_both_before_it():
    came = {"period": "2026-10", "state": PastState.CAME_BACK}
    one, two = past(**came), past(**came, attempt=2)
    for known, fits in (([one, two], True), ([two], False), ([one], False)):
        report = of(person(), line(attempt=3), known={"past": [*ONE, *known]})
        assert ("attempt_unproven" not in rules(report)) is fits


def test_a_shared_account_is_seen_among_people_without_a_line():
    people = [person(), person("0002", bank_account_number=card("0001"))]
    report = checked([line()], facts(people, past=ONE, expected=["0001"]))
    assert next(dict(finding.detail) for finding in report.findings if finding.rule == "account_shared") == {
        "people": 2
    }


def test_empty_accounts_are_not_shared():
    report = of([person(bank_account_number=""), person("0002", bank_account_number="")], line(account=""))
    assert "account_shared" not in rules(report)


def test_two_runs_may_share_a_month():
    known = {"past": [past(), past(period="2026-10", component=C.SALARY, amount=FULL // 2, run="run-x", attempt=1)]}
    report = of([person(), person("0002")], line("0002"), known=known | {"expected": ["0001", "0002"]})
    assert "missing_from_run" not in rules(report)


@pytest.mark.parametrize(
    ("pay_day", "proposed"),
    [(date(2026, 10, 4), date(2026, 9, 30)), (date(2026, 11, 8), date(2026, 11, 6)), (date(2026, 2, 28), None)],
)
def test_a_rest_day_proposes_the_working_day_before(pay_day, proposed):
    """The national holiday is skipped whole; 28 February 2026 is a Saturday that is worked."""
    known = {"now": datetime(2026, 1, 2, tzinfo=UTC)}
    report = of(person(), known=known, run=PayRun(id="r", period="2026-10", pay_day=pay_day))
    found = [dict(finding.detail)["proposed"] for finding in report.findings if finding.rule == "pay_day_rest"]
    assert found == ([] if proposed is None else [proposed])


def test_a_missing_year_stops_and_a_told_one_does_not():
    run = PayRun(id="r", period="2026-10", pay_day=date(2027, 1, 5))
    assert of(person(), run=run).stopped
    told = WorkCalendar(years={2027: YearDays(holidays=(date(2027, 1, 1),))})
    assert not of(person(), run=run, known={"calendar": told}).stopped


def test_the_cut_off_is_a_moment():
    told = {"time": "09:00", "time_zone": "Asia/Shanghai", "working_days_before": 3}  # = NOW to the second
    assert "cut_off_passed" not in rules(of(person(), policy=policy(cut_off=told), known={"now": NOW}))
    late = {"now": NOW.replace(microsecond=1)}
    assert "cut_off_passed" in rules(of(person(), policy=policy(cut_off=told), known=late))


def test_an_amount_beyond_64_bits_is_a_finding_and_no_crash():
    report = of(person(), line(amount=10**30))
    assert "amount_overflow" in rules(report)
    assert len(report.digest) == 64


def test_an_empty_run_has_an_empty_report():
    report = check(RUN, [], facts(declared=Declared(0, 0)), CheckPolicy())
    assert report.lines == []
    assert rules(report) == set()


def test_bank_numbers_of_other_forms():
    for code, rule in (("HSBCHKHH", None), ("HSBCHKHHHKH", None), ("hsbchkhh", "bank_code_form"), (CNAPS, None)):
        found = rules(of(person(bank_code=code), line(bank_code=code)))
        assert {"bank_code_form", "bank_code_check"} & found == ({rule} if rule else set())


OUT_OF_FOUR = {"claimed": [FULL, 1], "doubled": [FULL]}
"""What came in beside one line and is left out of the run."""


def test_lines_that_were_left_out_came_in_and_are_counted():
    whole = {"declared": Declared(4, 3 * FULL + 1), "left_out": OUT_OF_FOUR}
    assert {rule for rule in rules(of(person(), known=whole)) if rule.startswith("control_")} == set()


def test_where_control_totals_differ_it_is_told_what_was_left_out():
    report = of(person(), known={"declared": Declared(1, FULL), "left_out": OUT_OF_FOUR})
    found = {each.rule: dict(each.detail) for each in report.findings if each.rule.startswith("control_")}
    assert found == {
        "control_count": {"found": 4, "declared": 1},
        "control_sum": {"found": 3 * FULL + 1, "declared": FULL},
        "control_left_out": {"claimed": 2, "doubled": 1, "others": 0},
    }


def test_a_control_total_that_is_told_alone_is_compared_and_the_other_is_not():
    control = {"control_count", "control_sum", "facts_missing"}
    for told, wanted in (
        (Declared(2), {"control_count"}),
        (Declared(None, FULL + 1), {"control_sum"}),
        (Declared(1), set()),
        (Declared(None, FULL), set()),
    ):
        assert rules(of(person(), known={"declared": told})) & control == wanted
