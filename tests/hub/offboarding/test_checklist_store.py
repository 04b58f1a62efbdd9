"""A checklist at a glance, on both databases."""

from __future__ import annotations

from collections.abc import Callable

from baton.model.case import Act, ItemState, Role
from baton.model.handover import HoldingKind
from baton.store.checklists import Talk
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, SUCCESSOR, Desk


def test_the_outline_is_the_list_without_what_is_sealed(desk: Callable[..., Desk]) -> None:
    d = desk()
    client = d.plant(HoldingKind.CLIENT, 1)
    d.plant(HoldingKind.OPPORTUNITY, 1, about=client)
    d.plant(HoldingKind.GROUP, 1)
    case = d.open()
    d.tick()
    items = d.items(case)
    deal = next(item for item in items if item.kind is HoldingKind.OPPORTUNITY)
    d.say(case, [deal], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.say(case, [deal], Act.ASK, SUCCESSOR, Role.SUCCESSOR, "?")
    d.say(case, [deal], Act.NOTE, LEAVER, Role.LEAVER, "x")
    with d.hub.database.read() as connection:
        whole = d.hub.checklists.outline(connection, case.id)
        theirs = d.hub.checklists.outline(connection, case.id, SUCCESSOR)
        talk = d.hub.checklists.talk(connection, case.id)
        tallies = d.hub.checklists.tallies(connection, [case.id, "no-such-case"])
        concerned = {
            person: len(d.hub.cases.concerning(connection, person)) for person in (LEAVER, MANAGER, SUCCESSOR, HR)
        }
        assert len(d.hub.cases.said(connection, case.id, after=1, limit=2)) == 2
        assert [said.act for said in d.hub.cases.said(connection, case.id, after=3)] == [Act.NOTE]
    assert [(each.id, each.ref, each.about) for each in whole] == [
        (item.id, str(item.ref), str(item.about or "")) for item in items
    ]
    assert [each.id for each in theirs] == [deal.id]
    assert talk == {deal.id: Talk(asked=1, answered=0, noted=1)}
    assert talk[deal.id].waiting
    assert tallies == {case.id: {ItemState.OFFERED: 3, ItemState.OPEN: 1}, "no-such-case": {}}
    assert concerned == {LEAVER: 1, MANAGER: 1, SUCCESSOR: 1, HR: 0}
