"""Who waits for people, or for another system's answer, is not planned and settled anew every hour."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from baton.hub.offboarding.moving import perform, plan
from baton.hub.offboarding.readiness import worth_planning
from baton.hub.offboarding.refreshing import refresh
from baton.model.case import Act, Case, Cause, ItemState, Role
from baton.model.handover import HoldingKind
from baton.store.tables import links
from tests.hub.offboarding.conftest import LEAVER, MANAGER, SUCCESSOR, Desk
from tests.rig.belongings import PromisingTarget
from tests.rig.truth import Record

Make = Callable[..., Desk]
CLIENT, CONTACT = HoldingKind.CLIENT, HoldingKind.CONTACT


def agreed(d: Desk, kind: HoldingKind, successor: str = MANAGER) -> Case:
    """A case whose one thing its successor has accepted and somebody approved."""
    d.plant(kind, 1)
    case = d.open()
    refresh(d.hub, case.id)
    if successor != MANAGER:
        d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=successor)
    d.agree(case)
    return case


def account_gone(d: Desk, number: str) -> Record:
    """Somebody has no account there, and the hub knows of none."""
    with d.hub.database.write() as connection:
        connection.execute(sa.delete(links).where(links.c.number == number))
    record: Record = d.company.truths["crm"].accounts.pop(number)
    return record


def test_what_can_go_is_worth_planning_once(desk: Make) -> None:
    d = desk()
    case = agreed(d, CLIENT)
    assert worth_planning(d.hub) == [case.id]
    plan(d.hub, case.id)
    assert worth_planning(d.hub) == []


def test_what_a_person_has_to_do_is_not(desk: Make) -> None:
    d = desk()
    case = agreed(d, CONTACT)
    assert [item.state for item in d.items(case) if item.by_hand] == [ItemState.APPROVED]
    assert worth_planning(d.hub) == []


def test_who_has_no_account_is_noted_once_and_looked_for_until_there_is_one(desk: Make) -> None:
    d = desk()
    case = agreed(d, CLIENT, SUCCESSOR)
    record = account_gone(d, SUCCESSOR)
    assert worth_planning(d.hub) == [case.id]
    plan(d.hub, case.id)
    assert [item.code for item in d.items(case, ItemState.APPROVED)] == ["no_account"]
    assert worth_planning(d.hub) == []
    d.company.truths["crm"].accounts[SUCCESSOR] = record
    assert worth_planning(d.hub) == [case.id]


def test_where_it_cannot_be_said_planning_tells_why(desk: Make) -> None:
    d = desk()
    case = agreed(d, CLIENT, SUCCESSOR)
    account_gone(d, SUCCESSOR)

    def unforeseen(*_: object) -> None:
        raise KeyError("surprise")

    d.target().look = unforeseen
    assert worth_planning(d.hub) == [case.id]


def test_whoever_has_no_sessions_to_end_is_not(desk: Make) -> None:
    d = desk()
    case = d.open(Cause.EMERGENCY)
    assert worth_planning(d.hub) == [case.id]
    account_gone(d, LEAVER)
    assert worth_planning(d.hub) == []


def test_a_promise_is_settled_when_it_is_kept_and_not_before(desk: Make) -> None:
    d = desk(PromisingTarget)
    case = agreed(d, CLIENT)
    plan(d.hub, case.id)
    perform(d.hub)
    target = d.target()
    assert isinstance(target, PromisingTarget)
    with d.hub.database.read() as connection:
        assert d.hub.caseload.arrived(connection) == []
    target.decide()
    d.company.clock.sleep(86_400.0)
    perform(d.hub)
    with d.hub.database.read() as connection:
        assert d.hub.caseload.arrived(connection) == [case.id]
    d.tick()
    assert [item.state for item in d.items(case) if item.kind is CLIENT] == [ItemState.DONE]
