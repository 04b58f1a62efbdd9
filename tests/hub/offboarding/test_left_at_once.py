"""Whom HR calls departed before any run has seen them leaving: their case is opened all the same, and once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from baton.hub import execution
from baton.hub.offboarding import casework, hourly
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, CaseState, Cause, ItemState
from baton.model.handover import HoldingKind
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.rig.company import row

Make = Callable[..., Desk]
DAY_S = 86_400.0


def hr_says(d: Desk, status: str, last_day: str = "2026-11-22", manager: str = MANAGER) -> None:
    d.company.rows[1] = row(LEAVER, department="销售部", manager=manager, status=status, last_day=last_day)
    plan_sync(d.hub, SyncRequest())
    execution.apply(d.hub)


def cases(d: Desk) -> list[Case]:
    with d.hub.database.read() as connection:
        return d.hub.cases.of_person(connection, LEAVER)


def finish(d: Desk, case: Case) -> None:
    """A case without items ends at once, as far as the store is concerned."""
    with d.hub.database.write() as connection:
        casework.step(d.hub, connection, d.case(case), Act.COMPLETE, HR, "done")


@pytest.mark.parametrize("told", [("departed",), ("notice", "departed")])
@pytest.mark.parametrize("manager", [MANAGER, ""], ids=["managed", "taken off"])
def test_who_has_left_before_a_run_saw_them_leaving_has_a_case(desk: Make, told: tuple[str, ...], manager: str) -> None:
    d = desk()
    ref = d.plant(HoldingKind.CLIENT, 1)
    for status in told:
        hr_says(d, status, manager=manager if status == "departed" else MANAGER)
    hour = d.tick()
    assert len(hour.opened) == 1
    assert not hour.troubles
    (case,) = cases(d)
    assert (case.cause, case.manager) == (Cause.RESIGNATION, MANAGER)
    assert d.item(case, ref).state is ItemState.OFFERED
    d.company.clock.sleep(3600)
    assert d.tick().opened == []


def test_who_had_left_before_the_hub_knew_them_has_none(desk: Make) -> None:
    d = desk()
    d.company.rows.append(row("0009", department="销售部", manager=MANAGER, status="departed", last_day="2024-01-31"))
    plan_sync(d.hub, SyncRequest())
    assert d.tick().opened == []
    d.company.rows[-1]["title"] = "经理"
    plan_sync(d.hub, SyncRequest())
    assert d.tick().opened == [], "nor when HR says something else of them"


def test_who_left_long_ago_has_none_however_often_hr_speaks_of_them(desk: Make) -> None:
    d = desk()
    hr_says(d, "departed")
    d.company.clock.sleep(hourly.LOOKED_BACK.total_seconds() + DAY_S)
    hr_says(d, "departed", last_day="2026-11-21")
    assert d.tick().opened == []


@pytest.mark.parametrize("cause", [Cause.BY_HAND, Cause.EMERGENCY, Cause.RESIGNATION])
def test_a_case_that_had_ended_is_the_one_of_this_departure(desk: Make, cause: Cause) -> None:
    d = desk()
    if cause is Cause.RESIGNATION:
        hr_says(d, "notice")
        d.tick()
        case = casework.find_case(d.hub, LEAVER)
    else:
        case = d.open(cause)
    finish(d, case)
    d.company.clock.sleep(3600)
    hr_says(d, "departed", last_day="" if cause is Cause.BY_HAND else "2026-11-20")
    assert d.tick().opened == []
    d.company.clock.sleep(3600)
    hr_says(d, "departed", last_day="2026-11-19")
    assert d.tick().opened == []


def test_who_came_back_and_left_again_has_another_one(desk: Make) -> None:
    d = desk()
    hr_says(d, "departed")
    d.tick()
    finish(d, casework.find_case(d.hub, LEAVER))
    d.company.clock.sleep(DAY_S)
    hr_says(d, "rehired", last_day="")
    assert d.tick().opened == []
    d.company.clock.sleep(DAY_S)
    hr_says(d, "departed", last_day="")
    assert len(d.tick().opened) == 1
    assert [case.state for case in cases(d)] == [CaseState.OPEN, CaseState.COMPLETED]


def test_a_case_that_was_taken_back_while_hr_knew_of_nothing_is_not_it(desk: Make) -> None:
    d = desk()
    casework.decide(d.hub, d.open().id, Act.RETRACT, HR, "she stays")
    d.company.clock.sleep(DAY_S)
    hr_says(d, "departed")
    assert len(d.tick().opened) == 1
    (case, _) = cases(d)
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "another company of the group employs her")
    d.company.clock.sleep(3600)
    assert d.tick().opened == [], "once HR has taken it back by word, it stays so"
