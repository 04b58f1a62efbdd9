"""A right that a successor was given stays with them for as long as they have, or are to have, what it is for."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest

from baton.hub.offboarding import casework, undoing
from baton.model.case import Act, ItemState
from baton.model.handover import HoldingKind, HoldingRef
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.hub.offboarding.test_entitling import TEAM, Make, TeamTarget, having


class DocumentTarget(TeamTarget):
    """Its one right opens a document, which people pass on by themselves."""

    object: ClassVar[HoldingRef] = HoldingRef(HoldingKind.DOCUMENT, "document-00001")


def an_hour(d: Desk) -> None:
    d.company.clock.sleep(3600)
    d.tick()


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
