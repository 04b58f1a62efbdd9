"""Who is on `hub.protected` and leaves by HR's data is named until a person opens a case, however long that takes."""

from __future__ import annotations

from baton.hub.offboarding import casework, hourly
from baton.model.account import AccountState
from baton.model.case import Cause
from tests.hub.offboarding.conftest import HR
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
