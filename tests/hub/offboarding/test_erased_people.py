"""Whoever was erased had left: no row is left that says so, and they are nothing in any case all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from baton.errors import ApprovalError
from baton.hub.keeping import erasing
from baton.hub.offboarding import casework, links
from baton.hub.offboarding.deciders import deciders_of
from baton.hub.offboarding.links import Offer
from baton.hub.offboarding.standing import is_hr, standing
from baton.model.case import Act, Case, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, MANAGER, NEXT_YEAR, OTHER, SUCCESSOR, Desk
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
