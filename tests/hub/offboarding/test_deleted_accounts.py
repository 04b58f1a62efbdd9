"""An account that an administrator deletes, or makes anew, takes nothing along: what it held is still on the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from baton.errors import ApprovalError, RejectedError
from baton.hub import execution
from baton.hub.offboarding import casework, completing
from baton.hub.offboarding.prescan import prescan
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountRef, AccountState
from baton.model.case import Act, Case, CaseState, Cause, Item, ItemState, Role
from baton.model.handover import Holding, HoldingKind
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, NEXT_YEAR, OTHER, Desk
from tests.rig.belongings import KeeperTarget
from tests.rig.company import row
from tests.rig.unnumbered import ByNumberTarget, NumberedTarget, renumber

Make = Callable[..., Desk]


class Forgetful(KeeperTarget):
    """Refuses questions about ids that it does not know (any more)."""

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        if person.external_id and person.external_id not in {each.external_id for each in self.truth.accounts.values()}:
            raise RejectedError("no such user", code="unknown_user")
        return super().owned(person)


def test_what_a_deleted_account_held_is_not_gone_and_can_be_passed_on(desk: Make) -> None:
    d = desk()
    ref, later = d.plant(HoldingKind.CLIENT, 1), d.plant(HoldingKind.CLIENT, 2, OTHER)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    deleted = d.company.truths["crm"].accounts.pop(LEAVER)
    d.things.holders[later] = deleted.external_id
    reconcile(d.hub, "crm")
    d.tick()
    assert d.item(case, ref).state is ItemState.OFFERED
    assert d.item(case, later).state is ItemState.OFFERED, "and what came to it meanwhile is on the list too"
    with pytest.raises(ApprovalError, match="2 items are open"):
        completing.complete(d.hub, case.id, HR, "x")
    d.agree(case)
    d.tick()
    assert [d.holder(each) for each in (ref, later)] == [MANAGER] * 2
    d.tick()
    assert completing.complete(d.hub, case.id, HR, "x").state is CaseState.COMPLETED


def test_what_has_gone_from_a_deleted_account_is_gone(desk: Make) -> None:
    d = desk()
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open()
    d.tick()
    d.company.truths["crm"].accounts.pop(LEAVER)
    d.things.holders[ref] = d.id_of(OTHER)
    reconcile(d.hub, "crm")
    d.tick()
    assert d.item(case, ref).state is ItemState.GONE


def test_an_account_that_was_made_anew_is_asked_about_by_both_ids(desk: Make) -> None:
    d = desk()
    old, new = d.plant(HoldingKind.CLIENT, 1), d.plant(HoldingKind.CLIENT, 2, OTHER)
    case = d.open()
    d.tick()
    accounts = d.company.truths["crm"].accounts
    accounts[LEAVER] = replace(accounts[LEAVER], external_id="x99")
    d.things.holders[new] = "x99"
    with d.hub.database.write() as connection:
        link = d.hub.links.of(connection, "crm", [LEAVER])[LEAVER]
        d.hub.links.observe(connection, [replace(link, external_id="x99")])
    d.tick()
    assert [d.item(case, ref).state for ref in (old, new)] == [ItemState.OFFERED] * 2
    assert [d.item(case, ref).holder_id for ref in (old, new)] == ["x2", "x99"]


def test_a_system_that_refuses_the_old_id_is_unread_until_its_items_are_closed(desk: Make) -> None:
    d = desk(Forgetful)
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.company.truths["crm"].accounts.pop(LEAVER)
    reconcile(d.hub, "crm")
    hour = d.tick()
    assert "no such user" in hour.troubles[f"{case.id} crm"]
    assert d.item(case, ref).state is ItemState.OFFERED
    with pytest.raises(ApprovalError, match="could not be read: crm"):
        completing.complete(d.hub, case.id, HR, "x")
    d.say(case, [d.item(case, ref)], Act.LEAVE, MANAGER, Role.MANAGER, "deleted with its owner")
    assert completing.complete(d.hub, case.id, HR, "x").state is CaseState.COMPLETED


def test_what_is_held_by_an_id_that_somebody_else_has_now_is_not_taken_for_the_leavers(desk: Make) -> None:
    d = desk()
    ref, colleagues = d.plant(HoldingKind.CLIENT, 1), d.plant(HoldingKind.CLIENT, 2, OTHER)
    case = d.open()
    d.tick()
    accounts = d.company.truths["crm"].accounts
    deleted = accounts.pop(LEAVER)
    reconcile(d.hub, "crm")
    accounts[OTHER] = replace(accounts[OTHER], external_id=deleted.external_id)
    d.things.holders[colleagues] = deleted.external_id
    with d.hub.database.write() as connection:
        link = d.hub.links.of(connection, "crm", [OTHER])[OTHER]
        d.hub.links.observe(connection, [replace(link, external_id=deleted.external_id)])
    hour = d.tick()
    assert "somebody else's now" in hour.troubles[f"{case.id} crm"]
    assert [item.ref for item in d.items(case) if item.kind is HoldingKind.CLIENT] == [ref]


def sync(d: Desk) -> None:
    plan_sync(d.hub, SyncRequest())
    execution.apply(d.hub)


def look_at(d: Desk, case: Case) -> list[Item]:
    """What the case has people look at in a system that shows nothing of it."""
    return [item for item in d.items(case) if not item.system]


@pytest.mark.parametrize("closed_first", [False, True])
def test_what_was_deleted_before_the_case_is_for_a_person_to_look_at(desk: Make, *, closed_first: bool) -> None:
    d = desk()
    ref = d.plant(HoldingKind.CLIENT, 1)
    if closed_first:
        left = {"status": "departed", "last_day": "2026-11-22", "contract_end": "2026-12-31"}
        d.company.rows[1] = row(LEAVER, manager=MANAGER, **left)
        sync(d)
    deleted = d.company.truths["crm"].accounts.pop(LEAVER)
    reconcile(d.hub, "crm")
    case = d.open(Cause.EMERGENCY)
    assert not d.tick().troubles
    (item,) = look_at(d, case)
    assert (str(item.ref), item.state, item.successor) == ("other/crm/account_gone", ItemState.OFFERED, MANAGER)
    assert "crm" in item.title
    assert d.things.holders[ref] == deleted.external_id
    assert [each.blocker.code for each in prescan(d.hub, [case])[case.id].by_hand] == ["account_gone"]
    with pytest.raises(ApprovalError, match="1 items are open"):
        completing.complete(d.hub, case.id, HR, "x")
    d.things.holders[ref] = d.id_of(OTHER)
    d.say(case, [item], Act.CONFIRM, MANAGER, Role.MANAGER, "one client, given to 0004 in the CRM")
    assert completing.complete(d.hub, case.id, HR, "x").state is CaseState.COMPLETED


def test_what_an_account_held_that_was_made_anew_before_the_case_is_looked_at_too(desk: Make) -> None:
    d = desk()
    d.company.truths["crm"].accounts.pop(LEAVER)
    reconcile(d.hub, "crm")
    sync(d)
    case = d.open()
    d.tick()
    assert [str(item.ref) for item in look_at(d, case)] == ["other/crm/account_gone"]


def test_a_system_that_is_switched_off_is_looked_at_too_and_one_that_is_taken_out_is_not(desk: Make) -> None:
    d = desk()
    d.company.truths["crm"].accounts.pop(LEAVER)
    reconcile(d.hub, "crm")
    off = replace(d.hub.settings.systems["crm"], enabled=False)
    d.hub.settings = replace(d.hub.settings, systems={"crm": off})
    assert look_at(d, d.open()) != []
    d.hub.settings = replace(d.hub.settings, systems={})
    assert prescan(d.hub, [d.open()])[d.open().id].by_hand == []


def test_who_never_had_an_account_there_or_has_handed_it_over_leaves_nothing_to_look_at(desk: Make) -> None:
    d = desk()
    first = d.open(Cause.EMERGENCY)
    sync(d)
    d.tick()
    completing.complete(d.hub, first.id, HR, "nothing is left")
    d.company.clock.sleep(86_400)
    d.company.truths["crm"].accounts.pop(LEAVER)
    reconcile(d.hub, "crm")
    assert look_at(d, d.open()) == [], "all that it held was handed over before it went"
    assert look_at(d, casework.open_case(d.hub, casework.Opening(MANAGER, Cause.BY_HAND, HR, manager=OTHER))) == []


def access(d: Desk, case: Case, holder: str) -> dict[str, ItemState]:
    """What became of the account and the rights of this id."""
    return {item.title: item.state for item in d.items(case) if item.system and item.holder_id == holder}


def test_an_account_whose_number_is_emptied_is_closed_with_its_rights(desk: Make) -> None:
    d = desk(NumberedTarget)
    old = d.id_of(LEAVER)
    d.things.grants[old] = {"sales", "admin"}
    d.company.rows[1] = row(LEAVER, department="销售部", manager=MANAGER, status="notice", last_day="2026-11-30")
    sync(d)
    d.tick()
    case = casework.find_case(d.hub, LEAVER)
    renumber(d.company.truths["crm"], LEAVER)
    for _ in range(2):
        reconcile(d.hub, "crm")
        sync(d)
        d.company.clock.sleep(3600)
        d.tick()
    assert set(access(d, case, old).values()) == {ItemState.OPEN}
    d.company.clock.sleep(86_400 * 10)
    d.company.rows[1] = row(LEAVER, department="销售部", manager=MANAGER, status="departed", last_day="2026-11-30")
    sync(d)
    for _ in range(2):
        d.company.clock.sleep(3600)
        d.tick()
    accounts = d.company.truths["crm"].accounts
    assert LEAVER not in accounts, "nobody was given a second account"
    assert accounts[f"empty {LEAVER}"].state is not AccountState.ENABLED
    assert d.things.grants[old] == set()
    assert completing.complete(d.hub, case.id, HR, "x").state is CaseState.COMPLETED


def test_what_an_account_lets_in_that_is_not_linked_any_more_has_not_ended(desk: Make) -> None:
    d = desk(NumberedTarget)
    old = d.id_of(LEAVER)
    d.things.grants[old] = {"sales", "admin"}
    case = d.open(Cause.BY_HAND, last_working_at=NEXT_YEAR)
    d.tick()
    accounts = d.company.truths["crm"].accounts
    renumber(d.company.truths["crm"], LEAVER)
    accounts[LEAVER] = replace(accounts[f"empty {LEAVER}"], external_id="x99")
    assert [drift.kind for drift in reconcile(d.hub, "crm").drifts] == ["relinked"]
    assert not d.tick().troubles
    assert set(access(d, case, old).values()) == {ItemState.OPEN}, (
        "the old account and its rights let them in as before"
    )
    assert set(access(d, case, "x99").values()) == {ItemState.OPEN}
    accounts[f"empty {LEAVER}"].state = AccountState.DISABLED
    d.things.grants[old] = {"admin"}
    d.tick()
    found = access(d, case, old)
    assert sorted(found.values()) == [ItemState.DONE, ItemState.DONE, ItemState.OPEN]
    assert found["权限admin"] is ItemState.OPEN


def test_a_right_of_an_account_that_carries_another_number_has_not_ended(desk: Make) -> None:
    d = desk(NumberedTarget)
    old = d.id_of(LEAVER)
    d.things.grants[old] = {"admin"}
    case = d.open(Cause.BY_HAND, last_working_at=NEXT_YEAR)
    d.tick()
    renumber(d.company.truths["crm"], LEAVER, "9999")
    reconcile(d.hub, "crm")
    d.tick()
    assert access(d, case, old)["权限admin"] is ItemState.OPEN


def test_an_account_that_is_somebody_elses_now_is_asked_of_a_person(desk: Make) -> None:
    d = desk(NumberedTarget)
    old = d.id_of(LEAVER)
    d.things.grants[old] = {"admin"}
    case = d.open(Cause.BY_HAND, last_working_at=NEXT_YEAR)
    d.tick()
    accounts = d.company.truths["crm"].accounts
    del accounts[OTHER]
    renumber(d.company.truths["crm"], LEAVER, OTHER)
    reconcile(d.hub, "crm")
    hour = d.tick()
    assert "somebody else's now" in hour.troubles[f"{case.id} crm"]
    assert set(access(d, case, old).values()) == {ItemState.OPEN}
    assert d.things.grants[old] == {"admin"}, "a colleague loses nothing"
    accounts[OTHER] = replace(accounts[OTHER], external_id="x98")
    d.things.grants[old] = set()
    reconcile(d.hub, "crm")
    assert not d.tick().troubles
    assert set(access(d, case, old).values()) == {ItemState.DONE}


def leaves(d: Desk, status: str) -> None:
    d.company.rows[1] = row(LEAVER, department="销售部", manager=MANAGER, status=status, last_day="2026-11-30")
    sync(d)


@pytest.mark.parametrize(("kind", "to"), [(ByNumberTarget, None), (ByNumberTarget, "9999"), (NumberedTarget, "9999")])
def test_an_account_that_its_number_does_not_find_any_more_has_not_ended(
    desk: Make, kind: type[KeeperTarget], to: str | None
) -> None:
    d = desk(kind)
    old = d.id_of(LEAVER)
    leaves(d, "notice")
    d.tick()
    case = casework.find_case(d.hub, LEAVER)
    renumber(d.company.truths["crm"], LEAVER, to)
    reconcile(d.hub, "crm")
    sync(d)
    assert not d.tick().troubles
    d.company.clock.sleep(86_400 * 10)
    leaves(d, "departed")
    for _ in range(3):
        d.company.clock.sleep(3600)
        assert not d.tick().troubles
        sync(d)
    left = d.company.truths["crm"].accounts[f"empty {LEAVER}" if to is None else to]
    assert (left.external_id, left.state) == (old, AccountState.ENABLED), "nobody has closed it"
    (item,) = [item for item in d.items(case) if item.holder_id == old]
    assert item.state is ItemState.OPEN
    assert f"{old} lets somebody in" in item.by_hand
    assert f"not found by the employee number {LEAVER}" in item.by_hand
    with pytest.raises(ApprovalError, match="1 accounts are alive"):
        completing.complete(d.hub, case.id, HR, "x")
    with pytest.raises(ApprovalError, match="not by word of mouth"):
        d.say(case, [item], Act.CONFIRM, HR, Role.HR, "closed, I believe")
    left.state = AccountState.DISABLED
    d.tick()
    assert completing.complete(d.hub, case.id, HR, "x").state is CaseState.COMPLETED


def test_an_account_whose_number_was_changed_just_before_the_case_is_on_the_list(desk: Make) -> None:
    d = desk(ByNumberTarget)
    old = d.id_of(LEAVER)
    renumber(d.company.truths["crm"], LEAVER, "9999")
    case = d.open(Cause.BY_HAND, last_working_at=NEXT_YEAR)
    d.tick()
    assert list(access(d, case, old).values()) == [ItemState.OPEN]
    renumber(d.company.truths["crm"], "9999", LEAVER)
    d.tick()
    (item,) = d.items(case)
    assert (item.state, item.by_hand) == (ItemState.OPEN, ""), "it is closed by the next run again"


def test_accounts_are_listed_once_for_all_that_are_missing_and_in_no_hour_in_which_none_is(desk: Make) -> None:
    d = desk(ByNumberTarget)
    target = d.target()
    assert isinstance(target, ByNumberTarget)
    cases = [
        casework.open_case(d.hub, casework.Opening(number, Cause.BY_HAND, HR, last_working_at=NEXT_YEAR))
        for number in (LEAVER, OTHER)
    ]
    d.tick()
    assert target.listings == 0
    ids = [d.id_of(LEAVER), d.id_of(OTHER)]
    renumber(d.company.truths["crm"], LEAVER, "9998")
    renumber(d.company.truths["crm"], OTHER, "9999")
    d.tick()
    assert target.listings == 1
    assert [list(access(d, case, old).values()) for case, old in zip(cases, ids, strict=True)] == [[ItemState.OPEN]] * 2
    for number in ("9998", "9999"):
        d.company.truths["crm"].accounts.pop(number)
    reconcile(d.hub, "crm")
    d.tick()
    assert [list(access(d, case, old).values()) for case, old in zip(cases, ids, strict=True)] == [[ItemState.DONE]] * 2
    before = target.listings
    d.tick()
    assert target.listings == before


def test_an_account_that_cannot_be_looked_for_has_not_ended_and_keeps_nobody_else_waiting(desk: Make) -> None:
    d = desk(ByNumberTarget)
    target, old = d.target(), d.id_of(LEAVER)
    assert isinstance(target, ByNumberTarget)
    case = d.open(Cause.EMERGENCY)
    other = casework.open_case(d.hub, casework.Opening(OTHER, Cause.BY_HAND, HR, last_working_at=NEXT_YEAR))
    d.tick()
    renumber(d.company.truths["crm"], LEAVER, "9999")
    target.unlisted = True
    hour = d.tick()
    assert list(hour.troubles) == [f"{case.id} crm"]
    assert "not everybody is in sight" in hour.troubles[f"{case.id} crm"]
    assert list(access(d, case, old).values()) == [ItemState.OPEN]
    assert d.case(other).checked_at == d.hub.clock.now()
    with pytest.raises(ApprovalError, match="could not be read: crm"):
        completing.complete(d.hub, case.id, HR, "x")
