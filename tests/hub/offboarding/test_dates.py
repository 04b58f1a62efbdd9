"""Which last day a case has, whatever HR says of it, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from baton.errors import ApprovalError
from baton.hub.offboarding import casework, completing, links
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, CaseState, LeaverDates, Role
from baton.model.handover import HoldingKind, HoldingRef
from baton.model.people import end_of_day
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.rig.company import row

Make = Callable[..., Desk]
DAY = 86_400


def hr_says(d: Desk, **given: str) -> None:
    d.company.rows[1] = row(LEAVER, **{"department": "销售部", "manager": MANAGER, **given})
    plan_sync(d.hub, SyncRequest())
    d.tick()


@pytest.mark.parametrize("last_day", ["2026-12-20", ""])
def test_whom_hr_calls_departed_without_a_day_has_left(desk: Make, last_day: str) -> None:
    d = desk()
    d.things.grants[d.id_of(LEAVER)] = {"read"}
    hr_says(d, status="notice", **({"last_day": last_day} if last_day else {}))
    case = casework.find_case(d.hub, LEAVER)
    before = case.dates.last_working_at
    d.company.clock.sleep(60 * 86_400)
    hr_says(d, status="departed")
    after = d.case(case).dates
    assert after.last_working_at == (before or d.hub.clock.now())
    assert d.things.grants[d.id_of(LEAVER)] == set()
    with pytest.raises(ApprovalError):
        links.make_token(d.hub, links.Offer(case.id, LEAVER, Role.LEAVER, HR))
    d.company.clock.sleep(3600)
    d.tick()
    assert d.case(case).dates == after, "and it is not moved every hour"


@pytest.mark.parametrize("given", [{}, {"last_day": "2026-11-20"}])
def test_who_has_left_by_hr_does_not_wait_for_a_later_day_that_was_named_by_hand(
    desk: Make, given: dict[str, str]
) -> None:
    d = desk()
    d.things.grants[d.id_of(LEAVER)] = {"read"}
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=30))
    d.tick()
    d.company.clock.sleep(DAY)
    hr_says(d, status="departed", **given)
    after = d.case(case)
    said = end_of_day(date(2026, 11, 20), "Asia/Shanghai") if given else d.hub.clock.now()
    assert after.dates.last_working_at == said
    assert after.protected_until == said + timedelta(days=90)
    assert d.things.grants[d.id_of(LEAVER)] == set()
    d.company.clock.sleep(3600)
    d.tick()
    assert d.case(case).dates == after.dates, "and it is not moved every hour"


def test_an_earlier_day_that_was_named_by_hand_stays_when_hr_enters_the_departure(desk: Make) -> None:
    d = desk()
    named = d.hub.clock.now() + timedelta(days=2)
    case = d.open(last_working_at=named)
    hr_says(d, status="notice", last_day="2026-12-20")
    assert d.case(case).dates.last_working_at == named
    d.company.clock.sleep(3 * DAY)
    hr_says(d, status="departed", last_day="2026-12-20")
    assert d.case(case).dates.last_working_at == named


def test_a_departure_without_a_day_that_was_a_mistake_gives_way_to_the_day_hr_says_then(desk: Make) -> None:
    d = desk()
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=30))
    hr_says(d, status="departed")
    d.company.clock.sleep(DAY)
    hr_says(d, status="notice", last_day="2026-12-20")
    assert d.case(case).dates.last_working_at == end_of_day(date(2026, 12, 20), "Asia/Shanghai")


def test_a_departure_that_was_a_mistake_leaves_no_case_by_hand_without_a_last_day(desk: Make) -> None:
    d = desk()
    d.things.grants[d.id_of(LEAVER)] = {"read"}
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=30))
    d.tick()
    d.company.clock.sleep(DAY)
    hr_says(d, status="departed")
    departed = d.case(case)
    for _ in range(2):
        d.company.clock.sleep(DAY)
        hr_says(d, status="notice")
        kept = d.case(case)
        assert kept.dates == LeaverDates(departed.dates.last_working_at)
        assert kept.protected_until == departed.protected_until
        d.things.grants[d.id_of(LEAVER)] = {"read"}
        (why,) = d.tick().troubles.values()
        assert "2026-11-24 01:00 UTC" in why
        assert "enter the last working day" in why
        assert d.things.grants[d.id_of(LEAVER)] == set()
    hr_says(d, status="notice", last_day="2026-12-20")
    assert d.case(case).dates.last_working_at == end_of_day(date(2026, 12, 20), "Asia/Shanghai")
    assert not d.tick().troubles


def test_a_day_that_was_named_by_hand_needs_no_word_of_hr(desk: Make) -> None:
    d = desk()
    named = d.hub.clock.now() + timedelta(days=30)
    case = d.open(last_working_at=named)
    hr_says(d, status="notice")
    assert not d.tick().troubles
    assert d.case(case).dates.last_working_at == named


def handed_over(d: Desk) -> tuple[Case, HoldingRef]:
    """Somebody on notice whose client is with their manager already."""
    ref = d.plant(HoldingKind.CLIENT, 1)
    hr_says(d, status="notice", last_day="2026-11-26")
    case = casework.find_case(d.hub, LEAVER)
    d.agree(case)
    d.tick()
    assert d.holder(ref) == MANAGER
    return case, ref


def stands(d: Desk, case: Case, ref: HoldingRef) -> tuple[CaseState, str]:
    """How the case stands after two more hours, and who has the client."""
    for _ in range(2):
        d.company.clock.sleep(3600)
        d.tick()
    return d.case(case).state, d.holder(ref)


@pytest.mark.parametrize("again", [("rehired",), ("rehired", "active"), ("pending", "active"), ("active",)])
def test_who_is_hired_again_while_the_case_is_open_gets_nothing_back_by_it(desk: Make, again: tuple[str, ...]) -> None:
    d = desk()
    case, ref = handed_over(d)
    d.company.clock.sleep(5 * DAY)
    hr_says(d, status="departed", last_day="2026-11-26")
    before = d.case(case).dates
    d.company.clock.sleep(40 * DAY)
    for status in again:
        hr_says(d, status=status)
        assert stands(d, case, ref)[1] == MANAGER
    assert (d.case(case).state, d.case(case).dates) == (CaseState.PAUSED, before)


@pytest.mark.parametrize("again", ["rehired", "active"])
def test_who_stays_by_what_hr_said_in_time_gets_all_back_though_nothing_ran_until_the_day_was_over(
    desk: Make, again: str
) -> None:
    d = desk()
    case, ref = handed_over(d)
    d.company.rows[1] = row(LEAVER, department="销售部", manager=MANAGER, status=again)
    plan_sync(d.hub, SyncRequest())
    d.company.clock.sleep(40 * DAY)
    assert stands(d, case, ref) == (CaseState.RETRACTED, LEAVER)


def test_whose_last_day_is_long_over_has_not_taken_it_back_although_hr_never_entered_the_departure(desk: Make) -> None:
    d = desk()
    case, ref = handed_over(d)
    d.company.clock.sleep(40 * DAY)
    hr_says(d, status="active")
    assert stands(d, case, ref) == (CaseState.PAUSED, MANAGER)
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "they do leave")
    assert stands(d, case, ref) == (CaseState.OPEN, MANAGER), "it is said once"


def test_a_completed_case_of_somebody_hired_again_that_hr_reopens_is_not_retracted_by_it(desk: Make) -> None:
    d = desk()
    case, ref = handed_over(d)
    d.company.clock.sleep(5 * DAY)
    hr_says(d, status="departed", last_day="2026-11-26")
    d.close_account()
    d.tick()
    completing.complete(d.hub, case.id, HR, "handed over")
    d.company.clock.sleep(200 * DAY)
    hr_says(d, status="rehired")
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "something was forgotten")
    assert stands(d, case, ref) == (CaseState.OPEN, MANAGER)


@pytest.mark.parametrize("status", ["departed", "notice"])
def test_a_departure_that_was_entered_by_mistake_is_taken_back_by_a_correction_soon_after(
    desk: Make, status: str
) -> None:
    d = desk()
    case, ref = handed_over(d)
    d.company.clock.sleep(5 * DAY)
    hr_says(d, status=status, last_day="2026-11-26")
    d.company.clock.sleep(DAY)
    hr_says(d, status="active")
    assert stands(d, case, ref) == (CaseState.RETRACTED, LEAVER)


def test_who_is_hired_again_at_once_is_no_correction(desk: Make) -> None:
    d = desk()
    case, ref = handed_over(d)
    hr_says(d, status="departed", last_day="2026-11-26")
    for status in ("pending", "active", "rehired"):
        d.company.clock.sleep(3600)
        hr_says(d, status=status)
        assert stands(d, case, ref)[1] == MANAGER
    assert d.case(case).state is CaseState.PAUSED


def test_who_had_left_before_this_case_takes_a_resignation_back_like_anybody(desk: Make) -> None:
    d = desk()
    hr_says(d, status="departed", last_day="2026-10-01")
    before = casework.find_case(d.hub, LEAVER)
    d.close_account()
    d.tick()
    completing.complete(d.hub, before.id, HR, "they had nothing")
    d.company.clock.sleep(DAY)
    hr_says(d, status="rehired")
    d.company.clock.sleep(DAY)
    ref = d.plant(HoldingKind.CLIENT, 1)
    hr_says(d, status="notice", last_day="2026-12-20")
    case = casework.find_case(d.hub, LEAVER)
    assert case.id != before.id
    d.agree(case)
    d.tick()
    hr_says(d, status="rehired")
    assert stands(d, case, ref) == (CaseState.RETRACTED, LEAVER)


@pytest.mark.parametrize("again", ["pending", "rehired"])
def test_a_rehire_lets_nobody_in_by_the_link_of_the_time_before(desk: Make, again: str) -> None:
    d = desk()
    case, _ = handed_over(d)
    token = links.make_token(d.hub, links.Offer(case.id, LEAVER, Role.LEAVER, HR))
    links.admit(d.hub, token)
    d.company.clock.sleep(5 * DAY)
    hr_says(d, status="departed", last_day="2026-11-26")
    last = d.case(case).dates
    hr_says(d, status=again)
    d.tick()
    assert d.case(case).dates == last
    with pytest.raises(links.LinkRefusedError):
        links.admit(d.hub, token)
