"""The report: canonical, complete, silent about people; severities by policy; waivers by the right person only."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.errors import ConfigurationError
from baton.jobs.payment.checks.checking import check
from baton.jobs.payment.checks.facts import PastState
from baton.jobs.payment.checks.findings import LineVerdict
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.jobs.payment.checks.waivers import Refusal, Waiver, apply_waivers
from baton.jobs.payment.files import loads
from baton.jobs.payment.policy import PaymentPolicy, load_payment_policy
from baton.jobs.payment.roles import Role
from baton.model.people import EmploymentStatus
from tests.jobs.payment.checks.office import FULL, NOW, RUN, card, checked, declared, facts, line, past, person
from tests.jobs.payment.checks.shipped import POLICY
from tests.rig.examples import few

HOLDERS = {"hr-wang": [Role.HR], "zhao": [Role.DIRECTOR, Role.TREASURY], "maker": [Role.HR, Role.PAYROLL]}
UNTIL = NOW + timedelta(days=3)


def held():
    """One line that is held because its name differs, and one that is fine."""
    return checked([line(holder="测试乙"), line("0002")])


def waiver(report, rule="holder_differs", **more):
    finding = next(each for each in report.findings if each.rule == rule)
    told = {"person": "hr-wang", "role": Role.HR, "reason": "called back", "until": UNTIL}
    return Waiver(rule, finding.reference, finding.digest, **(told | more))


def applied(report, *waivers, policy=None, now=NOW):
    return apply_waivers(report, waivers, policy or CheckPolicy(), makers=["maker"], holders=HOLDERS, now=now)


# --- the report


def world(seed):
    """A run with something of everything, in an order of its own."""
    chance = random.Random(seed)
    lines = [line("0001"), line("0002", amount=0), line("0002", amount=0, place="b:9"), line("0003", holder="测试丙")]
    lines += [line("0007"), line("0004", account=card("0001"))]
    people = [person(f"{n:04d}") for n in range(1, 7)]
    people[4] = person("0005", status=EmploymentStatus.DEPARTED)
    before = [past(f"{n:04d}") for n in range(1, 7)] + [past("0003", period="2026-10", state=PastState.DRAFT)]
    for each in (lines, people, before):
        chance.shuffle(each)
    return lines, facts(people, past=iter(before), declared=declared(lines))


@given(st.integers())
@few(25)
def test_no_order_of_arrival_shows(seed):
    reports = [check(RUN, *world(each), CheckPolicy()) for each in (0, seed)]
    assert reports[0].findings == reports[1].findings
    assert reports[0].lines == reports[1].lines
    assert reports[0].digest == reports[1].digest


def test_every_line_that_came_in_has_its_place_and_its_reason():
    lines, known = world(3)
    report = check(RUN, lines, known, CheckPolicy())
    assert sorted(each.place for each in report.lines) == sorted(each.place for each in lines)
    assert sum(report.counts.values()) == len(lines)
    assert all(bool(each.reasons) == (each.state is not LineVerdict.PAYABLE) for each in report.lines)


@pytest.mark.parametrize(
    "changed",
    [
        lambda: checked([line(amount=FULL + 1), line("0002")]),
        lambda: checked([line(remark="十月工资"), line("0002")]),
        lambda: checked([line(), line("0002", place="pay.csv:3")]),
        lambda: checked([line(account=card("0009")), line("0002")]),
        lambda: checked([line(bank_code=""), line("0002")]),
        lambda: checked(policy=CheckPolicy(nearby_days=21)),
        lambda: checked(run=replace(RUN, pay_day=date(2026, 11, 6))),
        lambda: checked(run=replace(RUN, id="run-2")),
        lambda: checked(known=facts([person(status=EmploymentStatus.NOTICE, last_working_day=date(2026, 12, 1)),
                                     person("0002")])),
    ],
)  # fmt: skip
def test_whatever_changes_changes_the_digest(changed):
    assert changed().digest != checked().digest


def test_later_the_same_is_the_same():
    assert checked(known=facts(now=NOW + timedelta(days=1))).digest == checked(known=facts(now=NOW)).digest


def test_findings_name_no_person_and_no_account():
    report = check(RUN, *world(0), CheckPolicy())
    told = "".join(str(finding.document()) for finding in report.findings)
    assert "测试" not in told
    assert card("0001") not in told


# --- severities


def test_a_policy_may_make_a_rule_graver():
    strict = CheckPolicy(severities={"latin_name": "hold", "holder_differs": "stop"})
    people = [person(full_name="Testperson One"), person("0002")]
    latin = checked([line(holder="Testperson One"), line("0002")], facts(people), strict)
    assert [each.state for each in latin.lines] == [LineVerdict.HELD, LineVerdict.PAYABLE]
    assert checked([line(holder="测试乙"), line("0002")], policy=strict).lines[0].state is LineVerdict.LEFT_OUT


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("checks: {severities: {departed: warn}}", "may not be milder than stop"),
        ("checks: {severities: {no_such: hold}}", "there is no rule no_such"),
        ("checks: {waivers: {departed: [hr]}}", "nobody waives it"),
        ("checks: {waivers: {holder_differs: [boss]}}", "checks.waivers.holder_differs.0"),
        ("checks: {nearby: 3}", "not known here"),
        ("checks: {cut_off: {time: '16:30', time_zone: Asia/Nowhere}}", "no IANA time zone"),
        ("checks: {limits: {line_minor: {wages: 3}}}", "wages"),
        ("checks: {limits: {run_minor: -3}}", "greater than or equal to 0"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_line(text, told):
    file = f"approvals: {{levels: [{{roles: [hr, treasury]}}]}}\n{text}\n".encode()
    with pytest.raises(ConfigurationError) as caught:
        loads(file, "policy.yaml", PaymentPolicy)
    assert told in str(caught.value)
    assert "policy.yaml:2" in str(caught.value)


def test_all_faults_of_a_policy_are_told_at_once():
    with pytest.raises(ConfigurationError) as caught:
        loads(b"checks:\n  nearby_days: x\n  absent_days: -1\n  what: 3\n", "p.yaml", PaymentPolicy)
    assert sorted(fault.place for fault in caught.value.faults) == ["p.yaml:1", "p.yaml:2", "p.yaml:3", "p.yaml:4"]


def test_the_policy_that_ships_is_sound():
    policy = load_payment_policy(POLICY)
    assert policy.checks.digest == load_payment_policy(POLICY).checks.digest


def test_there_is_no_policy_file(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        load_payment_policy(tmp_path / "no.yaml")


# --- waivers


def test_a_waived_line_is_payable_and_the_report_stays_as_it_was():
    report = held()
    before = report.digest
    cleared = applied(report, waiver(report))
    assert [each.state for each in cleared.lines] == [LineVerdict.PAYABLE] * 2
    assert cleared.lines[0].reasons == ()
    assert cleared.releasable
    assert (report.digest, report.lines[0].state) == (before, LineVerdict.HELD)
    assert cleared.digest != applied(report).digest


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"person": "maker"}, Refusal.MAKER),
        ({"person": " Ｍaker "}, Refusal.MAKER),
        ({"role": Role.TREASURY, "person": "zhao"}, Refusal.WRONG_ROLE),
        ({"person": "zhao"}, Refusal.ROLE_NOT_HELD),
        ({"person": "nobody"}, Refusal.ROLE_NOT_HELD),
        ({"reason": " "}, Refusal.NO_REASON),
        ({"until": NOW}, Refusal.EXPIRED),
    ],
)
def test_a_waiver_that_covers_nothing_says_why(more, why):
    report = held()
    given_ = waiver(report, **more)
    cleared = applied(report, given_)
    assert cleared.refused == [(given_, why)]
    assert cleared.lines[0].state is LineVerdict.HELD
    assert cleared.digest == applied(report).digest


def test_what_stops_cannot_be_waived():
    report = checked([line(amount=0), line("0002")])
    cleared = applied(report, waiver(report, "amount_zero"))
    assert [why for _, why in cleared.refused] == [Refusal.NOT_WAIVABLE]
    assert cleared.lines[0].state is LineVerdict.LEFT_OUT


def test_a_waiver_is_for_what_was_seen():
    """The same rule on the same line with another figure is another finding."""
    then = checked([line(amount=2 * FULL), line("0002")])
    now = checked([line(amount=3 * FULL), line("0002")])
    given_ = waiver(then, "variance_person", person="p-li", role=Role.PAYROLL)
    holders = HOLDERS | {"p-li": [Role.PAYROLL]}
    for report, waived in ((then, 1), (now, 0)):
        cleared = apply_waivers(report, [given_], CheckPolicy(), makers=["maker"], holders=holders, now=NOW)
        assert len(cleared.waived) == waived


def test_every_hold_of_a_line_needs_its_own_waiver():
    report = checked([line(holder="测试乙", account=card("0009")), line("0002")])
    assert report.lines[0].reasons == ("account_differs", "holder_differs")
    one = applied(report, waiver(report))
    assert (one.lines[0].state, one.lines[0].reasons) == (LineVerdict.HELD, ("account_differs",))
    both = applied(report, waiver(report), waiver(report, "account_differs"))
    assert both.lines[0].state is LineVerdict.PAYABLE


def test_a_hold_of_the_run_keeps_every_line():
    report = checked([line()])
    assert applied(report).run_held_by == ["variance_count", "variance_run"]
    assert {each.state for each in applied(report).lines} == {LineVerdict.PAYABLE}
    assert not applied(report).releasable
    ways = [waiver(report, rule, person="zhao", role=Role.DIRECTOR) for rule in ("variance_count", "variance_run")]
    assert applied(report, *ways).releasable


def test_a_policy_may_name_other_people():
    policy = CheckPolicy(waivers={"holder_differs": (Role.DIRECTOR,)})
    report = checked([line(holder="测试乙"), line("0002")], policy=policy)
    assert [why for _, why in applied(report, waiver(report), policy=policy).refused] == [Refusal.WRONG_ROLE]
    right = waiver(report, person="zhao", role=Role.DIRECTOR)
    assert applied(report, right, policy=policy).lines[0].state is LineVerdict.PAYABLE


def test_a_waiver_that_lapses_changes_what_was_approved():
    report = held()
    assert applied(report, waiver(report)).digest != applied(report, waiver(report), now=UNTIL).digest
