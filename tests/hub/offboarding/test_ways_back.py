"""What a retracted case was about to bring back comes to nobody who leaves by a later one before it was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from baton.errors import ApprovalError
from baton.hub.decisions import kill_switch
from baton.hub.offboarding import casework, hourly, moving, undoing
from baton.model.case import Act, Case, CaseState, Cause, Item, ItemState
from baton.model.handover import HoldingKind
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.hub.offboarding.test_entitling import TEAM, Make, TeamTarget, agreed, having, last_day
from tests.hub.offboarding.test_left_at_once import hr_says
from tests.hub.offboarding.test_rights_of_successors import an_hour


def things(d: Desk, case: Case) -> list[Item]:
    return [item for item in d.items(case) if item.kind is not HoldingKind.ACCOUNT]


def gone(d: Desk) -> Case:
    """The client and the rights are gone from the leaver, and the case is retracted; nothing is sent from now on."""
    case = agreed(d)
    an_hour(d)
    last_day(d)
    d.tick()
    assert (having(d, MANAGER), having(d, LEAVER)) == ({TEAM}, set())
    kill_switch(d.hub, "system:crm", "on", HR, "the vendor is down")
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    return case


def coming_back(d: Desk) -> Case:
    """As `gone`, and the way back is planned."""
    case = gone(d)
    an_hour(d)
    assert {item.state for item in things(d, case)} == {ItemState.MOVING}
    d.company.clock.sleep(600)
    return case


def sent_again(d: Desk) -> None:
    kill_switch(d.hub, "system:crm", "off", HR, "it is back")


def by_hand(d: Desk) -> None:
    d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))


def by_emergency(d: Desk) -> None:
    d.open(Cause.EMERGENCY)


def by_hr(d: Desk) -> None:
    hr_says(d, "departed")
    assert len(hourly.look(d.hub).opened) == 1


def nothing_comes_back(d: Desk, case: Case) -> None:
    """What was on its way to the leaver stays with others, at once and for good."""
    assert {item.state for item in things(d, case)} == {ItemState.DONE}, "at once, whoever sends next"
    sent_again(d)
    moving.perform(d.hub)
    for _ in range(3):
        assert (d.holder(TeamTarget.object), having(d, LEAVER), having(d, MANAGER)) == (MANAGER, set(), {TEAM})
        an_hour(d)


@pytest.mark.parametrize("leaves", [by_hand, by_emergency, by_hr])
def test_what_was_to_come_back_stays_where_it_is(desk: Make, leaves: Callable[[Desk], None]) -> None:
    d = desk(TeamTarget)
    case = coming_back(d)
    leaves(d)
    nothing_comes_back(d, case)
    assert d.case(case).state is CaseState.RETRACTED
    assert d.tick().troubles == {}


def test_a_later_case_that_is_opened_again_calls_it_back_too(desk: Make) -> None:
    d = desk(TeamTarget)
    case = coming_back(d)
    later = d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
    casework.decide(d.hub, later.id, Act.RETRACT, HR, "she stays after all")
    an_hour(d)
    assert {item.state for item in things(d, case)} == {ItemState.MOVING}, "it comes back once nobody leaves any more"
    casework.decide(d.hub, later.id, Act.REOPEN, HR, "no, she does not")
    assert {item.state for item in things(d, case)} == {ItemState.DONE}
    casework.decide(d.hub, later.id, Act.RETRACT, HR, "she stays")
    sent_again(d)
    an_hour(d)
    an_hour(d)
    assert (d.holder(TeamTarget.object), having(d, LEAVER)) == (LEAVER, {TEAM, "discounts"})
    assert having(d, MANAGER) == set()


@pytest.mark.parametrize("leaves", [lambda _: None, by_emergency], ids=["on her day", "at once"])
def test_opening_the_retracted_case_itself_again_calls_its_way_back_too(
    desk: Make, leaves: Callable[[Desk], None]
) -> None:
    d = desk(TeamTarget)
    case = coming_back(d)
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "no, she leaves after all")
    leaves(d)
    nothing_comes_back(d, case)
    assert {item.state for item in things(d, case)} == {ItemState.DONE}
    assert {(item.successor, item.accepted_by) for item in things(d, case) if item.kind is HoldingKind.CLIENT} == {
        (MANAGER, MANAGER)
    }
    assert d.tick().troubles == {}


def test_a_way_back_that_was_planned_before_is_called_back_by_the_next_run(desk: Make) -> None:
    """As a version before this one has left it."""
    d = desk(TeamTarget)
    case = coming_back(d)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(casework, "call_back_earlier", lambda *_: None)
        by_emergency(d)
    sent_again(d)
    an_hour(d)
    assert {item.state for item in things(d, case)} == {ItemState.DONE}
    assert (d.holder(TeamTarget.object), having(d, LEAVER), having(d, MANAGER)) == (MANAGER, set(), {TEAM})


def test_a_later_case_that_is_opened_while_the_way_back_is_being_planned_keeps_it_from_it(
    desk: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    d = desk(TeamTarget)
    case = gone(d)
    d.company.clock.sleep(600)
    made = undoing.Takings

    def opened_meanwhile(*given: object) -> undoing.Takings:
        by_emergency(d)
        return made(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(undoing, "Takings", opened_meanwhile)
    assert undoing.take_back_retracted(d.hub, {}) == 0
    assert {item.state for item in things(d, case)} == {ItemState.DONE}


def test_undoing_it_by_hand_says_why_not(desk: Make) -> None:
    d = desk(TeamTarget)
    case = coming_back(d)
    by_emergency(d)
    with pytest.raises(ApprovalError, match="leaves by a later case"):
        undoing.undo(d.hub, case.id, HR, "all back")
