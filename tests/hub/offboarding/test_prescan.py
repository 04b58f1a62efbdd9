"""What is in the way of a last day, and what a person has to look at because no interface tells it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from baton.hub.offboarding.people import refs
from baton.hub.offboarding.prescan import prescan
from baton.model.account import Account, AccountRef
from baton.model.case import Act, ItemState, Role
from baton.model.handover import Blocker, HoldingKind, HoldingRef
from baton.store.tables import links
from tests.hub.offboarding.conftest import LEAVER, MANAGER, Desk
from tests.rig.belongings import KeeperTarget

TOLD = Blocker("administrator", "whether the leaver administers it", "look into the admin console")


class Secretive(KeeperTarget):
    """Tells of nobody whether they administer it."""

    by_hand: ClassVar[tuple[Blocker, ...]] = (TOLD,)


def test_what_can_be_asked_is_found_per_system(desk: Callable[..., Desk]) -> None:
    at = desk()
    group = at.plant(HoldingKind.GROUP, 1)
    (scan,) = prescan(at.hub, [at.open()]).values()
    assert [(found.system, found.blocker.ref) for found in scan.found if found.system] == [("crm", group)]
    assert (scan.by_hand, scan.unread, list(scan.unasked)) == ([], {}, [])


def test_what_is_told_of_nobody_is_a_task_of_the_case(desk: Callable[..., Desk]) -> None:
    at = desk(Secretive)
    case = at.open()
    assert [(found.system, found.blocker) for found in prescan(at.hub, [case])[case.id].by_hand] == [("crm", TOLD)]
    (task,) = at.items(case)
    assert (task.system, str(task.ref), task.title) == ("", "other/crm/administrator", TOLD.title)
    assert (task.by_hand, task.successor, task.state) == (TOLD.remedy, MANAGER, ItemState.OFFERED)
    at.tick()
    assert [item.state for item in at.items(case) if item.id == task.id] == [ItemState.OFFERED]  # nobody has looked
    at.say(case, [task], Act.CONFIRM, MANAGER, Role.MANAGER, "given to 0003, seen in the console")
    assert [item.state for item in at.items(case) if item.id == task.id] == [ItemState.DONE]


class Sorted(KeeperTarget):
    """Says of what kind it is that it does not show."""

    by_hand: ClassVar[tuple[Blocker, ...]] = (
        TOLD,
        Blocker("docs", "documents of the leaver", "pass them on", HoldingRef(HoldingKind.DOCUMENT, "docs")),
    )


def test_a_task_is_of_the_kind_of_thing_it_is_about(desk: Callable[..., Desk]) -> None:
    at = desk(Sorted)
    case = at.open()
    assert [str(item.ref) for item in at.items(case)] == ["other/crm/administrator", "document/crm/docs"]
    at.tick()
    assert [item.state for item in at.items(case)[:2]] == [ItemState.OFFERED] * 2, "no look may find them gone"


class Unsure(KeeperTarget):
    """Two of its accounts carry one number: it shows one of them, and does not say that it is this person's."""

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        found = zip(refs, super().find(refs), strict=True)
        return [account and (account if ref.external_id else replace(account, number=None)) for ref, account in found]


def test_an_account_that_is_not_said_to_be_theirs_is_nobodys(desk: Callable[..., Desk]) -> None:
    at = desk(Unsure)
    assert refs(at.hub, "crm", [LEAVER])[LEAVER].external_id == at.id_of(LEAVER), "a link says whose it is"
    with at.hub.database.write() as connection:
        connection.execute(links.delete().where(links.c.number == LEAVER))
    assert refs(at.hub, "crm", [LEAVER])[LEAVER] == AccountRef(LEAVER)


def test_who_has_no_account_there_leaves_no_task(desk: Callable[..., Desk]) -> None:
    at = desk(Secretive)
    with at.hub.database.write() as connection:
        connection.execute(links.delete().where(links.c.number == LEAVER))
    case = at.open()
    assert at.items(case) == []
    assert prescan(at.hub, [case])[case.id].by_hand == []
