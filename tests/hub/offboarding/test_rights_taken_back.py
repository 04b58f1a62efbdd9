"""A right that a successor was given goes once nobody needs it there any more, whichever way that came about."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from baton.hub.decisions import kill_switch
from baton.hub.offboarding import casework, completing, undoing
from baton.hub.offboarding.intentions import JOB
from baton.hub.offboarding.needing import NEEDED_AGAIN
from baton.model.account import AccountState, Receipt
from baton.model.case import MOVED_AGAIN, NO_SYSTEM, Act, Case, CaseState, Cause, ItemState, Role
from baton.model.effect import EffectState
from baton.model.handover import HandoverAction, HoldingKind, Transfer
from baton.store.tables import effects
from tests.hub.conftest import Start
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk, staffed
from tests.hub.offboarding.test_entitling import TEAM, Make, ObjectRefused, TeamTarget, agreed, having, last_day, order
from tests.hub.offboarding.test_rights_of_successors import KeepingTarget, an_hour, the_client
from tests.hub.offboarding.test_switched_off import say
from tests.rig.belongings import Belongings, KeeperTarget

A_DAY_OF_RUNS = 26


def given(d: Desk) -> Case:
    """The manager has been given the right to the client."""
    case = agreed(d)
    an_hour(d)
    an_hour(d)
    assert having(d, MANAGER) == {TEAM}
    return case


def for_another(d: Desk, case: Case) -> None:
    d.say(case, [the_client(d, case)], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)


def retract(d: Desk, case: Case) -> None:
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")


@pytest.mark.parametrize("way", ["retract", "undo", "named"])
def test_a_deal_that_closes_keeps_nobody_the_right_to_its_client(desk: Make, way: str) -> None:
    d = desk(ObjectRefused if way == "named" else TeamTarget)
    deal = d.plant(HoldingKind.OPPORTUNITY, 9, about=TeamTarget.object)
    case = agreed(d)
    del d.things.holders[deal], d.things.holdings[deal]
    an_hour(d)
    an_hour(d)
    assert (having(d, MANAGER), d.item(case, deal).state) == ({TEAM}, ItemState.GONE)
    if way == "named":
        for_another(d, case)
        d.agree(case)
    elif way == "undo":
        assert undoing.undo(d.hub, case.id, HR, "wrong").rights == 1
    else:
        retract(d, case)
    an_hour(d)
    an_hour(d)
    assert having(d, MANAGER) == set()


def test_a_deal_that_people_passed_on_keeps_the_right_to_a_client_that_no_list_has(desk: Make) -> None:
    d = desk(ObjectRefused)
    deal = d.plant(HoldingKind.OPPORTUNITY, 9, about=TeamTarget.object)
    d.things.grants[d.id_of(LEAVER)] = {TEAM}
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
    d.tick()
    d.agree(case)
    an_hour(d)
    d.things.holders[deal] = d.id_of(OTHER)
    an_hour(d)
    assert d.item(case, deal).state is ItemState.GONE
    retract(d, case)
    an_hour(d)
    assert having(d, MANAGER) == {TEAM}


@pytest.mark.parametrize("refused", [True, False])
def test_what_was_still_to_be_taken_is_taken_after_the_case_was_completed(desk: Make, refused: bool) -> None:
    d = desk(KeepingTarget)
    case = given(d)
    target = d.target()
    assert isinstance(target, KeepingTarget)
    target.keeping = refused
    last_day(d)
    d.close_account()
    d.tick()
    d.tick()
    d.say(case, [the_client(d, case)], Act.LEAVE, HR, Role.HR, "dormant")
    if refused:
        an_hour(d)
    assert completing.complete(d.hub, case.id, HR, "all done").state is CaseState.COMPLETED
    an_hour(d)
    if refused:
        assert having(d, MANAGER) == {TEAM}
        assert "the licence is locked" in d.tick().troubles[f"{case.id} crm"]
        target.keeping = False
        for _ in range(A_DAY_OF_RUNS):
            an_hour(d)
    assert having(d, MANAGER) == set()
    assert d.tick().troubles == {}


def test_what_a_completed_case_has_passed_on_keeps_its_right(desk: Make) -> None:
    d = desk(TeamTarget)
    case = given(d)
    last_day(d)
    d.close_account()
    an_hour(d)
    completing.complete(d.hub, case.id, HR, "all done")
    an_hour(d)
    assert (having(d, MANAGER), d.holder(TeamTarget.object)) == ({TEAM}, MANAGER)


@pytest.mark.parametrize("named", [SUCCESSOR, MANAGER])
def test_a_case_opened_again_before_the_next_run_keeps_only_what_it_relies_on(desk: Make, named: str) -> None:
    d = desk(ObjectRefused)
    case = given(d)
    retract(d, case)
    d.company.clock.sleep(600)
    again = d.open(last_working_at=d.hub.clock.now() + timedelta(days=9))
    d.tick()
    d.say(again, [the_client(d, again)], Act.NAME, MANAGER, Role.MANAGER, successor=named)
    d.agree(again)
    an_hour(d)
    an_hour(d)
    assert having(d, MANAGER) == ({TEAM} if named == MANAGER else set())


class ByMood(TeamTarget):
    """Lets the manager have nothing while it is picky."""

    picky = False

    def _transfer(self, each: Transfer) -> Receipt:
        if self.picky and each.successor.number == MANAGER:
            return Receipt.refused("validation", "a rule of the org refuses this owner")
        return super()._transfer(each)


@pytest.mark.parametrize("way", ["named", "retract"])
def test_a_case_of_long_ago_does_not_speak_for_what_a_newer_one_lists(desk: Make, way: str) -> None:
    d = desk(ByMood)
    ref = d.plant(HoldingKind.CLIENT, 1)
    old = d.open(last_working_at=d.hub.clock.now() + timedelta(days=1))
    d.tick()
    d.agree(old)
    an_hour(d)
    d.company.clock.sleep(2 * 86400)
    d.close_account()
    an_hour(d)
    an_hour(d)
    completing.complete(d.hub, old.id, HR, "all done")
    d.company.clock.sleep(400 * 86400)
    d.company.truths["crm"].accounts[LEAVER].state = AccountState.ENABLED
    d.things.holders[ref] = d.id_of(LEAVER)
    target = d.target()
    assert isinstance(target, ByMood)
    target.picky = True
    case = given(d)
    if way == "named":
        for_another(d, case)
    else:
        retract(d, case)
    an_hour(d)
    an_hour(d)
    assert having(d, MANAGER) == set()


def in_two_systems(start: Start) -> tuple[Desk, Belongings, str]:
    """As `given`, in an ERP beside the CRM; its things, and who the manager is there."""
    company, hub = start({"crm": KeeperTarget, "erp": ObjectRefused})
    erp = company.truths["erp"]
    erp.belongings = things = Belongings()
    d = staffed(company, hub)
    things.plant(HoldingKind.CLIENT, 1, erp.accounts[LEAVER].external_id)
    things.grants[erp.accounts[LEAVER].external_id] = {TEAM}
    return d, things, erp.accounts[MANAGER].external_id


def test_who_got_a_thing_by_hand_while_its_system_was_out_keeps_the_right_to_it(start: Start) -> None:
    """The leaver is not shown with it once the system is back, and nobody here knows who is."""
    d, things, manager = in_two_systems(start)
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
    d.tick()
    d.agree(case)
    an_hour(d)
    an_hour(d)
    assert things.grants[manager] == {TEAM}
    on = d.hub.settings.systems["erp"]
    say(d, "erp", None)
    an_hour(d)
    assert {item.code for item in d.items(case) if item.system == "erp"} == {NO_SYSTEM}
    things.holders = dict.fromkeys(things.holders, manager)
    say(d, "erp", on)
    an_hour(d)
    retract(d, case)
    an_hour(d)
    an_hour(d)
    assert things.grants[manager] == {TEAM}


def test_what_people_have_passed_on_by_another_case_keeps_the_right_for_whom_it_went_to(start: Start) -> None:
    company, hub = start({"crm": ObjectRefused})
    d = staffed(company, hub)
    retract(d, given(d))
    d.company.clock.sleep(600)
    again = d.open(last_working_at=d.hub.clock.now() + timedelta(days=9))
    d.tick()
    d.agree(again)
    an_hour(d)
    for_another(d, again)
    d.things.holders[TeamTarget.object] = d.id_of(MANAGER)
    an_hour(d)
    an_hour(d)
    assert (the_client(d, again).code, the_client(d, again).successor) == (MOVED_AGAIN, "")
    assert having(d, MANAGER) == {TEAM}, "they have the client"


@pytest.mark.parametrize("way", ["named", "retract"])
def test_what_a_person_took_by_hand_is_neither_told_nor_tried_any_more(desk: Make, way: str) -> None:
    d = desk(KeepingTarget)
    case = given(d)
    if way == "named":
        for_another(d, case)
    else:
        retract(d, case)
    an_hour(d)
    d.things.grants[d.id_of(MANAGER)].discard(TEAM)
    for _ in range(A_DAY_OF_RUNS):
        an_hour(d)
    assert d.tick().troubles == {}
    assert order(d).count(("kept", MANAGER)) == 1
    if way == "named":
        d.say(case, [the_client(d, case)], Act.NAME, MANAGER, Role.MANAGER, successor=MANAGER)
        d.agree(case)
        an_hour(d)
        an_hour(d)
        assert having(d, MANAGER) == {TEAM}, "it is given again where it is needed again"


def test_undoing_one_thing_takes_no_right_from_who_may_still_get_another(desk: Make) -> None:
    d = desk(ObjectRefused)
    other = d.plant(HoldingKind.CLIENT, 2)
    case = agreed(d)
    d.say(case, [d.item(case, other)], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.agree(case)
    an_hour(d)
    an_hour(d)
    assert (d.holder(other), the_client(d, case).successor) == (SUCCESSOR, MANAGER)
    assert undoing.undo(d.hub, case.id, HR, "the wrong one", [d.item(case, other).id]).rights == 0
    an_hour(d)
    assert having(d, MANAGER) == {TEAM}


def test_a_case_of_the_successors_own_in_between_makes_nobody_forget_the_right(desk: Make) -> None:
    d = desk(ObjectRefused)
    case = given(d)
    own = casework.open_case(d.hub, casework.Opening(MANAGER, Cause.EMERGENCY, HR, manager=OTHER))
    an_hour(d)
    assert having(d, MANAGER) == set()
    casework.decide(d.hub, own.id, Act.RETRACT, HR, "a mistake")
    an_hour(d)
    an_hour(d)
    assert having(d, MANAGER) == {TEAM}
    retract(d, case)
    an_hour(d)
    an_hour(d)
    assert having(d, MANAGER) == set()


def sending(d: Desk, position: str) -> None:
    """``off``: nothing is sent to the CRM until it is ``on`` again."""
    kill_switch(d.hub, "system:crm", "on" if position == "off" else "off", HR, "the vendor is down")


def for_nobody_any_more(d: Desk) -> Case:
    """The manager was given the right, could not be given the client, and is named for it no more: the taking waits."""
    target = d.target()
    assert isinstance(target, ByMood)
    target.picky = True
    case = given(d)
    sending(d, "off")
    for_another(d, case)
    an_hour(d)
    target.picky = False
    return case


def named_again(d: Desk, case: Case) -> None:
    d.say(case, [the_client(d, case)], Act.NAME, MANAGER, Role.MANAGER, successor=MANAGER)
    d.agree(case)


def test_a_taking_that_waits_is_called_back_where_the_right_is_needed_again(desk: Make) -> None:
    d = desk(ByMood)
    case = for_nobody_any_more(d)
    named_again(d, case)
    last_day(d)
    d.tick()
    sending(d, "on")
    an_hour(d)
    an_hour(d)
    assert d.holder(TeamTarget.object) == MANAGER
    assert (having(d, MANAGER), having(d, LEAVER)) == ({TEAM}, set())
    assert order(d) == [("given", MANAGER), ("taken", LEAVER)]


def test_a_taking_that_was_called_back_is_planned_again_once_nobody_needs_the_right(desk: Make) -> None:
    d = desk(ByMood)
    case = for_nobody_any_more(d)
    d.tick()
    named_again(d, case)
    with d.hub.database.read() as connection:
        ((_, waiting),) = d.hub.caseload.takings_unsent(connection, JOB)
    an_hour(d)
    with d.hub.database.read() as connection:
        assert d.hub.caseload.takings_unsent(connection, JOB) == []
        called_back = d.hub.effects.by_key(connection, [waiting])[waiting]
    assert (called_back.state, called_back.code) == (EffectState.SUPERSEDED, NEEDED_AGAIN)
    retract(d, case)
    an_hour(d)
    assert having(d, MANAGER) == {TEAM}
    sending(d, "on")
    an_hour(d)
    an_hour(d)
    assert (having(d, MANAGER), order(d).count(("taken", MANAGER))) == (set(), 1)


def test_a_taking_waits_on_where_its_right_goes_back_with_its_object(desk: Make) -> None:
    d = desk(TeamTarget)
    case = agreed(d)
    an_hour(d)
    sending(d, "off")
    undoing.undo(d.hub, case.id, HR, "wrong")
    an_hour(d)
    an_hour(d)
    with d.hub.database.read() as connection:
        assert len(d.hub.caseload.takings_unsent(connection, JOB)) == 1
    sending(d, "on")
    an_hour(d)
    assert (having(d, MANAGER), d.holder(TeamTarget.object)) == (set(), LEAVER)


def test_a_taking_that_waits_is_called_back_where_another_case_comes_to_rely_on_the_right(desk: Make) -> None:
    d = desk(ByMood)
    for_nobody_any_more(d)
    theirs = d.plant(HoldingKind.OPPORTUNITY, 7, OTHER, about=TeamTarget.object)
    d.things.grants[d.id_of(OTHER)] = {TEAM}
    soon = d.hub.clock.now() + timedelta(days=1)
    two = casework.open_case(d.hub, casework.Opening(OTHER, Cause.BY_HAND, HR, last_working_at=soon))
    d.tick()
    d.agree(two)
    sending(d, "on")
    an_hour(d)
    an_hour(d)
    assert (having(d, MANAGER), d.holder(theirs)) == ({TEAM}, MANAGER)
    assert order(d) == [("given", MANAGER)]


def test_a_taking_past_calling_back_is_made_good_before_the_right_goes_from_the_leaver(desk: Make) -> None:
    d = desk(ByMood)
    case = for_nobody_any_more(d)
    with d.hub.database.write() as connection:  # its answer was lost once: nobody knows whether it has arrived
        taking = sa.and_(effects.c.action == HandoverAction.REVOKE.value, effects.c.state == EffectState.PLANNED.value)
        connection.execute(sa.update(effects).where(taking).values(doubted=True))
    named_again(d, case)
    last_day(d)
    sending(d, "on")
    for _ in range(4):
        an_hour(d)
    assert (having(d, MANAGER), having(d, LEAVER)) == ({TEAM}, set())
    assert order(d) == [("given", MANAGER), ("taken", MANAGER), ("given", MANAGER), ("taken", LEAVER)]


def test_who_leaves_and_loses_the_right_by_a_case_of_their_own_keeps_nobody_elses(desk: Make) -> None:
    d = desk(ObjectRefused)
    case = given(d)
    casework.open_case(d.hub, casework.Opening(MANAGER, Cause.EMERGENCY, HR, manager=OTHER))
    sending(d, "off")
    an_hour(d)
    with d.hub.database.read() as connection:
        going = d.hub.leases.open_work(connection, [HandoverAction.REVOKE.value])
        assert going == {("crm", HandoverAction.REVOKE.value)}
        assert d.hub.caseload.being_taken(connection, JOB, ["crm"]) == set()
        assert d.hub.caseload.takings_unsent(connection, JOB) == []
    assert the_client(d, case).successor == MANAGER
