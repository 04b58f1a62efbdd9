"""A case that is open already gets another manager when HR opens it again with one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from baton.errors import ApprovalError, BatonError
from baton.hub.offboarding import casework, hourly
from baton.hub.offboarding.casework import Opening
from baton.hub.offboarding.prescan import prescan
from baton.hub.offboarding.standing import standing
from baton.model.case import Act, Cause, ItemState, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, NEXT_YEAR, OTHER, SUCCESSOR, Desk
from tests.hub.offboarding.test_who_works_here import emergency

Make = Callable[..., Desk]


def again(d: Desk, manager: str, by: str = HR, cause: Cause = Cause.BY_HAND) -> str:
    return casework.open_case(d.hub, Opening(LEAVER, cause, by, manager=manager)).manager


def test_what_the_prescan_advises_makes_somebody_else_the_manager(desk: Make) -> None:
    d = desk()
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = casework.open_case(d.hub, Opening(LEAVER, Cause.BY_HAND, HR, manager="9999", last_working_at=NEXT_YEAR))
    (found,) = [each.blocker for each in prescan(d.hub, [case])[case.id].found if each.blocker.code == "manager"]
    assert found.remedy.endswith("baton offboard open --manager")
    assert again(d, OTHER) == OTHER
    case = d.case(case)
    assert [each.blocker.code for each in prescan(d.hub, [case])[case.id].found] == []
    assert d.statement_acts(case) == [Act.OPEN, Act.OPEN]
    d.tick()
    d.say(case, [d.item(case, ref)], Act.NAME, OTHER, Role.MANAGER, successor=SUCCESSOR)
    d.say(case, [d.item(case, ref)], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    d.say(case, [d.item(case, ref)], Act.APPROVE, OTHER, Role.MANAGER)
    d.tick()
    assert (d.item(case, ref).state, d.holder(ref)) == (ItemState.DONE, SUCCESSOR)


def test_who_was_the_manager_is_it_no_more_and_the_same_one_again_changes_nothing(desk: Make) -> None:
    d = desk()
    case = d.open()
    assert again(d, MANAGER) == again(d, "") == MANAGER
    assert d.statement_acts(case) == [Act.OPEN]
    assert again(d, OTHER, cause=Cause.EMERGENCY) == OTHER
    assert (d.case(case).cause, d.statement_acts(case)) == (Cause.EMERGENCY, [Act.OPEN] * 3)
    with d.hub.database.read() as connection:
        assert standing(d.hub, connection, d.case(case), MANAGER) == {Role.SUCCESSOR}


@pytest.mark.parametrize("by", [LEAVER, MANAGER, OTHER])
def test_nobody_but_hr_names_another_one(desk: Make, by: str) -> None:
    d = desk()
    case = d.open()
    with pytest.raises(ApprovalError):
        again(d, OTHER, by)
    assert (d.case(case).manager, d.statement_acts(case)) == (MANAGER, [Act.OPEN])


@pytest.mark.parametrize("manager", [LEAVER, SUCCESSOR, "9999"])
def test_it_is_nobody_but_who_works_here(desk: Make, manager: str) -> None:
    d = desk()
    case = d.open()
    emergency(d, SUCCESSOR)
    with pytest.raises(BatonError) as refused:
        again(d, manager)
    assert (refused.value.code, d.case(case).manager) == ("no_manager", MANAGER)


def test_the_schedule_names_nobody_else(desk: Make) -> None:
    d = desk(offboarding=OffboardingPart(hr=(HR,)))
    case = d.open()
    assert again(d, OTHER, hourly.BY, Cause.RESIGNATION) == MANAGER
    assert d.statement_acts(case) == [Act.OPEN]
