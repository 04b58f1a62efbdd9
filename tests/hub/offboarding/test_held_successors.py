"""Whose leaving is held, or was rejected, keeps their part in other people's handovers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.hub import decisions, execution
from baton.hub.offboarding import casework
from baton.hub.offboarding.people import departed, employed
from baton.hub.offboarding.standing import standing
from baton.hub.reconcile import reconcile
from baton.model.account import AccountState
from baton.model.case import Act, Case, Cause, Item, ItemState, Role
from baton.model.handover import HoldingKind, HoldingRef
from baton.store.runs import RunState
from tests.hub.offboarding.conftest import HR, MANAGER
from tests.hub.offboarding.test_held_leavers import CREW, DAY_S, GONE, ONE, Make, Town, protecting, slip, town

__all__ = ["town"]
STAYS = CREW[-1]
"""A leaver in a case of their own, in no slip."""


def accepted(d: Town) -> tuple[Case, HoldingRef]:
    """A client that somebody of the slip has accepted in another one's case."""
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=9))
    d.hour()
    d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=ONE)
    d.say(case, [d.item(case, ref)], Act.ACCEPT, ONE, Role.SUCCESSOR)
    return case, ref


def where(item: Item) -> tuple[ItemState, str, str]:
    return item.state, item.successor, item.accepted_by


AGREED = (ItemState.ACCEPTED, ONE, ONE)


def test_a_slip_takes_no_acceptance_back_while_it_is_held_nor_once_it_is_rejected(town: Make) -> None:
    d = town()
    case, ref = accepted(d)
    before = list(d.company.rows)
    run = slip(d)
    for _ in range(2):
        d.hour()
        assert where(d.item(case, ref)) == AGREED
    decisions.reject(d.hub, run, "boss", "the export is wrong")
    d.hour()
    assert where(d.item(case, ref)) == AGREED
    d.company.rows = before
    d.sync()
    d.hour()
    assert where(d.item(case, ref)) == AGREED


def test_once_it_is_released_somebody_else_is_asked(town: Make) -> None:
    d = town()
    case, ref = accepted(d)
    decisions.release(d.hub, slip(d), "boss", "the branch is closed")
    execution.apply(d.hub)
    d.hour()
    item = d.item(case, ref)
    assert (item.successor, item.code) == ("", "successor_left")


@pytest.mark.parametrize("approved", [False, True])
def test_who_is_put_on_the_list_instead_keeps_it_and_is_given_nothing_until_that_is_decided(
    town: Make, *, approved: bool
) -> None:
    d = town()
    case, ref = accepted(d)
    if approved:
        d.say(case, [d.item(case, ref)], Act.APPROVE, MANAGER, Role.MANAGER)
    wanted = where(d.item(case, ref))
    slip(d)
    with protecting(d) as p:
        for _ in range(2):
            p.sync()
            p.hour()
            assert where(p.item(case, ref)) == wanted


def roles(d: Town, case: Case, person: str) -> frozenset[Role]:
    with d.hub.database.read() as connection:
        return standing(d.hub, connection, case, person)


def works_here(d: Town, number: str) -> bool:
    with d.hub.database.read() as connection:
        here = number in employed(d.hub, connection, [number])
        assert here is not (number in departed(d.hub, connection, [number]))
    return here


def test_a_manager_whose_leaving_nobody_has_let_go_decides_as_before(town: Make) -> None:
    d = town()
    last = d.hub.clock.now() + timedelta(days=9)
    case = casework.open_case(d.hub, casework.Opening(STAYS, Cause.BY_HAND, HR, manager=ONE, last_working_at=last))
    run = slip(d)
    assert Role.MANAGER in roles(d, case, ONE)
    decisions.reject(d.hub, run, "boss", "the export is wrong")
    assert Role.MANAGER in roles(d, case, ONE)
    casework.open_case(d.hub, casework.Opening(ONE, Cause.EMERGENCY, HR))
    assert (roles(d, case, ONE), works_here(d, ONE)) == (frozenset(), False), "by their case, whatever HR's word is"


def test_who_left_before_what_is_held_of_them_does_not_work_here_again(town: Make) -> None:
    d = town()
    d.hr_says([ONE], status="departed", last_day="2026-11-20", contract_end="2035-01-31")
    assert not works_here(d, ONE)
    slip(d)
    assert not works_here(d, ONE)
    assert works_here(d, CREW[1])


def part_of(d: Town, case: Case) -> tuple[bool, frozenset[Role]]:
    """Whether the first of the slip works here, and who they are in this case."""
    with d.hub.database.read() as connection:
        return ONE in employed(d.hub, connection, [ONE]), standing(d.hub, connection, case, ONE)


def managed(d: Town) -> Case:
    """A case that the first of the slip is the manager of."""
    last = d.hub.clock.now() + timedelta(days=400)
    return casework.open_case(d.hub, casework.Opening(STAYS, Cause.BY_HAND, HR, manager=ONE, last_working_at=last))


def test_whose_own_last_day_is_over_has_no_say_though_the_closing_is_held_with_others(town: Make) -> None:
    d = town()
    d.hr_says([ONE], status="notice", last_day="2026-11-24")
    d.hour()
    case = managed(d)
    d.company.clock.sleep(DAY_S)
    assert d.hr_says(GONE, status="departed", last_day="2026-11-24").run.state is RunState.HELD
    d.company.clock.sleep(2 * DAY_S)
    d.hour()
    assert part_of(d, case) == (False, frozenset())


def test_old_accounts_that_are_back_bring_nobody_back_to_work(town: Make) -> None:
    d = town()
    case = managed(d)
    decisions.release(d.hub, slip(d), "boss", "the branch is closed")
    execution.apply(d.hub)
    d.hour()
    d.company.clock.sleep(20 * DAY_S)
    d.hour()
    for number in GONE:
        d.company.truths["crm"].accounts[number].state = AccountState.ENABLED  # restored from its backup
    reconcile(d.hub, "crm")
    assert d.sync().run.state is RunState.HELD
    assert part_of(d, case) == (False, frozenset())


def test_who_really_left_after_a_rejection_keeps_nothing_waiting(town: Make) -> None:
    d = town()
    case, ref = accepted(d)
    decisions.reject(d.hub, slip(d), "boss", "the export is wrong")
    d.company.truths["crm"].accounts[ONE].state = AccountState.DISABLED  # closed there by hand
    reconcile(d.hub, "crm")
    d.sync()
    d.company.clock.sleep(40 * DAY_S)
    d.hour()
    assert d.item(case, ref).successor == ""
