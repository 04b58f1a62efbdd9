"""Who must be out, or has had their last day, decides nothing in other people's cases and is given nothing of theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from baton.errors import ApprovalError
from baton.hub import execution
from baton.hub.offboarding import casework, completing, links
from baton.hub.offboarding.casework import Opening
from baton.hub.offboarding.deciders import deciders_of
from baton.hub.offboarding.links import LinkRefusedError, Offer
from baton.hub.offboarding.people import departed, employed
from baton.hub.offboarding.standing import is_hr, standing
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, Cause, ItemState, Role
from baton.model.handover import HoldingKind, HoldingRef
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, NEXT_YEAR, OTHER, SUCCESSOR, Desk
from tests.rig.company import row

Make = Callable[..., Desk]
DAY = 86_400
PLACES = {MANAGER: 0, LEAVER: 1, SUCCESSOR: 2, OTHER: 3}


def hr_says(d: Desk, number: str, **given: str) -> None:
    """What HR says of somebody, and the sync that hears it."""
    manager = {} if number == MANAGER else {"manager": MANAGER}
    d.company.rows[PLACES[number]] = row(number, **{"department": "销售部", **manager, **given})
    plan_sync(d.hub, SyncRequest())
    execution.apply(d.hub)


def emergency(d: Desk, number: str) -> Case:
    case = casework.open_case(d.hub, Opening(number, Cause.EMERGENCY, HR, manager=OTHER))
    plan_sync(d.hub, SyncRequest())
    execution.apply(d.hub)
    return case


def by_hand(d: Desk, number: str) -> Case:
    over = d.hub.clock.now() - timedelta(hours=1)
    return casework.open_case(d.hub, Opening(number, Cause.BY_HAND, HR, manager=OTHER, last_working_at=over))


def past_notice(d: Desk, number: str) -> None:
    hr_says(d, number, status="notice", last_day=str((d.hub.clock.now() - timedelta(days=3)).date()))


OUT = {"emergency": emergency, "by_hand": by_hand, "past_notice": past_notice}
"""How somebody is out whom HR still calls employed."""


def works_here(d: Desk, number: str) -> bool:
    with d.hub.database.read() as connection:
        here, gone = employed(d.hub, connection, [number]), departed(d.hub, connection, [number])
    assert here ^ gone == {number}
    return bool(here)


def refused(d: Desk, token: str) -> bool:
    try:
        links.admit(d.hub, token)
    except LinkRefusedError:
        return True
    return False


def accepted(d: Desk) -> tuple[Case, HoldingRef]:
    """A case whose one client the successor has accepted."""
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.say(case, [d.item(case, ref)], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    return case, ref


@pytest.mark.parametrize("how", OUT)
def test_a_successor_who_is_out_accepts_nothing_is_let_in_nowhere_and_gets_nothing(desk: Make, how: str) -> None:
    d = desk()
    case, ref = accepted(d)
    other = d.plant(HoldingKind.CLIENT, 2)
    d.tick()
    d.say(case, [d.item(case, other)], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    token = links.make_token(d.hub, Offer(case.id, SUCCESSOR, Role.SUCCESSOR, HR))
    OUT[how](d, SUCCESSOR)
    assert not works_here(d, SUCCESSOR)
    assert refused(d, token)
    with pytest.raises(ApprovalError):
        d.say(case, [d.item(case, other)], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    d.say(case, [d.item(case, ref)], Act.APPROVE, MANAGER, Role.MANAGER)
    d.tick()
    assert d.holder(ref) == LEAVER
    assert (d.item(case, ref).state, d.item(case, ref).code) == (ItemState.OPEN, "successor_left")
    with pytest.raises(ApprovalError, match="cannot take this over"):
        d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)


@pytest.mark.parametrize("how", OUT)
def test_a_manager_who_is_out_approves_nothing_and_others_are_waited_for(desk: Make, how: str) -> None:
    d = desk()
    case, ref = accepted(d)
    token = links.make_token(d.hub, Offer(case.id, MANAGER, Role.MANAGER, HR))
    OUT[how](d, MANAGER)
    assert refused(d, token)
    with pytest.raises(ApprovalError):
        d.say(case, [d.item(case, ref)], Act.APPROVE, MANAGER, Role.MANAGER)
    with d.hub.database.read() as connection:
        assert standing(d.hub, connection, case, MANAGER) == frozenset()
        assert deciders_of(d.hub, connection, [case])[case.id].manager == (HR,)
    again = d.plant(HoldingKind.CLIENT, 2)
    d.tick()
    assert d.item(case, again).successor != MANAGER


def test_an_employee_at_hr_who_is_out_speaks_as_hr_no_more(desk: Make) -> None:
    d = desk(offboarding=OffboardingPart(hr=(SUCCESSOR, HR)))
    emergency(d, SUCCESSOR)
    with d.hub.database.read() as connection:
        assert not is_hr(d.hub, connection, SUCCESSOR)
    with pytest.raises(ApprovalError):
        casework.decide(d.hub, d.open().id, Act.PAUSE, SUCCESSOR, "wait")


def test_a_departure_that_is_retracted_or_put_off_gives_the_right_back(desk: Make) -> None:
    d = desk()
    case = emergency(d, SUCCESSOR)
    casework.decide(d.hub, case.id, Act.PAUSE, HR, "wait")
    assert not works_here(d, SUCCESSOR)
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "a mistake")
    assert works_here(d, SUCCESSOR)
    past_notice(d, MANAGER)
    assert not works_here(d, MANAGER)
    hr_says(d, MANAGER, status="notice", last_day="2027-12-31")
    assert works_here(d, MANAGER)
    hr_says(d, OTHER, status="notice", last_day="2026-12-20")
    d.tick()
    assert works_here(d, OTHER)
    d.company.clock.sleep(60 * DAY)
    assert not works_here(d, OTHER)
    hr_says(d, OTHER, status="notice", last_day="2027-12-31")
    d.tick()
    assert works_here(d, OTHER)


def test_a_leaver_has_their_part_in_their_own_case_until_it_ends(desk: Make) -> None:
    d = desk()
    case = by_hand(d, LEAVER)
    with d.hub.database.read() as connection:
        assert standing(d.hub, connection, case, LEAVER) == {Role.LEAVER}


def test_who_has_left_by_a_case_by_hand_is_out_until_hr_has_entered_it_and_hires_again(desk: Make) -> None:
    d = desk()
    case = by_hand(d, SUCCESSOR)
    d.close_account(SUCCESSOR)
    d.tick()
    completing.complete(d.hub, case.id, HR, "handed over")
    assert not works_here(d, SUCCESSOR), "HR still calls them active"
    d.company.clock.sleep(DAY)
    hr_says(d, SUCCESSOR, status="departed", last_day="2026-11-27")
    assert not works_here(d, SUCCESSOR)
    d.company.clock.sleep(DAY)
    hr_says(d, SUCCESSOR, status="rehired")
    assert works_here(d, SUCCESSOR)
    hr_says(d, SUCCESSOR, status="active")
    assert works_here(d, SUCCESSOR)


def test_who_is_hired_again_works_here_although_their_case_is_not_finished(desk: Make) -> None:
    d = desk()
    by_hand(d, SUCCESSOR)
    d.company.clock.sleep(DAY)
    hr_says(d, SUCCESSOR, status="rehired")
    assert works_here(d, SUCCESSOR)


def test_a_strangers_case_takes_nothing_from_a_successor_who_was_hired_again(desk: Make) -> None:
    d = desk()
    case, ref = accepted(d)
    hr_says(d, SUCCESSOR, status="departed", last_day="2026-11-20")
    d.tick()
    d.company.clock.sleep(DAY)
    hr_says(d, SUCCESSOR, status="rehired")
    d.tick()
    d.company.clock.sleep(30 * DAY)
    hr_says(d, SUCCESSOR)
    d.tick()
    d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.say(case, [d.item(case, ref)], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    hr_says(d, OTHER, status="notice", last_day="2027-03-31")
    assert len(d.tick().opened) == 1
    item = d.item(case, ref)
    assert (item.state, item.successor, item.code) == (ItemState.ACCEPTED, SUCCESSOR, "")
