"""A right that a successor was given stays with them for as long as they have, or are to have, what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

import pytest

from baton.hub.offboarding import casework, undoing
from baton.model.account import Receipt
from baton.model.case import Act, Case, Cause, Item, ItemState, Role
from baton.model.handover import GrantChange, HoldingKind, HoldingRef, Transfer
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.hub.offboarding.test_entitling import TEAM, Make, ObjectRefused, TeamTarget, agreed, having, order


class DocumentTarget(TeamTarget):
    """Its one right opens a document, which people pass on by themselves."""

    object: ClassVar[HoldingRef] = HoldingRef(HoldingKind.DOCUMENT, "document-00001")


class PickyTarget(TeamTarget):
    """Lets 0003 have everything but the first client."""

    def _transfer(self, each: Transfer) -> Receipt:
        if each.ref == self.object and each.successor.number == SUCCESSOR:
            return Receipt.refused("validation", "a rule of the org refuses this owner")
        return super()._transfer(each)


def an_hour(d: Desk) -> None:
    d.company.clock.sleep(3600)
    d.tick()


def the_client(d: Desk, case: Case) -> Item:
    return d.item(case, TeamTarget.object)


@pytest.mark.parametrize("way", ["open", "undo", "retract"])
def test_who_got_the_object_by_hand_keeps_the_right_to_it(desk: Make, way: str) -> None:
    d = desk(DocumentTarget)
    d.plant(HoldingKind.DOCUMENT, 1)
    d.plant(HoldingKind.CLIENT, 1)
    d.things.grants[d.id_of(LEAVER)] = {TEAM}
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
    d.tick()
    d.agree(case)
    d.tick()
    d.tick()
    assert having(d, MANAGER) == {TEAM}
    d.things.holders[DocumentTarget.object] = d.id_of(MANAGER)
    an_hour(d)
    assert d.item(case, DocumentTarget.object).state is ItemState.GONE
    if way == "undo":
        assert undoing.undo(d.hub, case.id, HR, "the client was hers").rights == 0
    elif way == "retract":
        casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    an_hour(d)
    an_hour(d)
    assert (having(d, MANAGER), d.holder(DocumentTarget.object)) == ({TEAM}, MANAGER)


def two_cases(d: Desk) -> tuple[Case, Case, HoldingRef]:
    """0003 is to have a client from 0002, which is refused, and by another case one that belongs to it from 0004."""
    d.plant(HoldingKind.CLIENT, 1)
    theirs = d.plant(HoldingKind.CLIENT, 2, OTHER, about=TeamTarget.object)
    d.things.grants.update({d.id_of(number): {TEAM} for number in (LEAVER, OTHER)})
    soon = d.hub.clock.now() + timedelta(days=5)
    one = d.open(last_working_at=soon)
    two = casework.open_case(d.hub, casework.Opening(OTHER, Cause.BY_HAND, HR, last_working_at=soon))
    d.tick()
    for case, ref in ((one, TeamTarget.object), (two, theirs)):
        d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.agree(one)
    d.tick()
    d.tick()
    assert having(d, SUCCESSOR) == {TEAM}
    return one, two, theirs


@pytest.mark.parametrize("way", ["named", "undo", "retract"])
def test_a_right_that_another_case_relies_on_stays(desk: Make, way: str) -> None:
    d = desk(PickyTarget)
    one, two, theirs = two_cases(d)
    d.agree(two)
    an_hour(d)
    assert d.holder(theirs) == SUCCESSOR
    assert order(d) == [("given", SUCCESSOR)], "they had it when the other case came to it"
    if way == "named":
        d.say(one, [the_client(d, one)], Act.NAME, MANAGER, Role.MANAGER, successor=MANAGER)
    elif way == "undo":
        d.say(one, [the_client(d, one)], Act.NAME, MANAGER, Role.MANAGER, successor=MANAGER)
        d.agree(one)
        an_hour(d)
        assert undoing.undo(d.hub, one.id, HR, "she keeps them").rights == 1, "what the manager was given for it"
    else:
        casework.decide(d.hub, one.id, Act.RETRACT, HR, "she stays")
    an_hour(d)
    an_hour(d)
    assert (having(d, SUCCESSOR), d.holder(theirs)) == ({TEAM}, SUCCESSOR)


def test_it_goes_once_no_other_case_relies_on_it(desk: Make) -> None:
    d = desk(PickyTarget)
    one, two, theirs = two_cases(d)
    d.say(one, [the_client(d, one)], Act.NAME, MANAGER, Role.MANAGER, successor=MANAGER)
    an_hour(d)
    assert having(d, SUCCESSOR) == {TEAM}, "they are still to have the other client"
    d.say(two, [d.item(two, theirs)], Act.NAME, MANAGER, Role.MANAGER, successor=MANAGER)
    an_hour(d)
    assert having(d, SUCCESSOR) == set()


class KeepingTarget(ObjectRefused):
    """Takes no right from the manager for as long as it is told so."""

    keeping = True

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        if self.keeping and any(change.person.number == MANAGER for change in changes):
            self.order += [("kept", change.person.number) for change in changes]
            return [Receipt.refused("busy", "the licence is locked") for _ in changes]
        return super().revoke(changes)


@pytest.mark.parametrize("way", ["named", "retract"])
def test_a_right_that_was_not_taken_is_told_and_tried_again_once_a_day(desk: Make, way: str) -> None:
    d = desk(KeepingTarget)
    case = agreed(d)
    d.tick()
    d.tick()
    if way == "named":
        d.say(case, [the_client(d, case)], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    else:
        casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    an_hour(d)
    d.company.clock.sleep(3600)
    assert "the licence is locked" in d.tick().troubles[f"{case.id} crm"]
    assert order(d).count(("kept", MANAGER)) == 1, "not in every hour"
    target = d.target()
    assert isinstance(target, KeepingTarget)
    target.keeping = False
    for _ in range(25):
        an_hour(d)
    assert (having(d, MANAGER), order(d).count(("taken", MANAGER))) == (set(), 1)
    assert d.tick().troubles == {}
