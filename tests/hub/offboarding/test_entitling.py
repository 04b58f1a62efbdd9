"""A right to one object is with who takes that object over before the leaver loses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest

from baton.errors import ApprovalError, RejectedError
from baton.hub.offboarding import casework, undoing
from baton.hub.offboarding.entitling import NOT_GIVEN, Entitling, Handed
from baton.hub.offboarding.intentions import JOB
from baton.hub.offboarding.proving import Proofs, read_back
from baton.model.account import AccountRef, Receipt
from baton.model.case import Act, Case, Cause, Item, ItemState, Role
from baton.model.effect import EffectState
from baton.model.handover import Grant, GrantChange, HandoverAction, HoldingKind, HoldingRef, Transfer
from baton.store.tables import effects
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, SUCCESSOR, Desk
from tests.rig.belongings import KeeperTarget

Make = Callable[..., Desk]
TEAM = "team-1"


class TeamTarget(KeeperTarget):
    """A system with a right to one client; it remembers what was done with rights, and in which order."""

    refusing: ClassVar[bool] = False
    silent: ClassVar[bool] = False
    """True: says yes to every right that is to be given, and does nothing."""
    object: ClassVar[HoldingRef] = HoldingRef(HoldingKind.CLIENT, "client-00001")

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.order: list[tuple[str, str]] = []

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        having = sorted(self.things.grants.get(person.external_id or "", ()))
        return [Grant(name, f"权限{name}", "member", self.object if name == TEAM else None) for name in having]

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        self.order += [("given", change.person.number) for change in changes]
        if self.refusing:
            return [Receipt.refused("licence", "there is no licence left") for _ in changes]
        return [Receipt.done() for _ in changes] if self.silent else super().entitle(changes)

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        self.order += [("taken", change.person.number) for change in changes if change.grant_id == TEAM]
        return super().revoke(changes)


class RefusingTarget(TeamTarget):
    refusing = True


class SilentTarget(TeamTarget):
    silent = True


class HidingTarget(TeamTarget):
    """Answers no question about the rights of one person."""

    hidden = ""

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        if person.number == self.hidden:
            raise RejectedError("the linked account carries another employee number", code="number_differs")
        return super().grants(person)


def order(d: Desk) -> list[tuple[str, str]]:
    target = d.target()
    assert isinstance(target, TeamTarget)
    return target.order


def having(d: Desk, number: str) -> set[str]:
    return d.things.grants.get(d.id_of(number), set())


def agreed(d: Desk, cause: Cause = Cause.BY_HAND) -> Case:
    """The leaver's client, with a right to it and one to nothing in particular, is accepted and approved."""
    d.plant(HoldingKind.CLIENT, 1)
    d.things.grants[d.id_of(LEAVER)] = {TEAM, "discounts"}
    case = d.open(cause, last_working_at=d.hub.clock.now() + timedelta(days=5))
    d.tick()
    d.agree(case)
    return case


def right(d: Desk, case: Case) -> Item:
    return next(item for item in d.items(case) if item.ref.external_id == TEAM)


def last_day(d: Desk) -> None:
    d.company.clock.sleep(timedelta(days=6).total_seconds())


def test_it_is_given_when_the_object_is_approved_and_taken_when_it_is_seen_there(desk: Make) -> None:
    d = desk(TeamTarget)
    case = agreed(d)
    d.tick()
    assert (having(d, MANAGER), having(d, LEAVER)) == ({TEAM}, {TEAM, "discounts"})
    last_day(d)
    d.tick()
    assert (having(d, MANAGER), having(d, LEAVER)) == ({TEAM}, set())
    assert order(d) == [("given", MANAGER), ("taken", LEAVER)]
    assert right(d, case).state is ItemState.DONE


def test_what_is_approved_at_the_last_moment_is_given_first_and_taken_by_the_next_run(desk: Make) -> None:
    d = desk(TeamTarget)
    agreed(d)
    last_day(d)
    d.tick()
    assert (having(d, MANAGER), having(d, LEAVER)) == ({TEAM}, {TEAM}), "the other right waits for nobody"
    d.tick()
    assert (having(d, MANAGER), having(d, LEAVER)) == ({TEAM}, set())


def test_what_cannot_be_given_is_told_in_time_and_does_not_keep_the_leavers_right(desk: Make) -> None:
    d = desk(RefusingTarget)
    case = agreed(d)
    d.tick()
    assert d.tick().blocked == 1
    assert (right(d, case).state, right(d, case).code) == (ItemState.STUCK, NOT_GIVEN)
    assert MANAGER in right(d, case).message
    last_day(d)
    d.tick()
    assert having(d, LEAVER) == set()
    assert order(d).count(("given", MANAGER)) == 1


def test_what_a_person_has_given_by_hand_is_stuck_no_longer(desk: Make) -> None:
    d = desk(RefusingTarget)
    case = agreed(d)
    d.tick()
    d.tick()
    d.things.grants.setdefault(d.id_of(MANAGER), set()).add(TEAM)
    d.tick()
    assert (right(d, case).state, right(d, case).code) == (ItemState.OPEN, "")


def test_a_system_that_says_yes_and_gives_nothing_is_found_out_before_the_leaver_loses_it(desk: Make) -> None:
    d = desk(SilentTarget)
    case = agreed(d)
    d.tick()
    last_day(d)
    d.tick()
    assert (TEAM in having(d, LEAVER), right(d, case).code) == (True, NOT_GIVEN)
    d.tick()
    assert having(d, LEAVER) == set()


def test_an_emergency_waits_for_nothing(desk: Make) -> None:
    d = desk(TeamTarget)
    d.plant(HoldingKind.CLIENT, 1)
    d.things.grants[d.id_of(LEAVER)] = {TEAM}
    d.open(Cause.EMERGENCY)
    d.tick()
    assert having(d, LEAVER) == set()


def test_who_has_it_already_is_given_nothing_and_keeps_it_when_all_comes_back(desk: Make) -> None:
    d = desk(TeamTarget)
    d.things.grants[d.id_of(MANAGER)] = {TEAM}
    case = agreed(d)
    d.tick()
    assert order(d) == []
    undoing.undo(d.hub, case.id, HR, "she stays")
    d.tick()
    assert having(d, MANAGER) == {TEAM}


def test_what_was_given_is_taken_back_with_its_object(desk: Make) -> None:
    d = desk(TeamTarget)
    case = agreed(d)
    d.tick()
    undoing.undo(d.hub, case.id, HR, "she stays")
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    d.tick()
    assert (having(d, MANAGER), having(d, LEAVER)) == (set(), {TEAM, "discounts"})


def test_what_was_about_to_be_given_is_called_back_when_the_case_is_retracted(desk: Make) -> None:
    d = desk(TeamTarget)
    case = agreed(d)
    target = d.target()
    assert isinstance(target, TeamTarget)
    target.during = lambda: casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")  # type: ignore[assignment,return-value]
    d.tick()
    assert having(d, MANAGER) == set()


class ObjectRefused(TeamTarget):
    """Gives rights, but lets nobody have the object whom it does not like."""

    def _transfer(self, each: Transfer) -> Receipt:
        if each.successor.number == MANAGER:
            return Receipt.refused("validation", "a rule of the org refuses this owner")
        return super()._transfer(each)


@pytest.mark.parametrize("way", ["retract", "undo"])
def test_what_was_given_for_an_object_that_never_arrived_comes_back_too(desk: Make, way: str) -> None:
    d = desk(ObjectRefused)
    case = agreed(d)
    d.tick()
    d.tick()
    assert having(d, MANAGER) == {TEAM}, "as long as it may still arrive"
    if way == "undo":
        with pytest.raises(ApprovalError, match="nothing"):
            undoing.undo(d.hub, case.id, HR, "not this one", [right(d, case).id])
        undone = undoing.undo(d.hub, case.id, HR, "wrong")
        assert (len(undone.items), undone.rights) == (0, 1)
    else:
        casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    d.tick()
    assert (having(d, MANAGER), having(d, LEAVER)) == (set(), {TEAM, "discounts"})
    d.tick()
    assert order(d) == [("given", MANAGER), ("taken", MANAGER)]


def test_whoever_is_named_no_more_loses_what_they_were_given(desk: Make) -> None:
    d = desk(ObjectRefused)
    case = agreed(d)
    d.tick()
    d.tick()
    client = next(item for item in d.items(case) if item.ref == TeamTarget.object)
    d.say(case, [client], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.agree(case)
    last_day(d)
    d.tick()
    d.tick()
    assert d.holder(TeamTarget.object) == SUCCESSOR
    assert [having(d, number) for number in (MANAGER, SUCCESSOR, LEAVER)] == [set(), {TEAM}, set()]
    d.tick()
    assert order(d).count(("taken", MANAGER)) == 1


def test_whoever_is_named_again_is_given_it_again(desk: Make) -> None:
    d = desk(ObjectRefused)
    case = agreed(d)
    d.tick()
    d.tick()
    for who in (SUCCESSOR, MANAGER):
        client = next(item for item in d.items(case) if item.ref == TeamTarget.object)
        d.say(case, [client], Act.NAME, MANAGER, Role.MANAGER, successor=who)
        d.tick()
    assert having(d, MANAGER) == set()
    d.agree(case)
    d.tick()
    d.tick()
    assert having(d, MANAGER) == {TEAM}


def hiding(d: Desk, number: str) -> None:
    target = d.target()
    assert isinstance(target, HidingTarget)
    target.hidden = number


def test_who_may_not_be_asked_about_keeps_only_their_own_rights_unproven(desk: Make) -> None:
    d = desk(HidingTarget)
    agreed(d)
    d.tick()
    last_day(d)
    d.tick()
    with d.hub.database.read() as connection:
        done = d.hub.effects.read(connection, effects.c.job == JOB, effects.c.state == EffectState.DONE.value)
    taken = {effect.key for effect in done if effect.action is HandoverAction.REVOKE}
    given = {effect.key for effect in done if effect.action in (HandoverAction.ENTITLE, HandoverAction.TRANSFER)}
    assert (len(taken), len(given)) == (2, 2)
    hiding(d, LEAVER)
    proofs = read_back(d.hub, done)
    assert proofs.shown == dict.fromkeys(given, True)
    assert LEAVER in proofs.unread["crm"]
    assert MANAGER not in proofs.unread["crm"]
    hiding(d, "")
    assert read_back(d.hub, done) == Proofs(dict.fromkeys(taken | given, True))


def test_a_successor_who_may_not_be_asked_about_is_told_in_time_and_keeps_nobody_waiting(desk: Make) -> None:
    d = desk(HidingTarget)
    case = agreed(d)
    client = next(item for item in d.items(case) if item.ref == TeamTarget.object)
    hiding(d, MANAGER)
    entitling = Entitling(d.hub, [*d.items(case), replace(client, successor=SUCCESSOR)])
    with d.hub.database.read() as connection:
        handed, wanted = entitling.of(connection, right(d, case), d.hub.clock.now())
    assert (handed, [each.fields["person_number"] for each in wanted]) == (Handed.FAILED, [SUCCESSOR])
    assert d.tick().blocked == 1
    assert (right(d, case).state, right(d, case).code) == (ItemState.STUCK, NOT_GIVEN)
    last_day(d)
    d.tick()
    assert having(d, LEAVER) == set()
