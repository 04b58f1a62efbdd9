"""Who leaves by newer news of a departure that was held or rejected before has a case, however long ago that was."""

from __future__ import annotations

import pytest

from baton.hub import decisions, execution
from baton.hub.offboarding import casework, hourly
from baton.model.account import AccountState
from baton.model.case import Act, CaseState, Cause
from tests.hub.offboarding.conftest import HR
from tests.hub.offboarding.test_held_leavers import DAY_S, GONE, HOUR_S, ONE, Make, Town, slip, town

__all__ = ["town"]
LOOKED_BACK_S = hourly.LOOKED_BACK.total_seconds()
OTHERS = GONE[1:]


def rejected_long_ago(d: Town) -> None:
    """Of all who were rejected HR corrects everybody but one, who has really left; 32 days ago."""
    decisions.reject(d.hub, slip(d), "boss", "the export is wrong")
    d.hour()
    d.hr_says(OTHERS)
    d.company.clock.sleep(LOOKED_BACK_S + DAY_S)


def leaves_by_a_case(d: Town) -> None:
    """HR edits their row: they lose the account by it, and by a case everything else."""
    d.hr_says([ONE], status="departed", last_day="2026-11-21")
    assert d.company.truths["crm"].accounts[ONE].state is not AccountState.ENABLED
    assert len(d.hour().opened) == 1
    for _ in range(2):
        d.sync()
        hour = d.hour()
        assert (hour.opened, hour.troubles, hour.waiting.rejected) == ([], {}, [])
    (case,) = d.cases()
    assert (case.cause, case.state) == (Cause.RESIGNATION, CaseState.OPEN)
    assert (d.things.grants[d.id_of(ONE)], d.id_of(ONE) in d.things.sessions) == (set(), False)


def test_who_was_rejected_is_named_for_as_long_as_they_are_and_leaves_by_newer_news(town: Make) -> None:
    d = town()
    rejected_long_ago(d)
    for _ in range(2):
        d.sync()
        hour = d.hour()
        assert (hour.opened, hour.troubles, hour.waiting.rejected, d.kept([ONE])) == ([], {}, [ONE], 1)
        d.company.clock.sleep(LOOKED_BACK_S)
    leaves_by_a_case(d)


def test_who_was_held_that_long_leaves_by_newer_news_too(town: Make) -> None:
    d = town()
    slip(d)
    for _ in range(11):
        d.company.clock.sleep(73 * HOUR_S)
        d.sync()
    d.hr_says(OTHERS)
    d.hr_says([ONE], status="departed", last_day="2026-11-21")
    leaves_by_a_case(d)


def test_news_of_who_was_let_go_long_ago_opens_nothing(town: Make) -> None:
    d = town()
    decisions.release(d.hub, slip(d), "boss", "the branch is closed")
    execution.apply(d.hub)
    d.company.clock.sleep(LOOKED_BACK_S + DAY_S)
    assert d.hour().opened == [], "nobody looked for a month: no outage lasts that long"
    d.hr_says([ONE], status="departed", last_day="2026-11-21")
    assert d.hour().opened == []


@pytest.mark.parametrize("cause", [Cause.BY_HAND, Cause.EMERGENCY])
def test_who_has_a_case_for_it_by_then_gets_no_second_one(town: Make, cause: Cause) -> None:
    d = town()
    decisions.reject(d.hub, slip(d), "boss", "the export is wrong")
    case = casework.open_case(d.hub, casework.Opening(ONE, cause, HR, last_working_at=None))
    d.hr_says(OTHERS)
    d.hour()
    with d.hub.database.write() as connection:
        casework.step(d.hub, connection, d.case(case), Act.COMPLETE, HR, "done")
    d.company.clock.sleep(LOOKED_BACK_S + DAY_S)
    assert (d.hour().opened, [each.id for each in d.cases()]) == ([], [case.id])
    d.hr_says([ONE], status="departed", last_day="2026-11-21")
    assert (d.hour().opened, [each.id for each in d.cases()]) == ([], [case.id])
