"""A request whose answer was lost may arrive late: what is taken back waits for that, and what comes later is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar

import pytest

from baton.errors import InDoubtError
from baton.hub.offboarding import casework, doubts, undoing
from baton.model.account import Receipt
from baton.model.case import MOVED_AGAIN, Act, Case, Cause, Item, ItemState, Role
from baton.model.handover import GrantChange, HoldingKind, HoldingRef, Transfer
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, Desk
from tests.rig.belongings import KeeperTarget, PromisingTarget

Make = Callable[..., Desk]


class Delayed(KeeperTarget):
    """Whose first calls are lost on the way; a copy of each arrives when the test says so."""

    losing: ClassVar[int] = 1

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.copies: list[Callable[[], object]] = []

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        return self._sent(lambda: super(Delayed, self).transfer(transfers))

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        return self._sent(lambda: super(Delayed, self).revoke(changes))

    def _sent(self, do: Callable[[], Sequence[Receipt]]) -> Sequence[Receipt]:
        if len(self.copies) < self.losing:
            self.copies.append(do)
            raise InDoubtError("no answer in time", code="timeout")
        return do()

    def arrive(self) -> None:
        """The copies take effect now."""
        for copy in self.copies:
            copy()


def target(d: Desk) -> Delayed:
    found = d.target()
    assert isinstance(found, Delayed)
    return found


def passed_on(d: Desk) -> tuple[Case, HoldingRef]:
    """One client that is done, of whose transfer a copy is still under way."""
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.tick()
    assert (d.holder(ref), d.item(case, ref).state, len(target(d).copies)) == (MANAGER, ItemState.DONE, 1)
    return case, ref


def waited(d: Desk) -> None:
    d.company.clock.sleep(doubts.LATEST_COPY.total_seconds() + 1)


def test_what_was_in_doubt_is_taken_back_only_when_no_copy_can_arrive_any_more(desk: Make) -> None:
    d = desk(Delayed)
    case, ref = passed_on(d)
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.tick()
    assert (d.holder(ref), d.item(case, ref).state) == (MANAGER, ItemState.MOVING)
    target(d).arrive()
    waited(d)
    d.tick()
    assert (d.holder(ref), len(d.things.moves)) == (LEAVER, 2)


def test_without_the_wait_a_late_copy_moves_it_again_and_that_is_seen(
    desk: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "LATEST_COPY", timedelta(0))
    d = desk(Delayed)
    case, ref = passed_on(d)
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.tick()
    d.tick()
    assert d.holder(ref) == LEAVER
    d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor="0003")
    target(d).arrive()
    d.tick()
    item = d.item(case, ref)
    assert (d.holder(ref), item.state, item.code, item.successor) == (MANAGER, ItemState.STUCK, MOVED_AGAIN, "")
    d.tick()
    assert d.item(case, ref) == item
    undoing.undo(d.hub, case.id, HR, "still a mistake")
    d.tick()
    assert d.holder(ref) == LEAVER


def test_what_is_with_its_successor_again_can_be_accepted_by_them(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "LATEST_COPY", timedelta(0))
    d = desk(Delayed)
    case, ref = passed_on(d)
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.tick()
    d.tick()
    assert (d.item(case, ref).state, d.item(case, ref).successor) == (ItemState.OFFERED, MANAGER)
    target(d).arrive()
    d.tick()
    assert d.item(case, ref).state is ItemState.OFFERED, "they are asked already"
    d.agree(case)
    d.tick()
    assert (d.holder(ref), d.item(case, ref).state, len(d.things.moves)) == (MANAGER, ItemState.DONE, 3)


def test_what_was_never_in_doubt_comes_back_at_once(desk: Make) -> None:
    d = desk()
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.tick()
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.tick()
    assert d.holder(ref) == LEAVER


def test_a_right_is_given_back_only_when_no_copy_can_take_it_again_and_taken_away_at_once(desk: Make) -> None:
    d = desk(Delayed)
    having = d.things.grants.setdefault(d.id_of(LEAVER), {"discounts"})
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.tick()
    assert having == set()
    right = right_of(d, case)
    undoing.undo(d.hub, case.id, HR, "a mistake", [right.id])
    d.tick()
    assert having == set()
    target(d).arrive()
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    waited(d)
    d.tick()
    assert having == {"discounts"}


def right_of(d: Desk, case: Case) -> Item:
    return next(item for item in d.items(case) if item.kind is HoldingKind.GRANT)


@pytest.mark.parametrize("agreed", [False, True])
def test_what_comes_late_to_who_is_not_to_have_it_any_more_is_not_done(desk: Make, agreed: bool) -> None:
    d = desk(PromisingTarget)
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.tick()
    promising = d.target()
    assert isinstance(promising, PromisingTarget)
    promising.decide(ref)
    d.tick()
    assert d.item(case, ref).state is ItemState.STUCK
    d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=OTHER)
    if agreed:
        d.agree(case)
    promising.give(ref, d.id_of(MANAGER))
    for _ in range(2):
        d.tick()
        item = d.item(case, ref)
        assert (item.state, item.code, item.successor, item.accepted_by) == (ItemState.STUCK, MOVED_AGAIN, "", "")
    with d.hub.database.read() as connection:
        assert [t.holder for t in d.hub.tenures.of(connection, case_id=case.id)] == [LEAVER, MANAGER]
    d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=MANAGER)
    d.tick()
    assert d.item(case, ref).state is ItemState.OFFERED, "not before they have said that they take it"
    d.agree(case)
    d.tick()
    promising.decide()
    d.tick()
    assert d.item(case, ref).state is ItemState.DONE
