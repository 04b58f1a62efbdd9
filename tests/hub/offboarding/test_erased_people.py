"""Whoever was erased had left: no row is left that says so, and they are nothing in any case all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.keeping import erasing
from baton.hub.keeping.ledger import Forgotten
from baton.hub.offboarding import casework, links
from baton.hub.offboarding.deciders import deciders_of
from baton.hub.offboarding.links import Offer
from baton.hub.offboarding.standing import is_hr, standing
from baton.hub.offboarding.telling import tell_all
from baton.model.case import Act, Case, CaseState, ItemState, Role
from baton.model.handover import ActivityKind, HandoverAction, HoldingKind
from baton.settings_shape import OffboardingPart
from baton.store.tables import case_items, cases, effects
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, NEXT_YEAR, OTHER, SUCCESSOR, Desk
from tests.hub.offboarding.test_watching import Office
from tests.hub.offboarding.test_who_works_here import hr_says, refused

Make = Callable[..., Desk]


def left(d: Desk, number: str) -> None:
    hr_says(d, number, status="departed", last_day="2026-11-01")


def erased(d: Desk, number: str) -> None:
    left(d, number)
    erasing.ask(d.hub, number, "hr-a", "letter")
    erasing.decide(d.hub, number, "hr-b")


def opened(d: Desk) -> Case:
    d.plant(HoldingKind.CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    return case


@pytest.mark.parametrize(("number", "role"), [(MANAGER, Role.MANAGER), (SUCCESSOR, Role.SUCCESSOR)])
def test_their_link_opens_nothing_and_has_ended_for_good(desk: Make, number: str, role: Role) -> None:
    d = desk()
    case = opened(d)
    token = links.make_token(d.hub, Offer(case.id, number, role, HR))
    left(d, number)
    assert refused(d, token)
    erased(d, number)
    assert refused(d, token)
    (link,) = [each for each in links.links_of(d.hub, case.id) if each.person == number]
    assert link.revoked_at == d.hub.clock.now()


@pytest.mark.parametrize("named", [(), (MANAGER,), (OTHER,)])
def test_they_are_nothing_in_a_case_and_nobody_waits_for_them(desk: Make, named: tuple[str, ...]) -> None:
    d = desk(offboarding=OffboardingPart(hr=named))
    case = opened(d)
    erased(d, MANAGER)
    with d.hub.database.read() as connection:
        assert standing(d.hub, connection, case, MANAGER) == frozenset()
        assert not is_hr(d.hub, connection, MANAGER)
        deciders = deciders_of(d.hub, connection, [case])[case.id]
    assert MANAGER not in (*deciders.manager, *deciders.second, *deciders.hr)
    with pytest.raises(ApprovalError):
        casework.decide(d.hub, case.id, Act.PAUSE, MANAGER, "wait")


def test_who_had_opened_a_case_as_hr_before_they_were_erased_is_not_waited_for(desk: Make) -> None:
    d = desk()
    case = opened(d)
    erased(d, OTHER)
    with d.hub.database.read() as connection:
        assert deciders_of(d.hub, connection, [replace(case, opened_by=OTHER)])[case.id].hr == ()


def protected(desk: Make) -> Office:
    """A handover that is completed, whose client is still watched."""
    o = Office(desk)
    o.d.agree(o.case)
    o.d.tick()
    now = o.d.hub.clock.now()
    over = {"state": CaseState.COMPLETED.value, "completed_at": now, "protected_until": now + timedelta(days=180)}
    with o.d.hub.database.write() as connection:
        connection.execute(sa.update(cases).values(**over))
    left(o.d, LEAVER)
    return o


def told_since(d: Desk) -> list[str]:
    with d.hub.database.read() as connection:
        found = d.hub.effects.read(connection, effects.c.action == HandoverAction.NOTIFY.value)
    return [str(each.fields["text"]) for each in found if each.fields["text"]]


def test_their_completed_handover_is_watched_no_more(desk: Make) -> None:
    o = protected(desk)
    d = o.d
    erased(d, LEAVER)
    assert d.case(o.case).protected_until == d.hub.clock.now()
    o.did(ActivityKind.ORDER, OTHER, o.client)
    d.tick()
    d.company.clock.advance(timedelta(hours=1))
    d.tick()
    assert (o.alerts(), told_since(d)) == ([], [])


def test_what_has_come_back_to_them_opens_no_handover_again(desk: Make) -> None:
    o = protected(desk)
    d = o.d
    erased(d, LEAVER)
    d.plant(HoldingKind.CLIENT, 2)
    d.company.clock.advance(timedelta(days=2))
    hour = d.tick()
    assert (hour.reopened, d.case(o.case).state) == ([], CaseState.COMPLETED)


def test_a_message_about_their_handover_names_them_by_number_alone(desk: Make) -> None:
    o = protected(desk)
    d = o.d
    erased(d, LEAVER)
    casework.decide(d.hub, o.case.id, Act.REOPEN, HR, "something was forgotten")
    with d.hub.database.write() as connection:
        connection.execute(sa.update(case_items).values(state=ItemState.STUCK.value))
    assert tell_all(d.hub, [o.case.id])[o.case.id].messages
    said = told_since(d)
    assert said
    assert all(LEAVER in text and "测试0002" not in text for text in said)
    assert d.case(o.case).name == "测试0002", "kept, by name, as long as the record of the handover is"


def test_a_handover_that_a_backup_still_has_open_is_over_and_nothing_comes_back_to_them(desk: Make) -> None:
    o = Office(desk)
    d = o.d
    d.agree(o.case)
    d.tick()
    left(d, LEAVER)
    passed_on = [item.id for item in d.items(o.case, ItemState.DONE)]
    assert passed_on
    with d.hub.database.write() as connection:  # as a restore has it: the ledger knows, the case is open
        erasing._erase(d.hub, connection, Forgotten(LEAVER, d.hub.clock.now(), "hr-b"))
    case = d.case(o.case)
    assert case.state is CaseState.RETRACTED
    d.things.outbox.clear()
    for _ in range(3):
        d.company.clock.advance(timedelta(hours=1))
        hour = d.tick()
        assert (hour.taken_back, hour.troubles) == (0, {})
    assert [item.id for item in d.items(o.case, ItemState.DONE)] == passed_on
    assert d.things.outbox == []
