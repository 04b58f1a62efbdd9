"""What was paid and not owed, to the fen; since when HR says so; and what the clock says is to be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from baton.jobs.payment.overpayment import (
    REMEDIES,
    Basis,
    Doubt,
    Overpaid,
    PaidLine,
    Remedy,
    Told,
    overpaid,
    work_days,
)
from baton.jobs.payment.overpayment_policy import BY_WORK_DAYS, FROM_WAGES, OverpaymentPolicy
from baton.jobs.payment.policy import load_payment_policy
from baton.jobs.payment.settlement.pack import load_pack
from baton.model.pay_run import LineState
from baton.model.payable import Component, PayableKey
from baton.model.people import Employee, EmploymentStatus

MAPPINGS = Path(__file__).parents[3] / "mappings" / "payment"
ACTIVE, DEPARTED, NOTICE = EmploymentStatus.ACTIVE, EmploymentStatus.DEPARTED, EmploymentStatus.NOTICE
CALENDAR = OverpaymentPolicy(share="calendar_days")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def line(period: str = "2026-11", **given: Any) -> PaidLine:
    component = given.pop("component", Component.SALARY)
    known: dict[str, Any] = {
        "key": PayableKey("0002", period, component),
        "run_id": f"pay-{period}",
        "amount_minor": 1_000_000,
        "currency": "CNY",
        "state": LineState.PAID,
        "pay_day": date.fromisoformat(f"{period}-28"),
        "made_at": at(f"{period}-25"),
        "built_at": at(f"{period}-26"),
    }
    return PaidLine(**{**known, **given})


def told(*versions: tuple[str, dict[str, Any]]) -> list[Told]:
    """(recorded, what HR says) of each version."""
    usual = {"number": "0002", "status": ACTIVE, "hire_day": date(2020, 1, 6)}
    return [
        Told(place, at(recorded), Employee(**{**usual, **said}))
        for place, (recorded, said) in enumerate(versions, start=1)
    ]


def left(day: str, **more: Any) -> dict[str, Any]:
    return {"status": DEPARTED, "last_working_day": date.fromisoformat(day), **more}


HIRED: tuple[str, dict[str, Any]] = ("2020-01-02", {})


def found(*lines: PaidLine, since: list[Told], policy: OverpaymentPolicy | None = None, **claimed: int) -> Overpaid:
    return overpaid(lines, since, policy or OverpaymentPolicy(), claimed)


@pytest.mark.parametrize(
    ("day", "period", "policy", "owed"),
    [
        ("2026-10-31", "2026-11", None, 0),
        ("2026-11-30", "2026-11", None, None),
        # 2026-11-28 is a Saturday, and the 30th a working day: 20 of 21 paid (9195.41) or 1 not paid (9540.23).
        ("2026-11-28", "2026-11", None, 954_023),
        ("2026-11-10", "2026-11", None, 356_322),  # 7 days: 3218.40 paid, or 14 not paid: 3563.22
        ("2026-11-02", "2026-11", None, 80_460),  # 1 day, or 20 not paid (804.60)
        ("2026-11-01", "2026-11", None, 0),  # a Sunday: no working day of the month
        ("2026-02-27", "2026-02", None, None),  # a Friday, the last working day: only rest days are missing
        ("2026-02-26", "2026-02", None, 954_023),  # 19 of 20: one day not paid leaves more than 19 paid (8735.64)
        ("2026-07-30", "2026-07", None, None),  # 22 days paid at 1/21.75 are a whole month's pay
        ("2026-11-10", "2026-11", CALENDAR, 333_334),
        ("2026-11-01", "2026-11", CALENDAR, 33_334),
        ("2026-02-27", "2026-02", CALENDAR, 964_286),
    ],
)
def test_a_month_is_shared_to_the_fen(
    day: str, period: str, policy: OverpaymentPolicy | None, owed: int | None
) -> None:
    told_late = told(HIRED, ("2026-12-20", left(day)))
    result = found(line(period), since=told_late, policy=policy)
    if owed is None:
        assert not result
    else:
        (one,) = result.not_owed
        assert (one.working.owed_minor, one.amount_minor) == (owed, 1_000_000 - owed)


def test_the_month_of_the_hire_is_shared_too_and_months_before_it_are_not_owed() -> None:
    late_start = told(("2026-10-01", {"hire_day": date(2026, 10, 9)}), ("2026-12-01", {"hire_day": date(2026, 11, 16)}))
    undated_start = [replace(late_start[0], employee=replace(late_start[0].employee, hire_day=None)), late_start[1]]
    result = found(line("2026-11"), since=undated_start)
    (part,) = result.not_owed
    assert (part.working.basis, part.working.days, part.working.of_days) == (Basis.PART, 11, 21)
    (whole,) = found(line("2026-10"), since=undated_start).not_owed
    assert (whole.working.basis, whole.amount_minor) == (Basis.BEFORE_HIRE, 1_000_000)
    # HR has told of an earlier first day: whether this is a correction or a second hire, the dates do not say.
    assert [each.doubt for each in found(line("2026-10"), since=late_start).unclear] == [Doubt.REHIRED]


def test_what_was_made_up_before_hr_told_of_anybody_is_not_judged_by_what_it_tells_now() -> None:
    """Whoever has the number now may be somebody else, or brought in again after a rollback: a person looks."""
    new = told(("2026-12-01", {"hire_day": date(2027, 3, 1)}))
    seen = found(line("2026-10"), line("2026-11"), since=new, **{line().key.reference: 5})
    assert (seen.not_owed, [each.doubt for each in seen.unclear]) == ([], [Doubt.UNKNOWN_THEN] * 2)
    known = line("2026-11", built_at=at("2026-12-01"))
    assert [each.working.basis for each in found(known, since=new).not_owed] == [Basis.BEFORE_HIRE]
    owed = told(("2026-12-01", {}))
    assert not found(line("2026-11"), since=owed), "what was owed by what HR tells now is in no doubt"


@pytest.mark.parametrize(
    ("component", "period", "amount"),
    [
        (Component.BONUS, "2026-11", None),
        (Component.BONUS, "2026-12", 1_000_000),
        (Component.EXPENSE, "2026-12", None),
        (Component.FINAL_SETTLEMENT, "2026-12", None),
        (Component.RECOVERY, "2026-12", None),
    ],
)
def test_what_is_owed_whatever_the_dates_say(component: Component, period: str, amount: int | None) -> None:
    result = found(line(period, component=component), since=told(HIRED, ("2027-01-05", left("2026-11-10"))))
    assert [each.amount_minor for each in result.not_owed] == ([] if amount is None else [amount])


def test_a_bonus_is_shared_where_the_policy_says_so() -> None:
    policy = OverpaymentPolicy(bonus_last_month="share")
    (one,) = found(
        line(component=Component.BONUS), since=told(HIRED, ("2026-12-20", left("2026-11-10"))), policy=policy
    ).not_owed
    assert one.working.owed_minor == 356_322


def test_pay_goes_on_to_the_end_of_pay_not_only_to_the_last_working_day() -> None:
    garden = left("2026-09-30", contract_end_day=date(2026, 10, 31), pay_end_day=date(2026, 11, 30))
    assert not found(line("2026-10"), line("2026-11"), since=told(HIRED, ("2026-12-20", garden)))


def test_what_was_shared_already_is_not_shared_again() -> None:
    before = line("2026-10", amount_minor=1_000_000)
    half = line(amount_minor=340_000)
    known = told(HIRED, ("2026-11-11", left("2026-11-10")))
    late = told(HIRED, ("2026-12-20", left("2026-11-10")))
    assert not found(before, half, since=known)
    assert not found(half, since=known)
    assert [each.doubt for each in found(before, line(), since=known).unclear] == [Doubt.KNOWN]
    assert [each.doubt for each in found(before, half, since=late).unclear] == [Doubt.SHARED]
    assert [each.amount_minor for each in found(before, line(), since=late).not_owed] == [643_678]


@pytest.mark.parametrize("corrected", ["2026-11-06", "2026-11-16", "2026-11-27"])
def test_what_was_shared_by_another_day_is_not_shared_again_once_hr_corrects_it(corrected: str) -> None:
    before, share = line("2026-10"), line(amount_minor=619_048)  # 13 of 21 days
    since = told(HIRED, ("2026-11-20", left("2026-11-18")), ("2026-12-02", left(corrected)))
    # A whole month is within the tolerance of 20 of its 21 days.
    whole = Doubt.SHARED if corrected == "2026-11-27" else Doubt.KNOWN
    for lines, doubt in (((before, share), Doubt.SHARED), ((share,), Doubt.SHARED), ((before, line()), whole)):
        result = found(*lines, since=since)
        assert (result.not_owed, [each.doubt for each in result.unclear]) == ([], [doubt])


def test_a_day_that_hr_corrects_to_one_before_the_month_leaves_nothing_of_it_owed() -> None:
    share = line(amount_minor=619_048)
    since = told(HIRED, ("2026-11-20", left("2026-11-18")), ("2026-12-02", left("2026-10-30")))
    assert [each.amount_minor for each in found(share, since=since).not_owed] == [619_048]


def test_a_day_that_was_told_for_another_month_when_it_was_made_up_has_shared_nothing() -> None:
    since = told(HIRED, ("2026-11-20", left("2026-12-18")), ("2026-12-02", left("2026-11-10")))
    assert [each.amount_minor for each in found(line("2026-10"), line(), since=since).not_owed] == [643_678]


def test_where_the_dates_do_not_decide_nothing_is_claimed() -> None:
    undated = told(HIRED, ("2026-11-20", {"status": DEPARTED}))
    result = found(line("2026-10"), line("2026-11"), since=undated)
    assert [(each.line.key.period, each.doubt) for each in result.unclear] == [("2026-11", Doubt.UNDATED)]
    crossed = told(HIRED, ("2026-12-20", left("2026-12-10", pay_end_day=date(2026, 11, 10))))
    assert [each.doubt for each in found(line(), since=crossed).unclear] == [Doubt.CONTRADICTORY]
    settled = line(component=Component.FINAL_SETTLEMENT)
    assert [each.doubt for each in found(settled, since=told(HIRED)).unclear] == [Doubt.STAYS]
    assert not result.not_owed


def test_the_cause_is_the_version_since_which_hr_says_exactly_this() -> None:
    history = told(
        HIRED,
        ("2026-11-20", {"status": NOTICE, "last_working_day": date(2026, 12, 31)}),
        ("2026-12-03", left("2026-11-10")),
        ("2026-12-05", left("2026-11-10", mobile="13800000000")),
        ("2026-12-09", left("2026-10-31")),
        ("2026-12-10", left("2026-10-31", mobile="13900000000")),
    )
    (one,) = found(line(), since=history).not_owed
    assert (one.cause.version, one.cause.recorded_at, one.cause.late) == (5, at("2026-12-09"), True)
    assert one.cause.pay_end == date(2026, 10, 31)
    (part,) = found(line(), since=history[:4]).not_owed
    assert part.cause.version == 3
    (early,) = found(line("2026-12"), since=history[:3]).not_owed
    assert (early.cause.late, early.cause.version) == (False, 3)


@pytest.mark.parametrize("state", list(LineState))
def test_the_clock_decides_what_is_to_be_done(state: LineState) -> None:
    result = found(line("2026-12", state=state), since=told(HIRED, ("2027-01-05", left("2026-11-10"))))
    over = {
        *(LineState.LEFT_OUT, LineState.CANCELLED, LineState.REJECTED, LineState.RETURNED, LineState.RECALLED),
    }
    if state in over:
        assert not result
        return
    expected = {LineState.PAID: Remedy.RECOVER, LineState.DEBITED: Remedy.RECOVER, LineState.DISPUTED: Remedy.WAIT}
    usual = Remedy.HOLD if state.unsent else Remedy.RECALL
    assert [each.remedy for each in result.not_owed] == [expected.get(state, usual)]
    assert state in REMEDIES


def test_what_a_case_claims_already_is_not_claimed_again() -> None:
    paid, late = line("2026-12"), told(HIRED, ("2027-01-05", left("2026-11-10")))
    reference = paid.key.reference
    (one,) = found(paid, since=late, **{reference: 400_000}).not_owed
    assert (one.amount_minor, one.claimed_minor) == (600_000, 400_000)
    back_again = [*late, replace(late[0], version=3, recorded_at=at("2027-01-08"))]
    assert found(paid, since=back_again, **{reference: 400_000}).claimed_too_much == {reference: 400_000}
    less = [*late, told(("2027-01-08", left("2026-12-10")))[0]]
    assert found(paid, since=less, **{reference: 1_000_000}).claimed_too_much == {reference: 367_817}


def test_the_delivered_policy_and_the_rule_pack_agree() -> None:
    policy = load_payment_policy(MAPPINGS / "policy.yaml").overpayment
    pack = load_pack(MAPPINGS / "settlement-china.yaml")
    assert policy.day.divisor == pack.day.divisor == BY_WORK_DAYS.divisor == Decimal("21.75")
    taken = pack.deductions["overpaid"]
    for rule in (policy.from_wages, FROM_WAGES):
        assert (rule.percent_of_wage, rule.keep_minimum_wage, rule.needs_consent) == (
            taken.percent_of_wage, taken.keep_minimum_wage, taken.needs_consent,
        )  # fmt: skip


def test_working_days_are_mondays_to_fridays() -> None:
    assert work_days(date(2026, 2, 1), date(2026, 2, 28)) == 20
    assert work_days(date(2026, 7, 1), date(2026, 7, 31)) == 23
    assert work_days(date(2026, 11, 2), date(2026, 11, 1)) == 0
