"""Who is on `hub.protected` and leaves by HR's data is named until a person opens a case, however long that takes."""

from __future__ import annotations

import pytest

from baton.hub.offboarding import casework, hourly
from baton.model.account import AccountState
from baton.model.case import Act, Case, CaseState, Cause
from tests.hub.offboarding.conftest import HR, MANAGER
from tests.hub.offboarding.test_held_leavers import DAY_S, ONE, Make, Town, keeps_everything, protecting, town

__all__ = ["town"]
LOOKED_BACK_S = hourly.LOOKED_BACK.total_seconds()


def opened_by_hand(d: Town) -> None:
    """What the run advises has the trouble end, and the rights go. The account stays: the list keeps it."""
    casework.open_case(d.hub, casework.Opening(ONE, Cause.BY_HAND, HR))
    hour = d.hour()
    assert (hour.waiting.protected, hour.troubles) == ([], {})
    assert d.things.grants[d.id_of(ONE)] == set()
    assert d.company.truths["crm"].accounts[ONE].state is AccountState.ENABLED


def test_who_is_kept_by_the_list_is_named_however_long_ago_they_left(town: Make) -> None:
    d = town()
    with protecting(d) as p:
        p.hr_says([ONE], status="departed", last_day="2026-11-20")
        keeps_everything(p)
        p.company.clock.sleep(LOOKED_BACK_S + DAY_S)
        keeps_everything(p)
        why = p.hour().troubles["hub.protected"]
        assert "baton offboard open NUMBER" in why
        assert "or take them off" not in why
        opened_by_hand(p)
        p.company.clock.sleep(LOOKED_BACK_S)
        assert p.hour().waiting.protected == []


def test_who_left_long_before_and_is_put_on_the_list_with_a_case_of_theirs_is_not_named(town: Make) -> None:
    d = town()
    d.hr_says([ONE], status="departed", last_day="2026-11-20")
    assert len(d.hour().opened) == 1
    d.hour()
    d.company.clock.sleep(LOOKED_BACK_S + DAY_S)
    with protecting(d) as p:
        hour = p.hour()
        assert (hour.opened, hour.waiting.protected) == ([], [])


def scheduled(d: Town) -> Case:
    """Their case, opened by the schedule for the end of the year."""
    d.hr_says([ONE], status="notice", last_day="2026-12-31")
    assert len(d.hour().opened) == 1
    return d.cases()[0]


def test_what_is_advised_works_where_the_schedule_had_opened_the_case(town: Make) -> None:
    d = town()
    case = scheduled(d)
    with protecting(d) as p:
        p.hr_says([ONE], status="departed", last_day="2026-11-20")
        keeps_everything(p)
        opened_by_hand(p)
        assert p.case(case).dates.last_working_at != case.dates.last_working_at
        casework.open_case(p.hub, casework.Opening(ONE, Cause.BY_HAND, MANAGER))
        casework.open_case(p.hub, casework.Opening(ONE, Cause.RESIGNATION, hourly.BY))
        with p.hub.database.read() as connection:
            said = p.hub.cases.said(connection, case.id)
        opened = [(each.person, each.text) for each in said if each.act is Act.OPEN]
        assert opened == [(hourly.BY, "resignation"), (HR, "by_hand")], "once is enough"


def test_a_word_about_an_earlier_case_is_none_about_this_one(town: Make) -> None:
    d = town()
    earlier = casework.open_case(d.hub, casework.Opening(ONE, Cause.BY_HAND, HR))
    casework.decide(d.hub, earlier.id, Act.RETRACT, HR, "stays after all")
    d.company.clock.sleep(DAY_S)
    assert scheduled(d).state is CaseState.OPEN
    with protecting(d) as p:
        p.hr_says([ONE], status="departed", last_day="2026-11-20")
        keeps_everything(p)


@pytest.mark.parametrize("manager", ["0003", ""], ids=["another manager", "opened once more"])
def test_what_a_person_said_of_the_case_before_takes_no_protection_away(town: Make, manager: str) -> None:
    d = town()
    scheduled(d)
    casework.open_case(d.hub, casework.Opening(ONE, Cause.BY_HAND, HR, manager=manager))
    d.company.clock.sleep(DAY_S)
    with protecting(d) as p:
        p.hr_says([ONE], status="departed", last_day="2026-11-20")
        keeps_everything(p)
        casework.open_case(p.hub, casework.Opening(ONE, Cause.BY_HAND, HR, manager="0004"))
        keeps_everything(p)
        opened_by_hand(p)


def test_a_person_who_opens_a_retracted_case_again_has_said_it_and_one_who_lets_a_paused_one_go_on_has_not(
    town: Make,
) -> None:
    d = town()
    case = scheduled(d)
    casework.decide(d.hub, case.id, Act.PAUSE, HR, "wait for the audit")
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "looked at")
    with protecting(d) as p:
        p.hr_says([ONE], status="departed", last_day="2026-11-20")
        keeps_everything(p)
        casework.decide(p.hub, case.id, Act.RETRACT, HR, "stays after all")
        casework.decide(p.hub, case.id, Act.REOPEN, HR, "leaves after all")
        assert p.hour().waiting.protected == []
