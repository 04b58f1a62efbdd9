"""Bringing cases' lists up to date with every system, and naming successors for what is new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding import taken_out
from baton.hub.offboarding.casework import find_case, locked, step
from baton.hub.offboarding.ended import ended_for_good
from baton.hub.offboarding.intentions import leads_away, side, turned_round
from baton.hub.offboarding.looking import Looked, look, note_switched_off
from baton.hub.offboarding.people import employed
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.proving import Proofs, read_back
from baton.jobs.offboarding.checklist import (
    RETURNED,
    WATCHED,
    Changes,
    Picture,
    compare,
    overtaken,
    picture_digest,
)
from baton.jobs.offboarding.successors import candidates, propose
from baton.model.case import MOVED_AGAIN, READ_BACK, Act, Case, CaseState, Item, ItemState
from baton.model.effect import Effect, EffectState
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.cases import ItemChange
from baton.store.tenures import Passing

_ANSWERED_FOR = (
    HoldingKind.CLIENT,
    HoldingKind.OPPORTUNITY,
    HoldingKind.RECEIVABLE,
    HoldingKind.ORDER,
    HoldingKind.CONTRACT,
)
"""Kinds of which it must be known at any later time who held them when."""
_EXPECTED_HERE = (ItemState.OPEN, ItemState.OFFERED, ItemState.ACCEPTED, ItemState.APPROVED, ItemState.STUCK)
"""Where an item stands that should be with the leaver, as far as we know."""
_TO_BE_COMPLETED = (CaseState.OPEN, CaseState.PAUSED)
_OVERTAKEN = "changed_meanwhile"
"""The code of a transfer that was called back before it was sent, because what was accepted has changed."""


@dataclass
class Refreshed:
    """What a look at all systems has changed on a list."""

    case: Case
    new: int = 0
    renewed: int = 0
    gone: int = 0
    named: int = 0
    unread: Mapping[str, str] = field(default_factory=dict)
    outdated: bool = False
    """True when somebody else has written a look of their own meanwhile: this one was thrown away."""


def refresh(hub: Hub, case_id: str) -> Refreshed:
    """Look everywhere, then write the differences in one transaction. A retracted case is left as it is."""
    case = find_case(hub, case_id)
    return refresh_all(hub, [case])[case.id]


def refresh_all(
    hub: Hub,
    listed: Sequence[Case],
    apart: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> dict[str, Refreshed]:
    """The same for several cases, by id: all systems are read once for everybody, each list is written by itself.

    A list that is as it was, of a person whose belongings are as they were, is not even read. ``apart`` is entered for
    every case that has to be written, so that its trouble can end there.
    """
    ended = ended_for_good(hub, listed)
    asked = [case for case in listed if case.state is not CaseState.RETRACTED and case.id not in ended]
    found = {case.id: Refreshed(case) for case in listed}
    if not asked:
        return found
    before = _Before.of(hub, asked)
    looked = look(hub, sorted({case.number for case in asked}))
    note_switched_off(hub, {case.number: looked[case.number] for case in asked if case.state in _TO_BE_COMPLETED})
    hub.crash_point("looked")
    same: list[Case] = []
    for known in asked:
        case = before.cases[known.id]
        one = looked[case.number]
        picture = Picture(one.seen, one.read)
        as_it_was = case.picture and case.picture == picture_digest(case, picture)
        if as_it_was and case.id not in before.outside:
            same.append(case)
            found[case.id] = Refreshed(case, unread=dict(one.unread))
            continue
        with apart(case.id):
            found[case.id] = _compared(hub, case, before, one)
    _note_checked(hub, same)
    return found


@dataclass(frozen=True, slots=True)
class _Before:
    """How things stood when the systems began to be read: what we have done since then makes a look doubtful."""

    cases: Mapping[str, Case]
    moving: frozenset[tuple[str, int]]
    newest_effect: int
    at: datetime
    outside: frozenset[str]
    """The cases that have something in a system that has been taken out of ``systems.yaml``."""

    @classmethod
    def of(cls, hub: Hub, asked: Sequence[Case]) -> _Before:
        ids = [case.id for case in asked]
        with hub.database.write() as connection:  # waits for whoever is planning for one of these cases
            known = hub.cases.locked(connection, ids)
            moving = hub.cases.moving(connection, ids)
            outside = taken_out.concerned(hub, connection, ids)
            return cls(known, moving, hub.effects.newest_id(connection), hub.clock.now(), outside)


def _compared(hub: Hub, known: Case, before: _Before, looked: Looked) -> Refreshed:
    unread = dict(looked.unread)
    late = _arrived_late(hub, known, looked)
    with hub.database.write() as connection:
        case = locked(hub, connection, known.id)
        overwritten = case.picture not in (b"", known.picture) or case.checked_at != known.checked_at
        if overwritten or case.state is CaseState.RETRACTED:
            return Refreshed(case, unread=unread, outdated=overwritten)
        refreshed = _Writing(hub, connection, case, before, late).write(looked)
        hub.crash_point("refreshing")
    hub.crash_point("refreshed")
    return refreshed


@dataclass(frozen=True, slots=True)
class _Late:
    """What was refused or taken back and is no longer with the leaver, and what its system says of it."""

    asked: frozenset[str]
    """Effect keys."""
    proofs: Proofs

    def arrived(self, item: Item) -> bool:
        """Whether it is with its successor after all."""
        return self.proofs.shown.get(item.effect_key, False)

    def unknown(self, item: Item) -> bool:
        """Whether its system could not tell: then it has neither arrived nor gone, as far as anybody knows."""
        return item.effect_key in self.asked and item.effect_key not in self.proofs.shown


def _arrived_late(hub: Hub, case: Case, looked: Looked) -> _Late:
    shown = {(each.system, each.holding.ref) for each in looked.seen}
    with hub.database.read() as connection:
        listed = hub.cases.items(connection, case.id, states=_EXPECTED_HERE)
        away = [item for item in listed if item.system in looked.read and (item.system, item.ref) not in shown]
        effects = hub.effects.by_key(connection, [item.effect_key for item in away if item.effect_key])
    transfers = [each for each in effects.values() if each.action is HandoverAction.TRANSFER]
    proofs = read_back(hub, [each if leads_away(each, case) else turned_round(each) for each in transfers])
    return _Late(frozenset(each.key for each in transfers), proofs)


def _note_checked(hub: Hub, same: Sequence[Case]) -> None:
    """One statement for all lists that are as they were."""
    if same:
        with hub.database.write() as connection:
            hub.cases.note_checked(connection, same, hub.clock.now())


class _Writing:
    """What one look changes on one list, inside one transaction."""

    def __init__(self, hub: Hub, connection: sa.Connection, case: Case, before: _Before, late: _Late) -> None:
        self.hub = hub
        self.connection = connection
        self.case = case
        self.before = before
        self.late = late
        self.now = hub.clock.now()
        self.policy = policy_of(hub, case)
        self.answer_by = self.now + timedelta(hours=self.policy.deadlines.accept_h)
        self.items = {item.id: item for item in hub.cases.items(connection, case.id)}

    def write(self, looked: Looked) -> Refreshed:
        hub, case = self.hub, self.case
        closed = (
            taken_out.close(hub, self.connection, case, self.items.values()) if case.id in self.before.outside else []
        )
        self._keep(closed)
        picture = Picture(looked.seen, looked.read, self._unsure())
        late = overtaken(case, list(self.items.values()), picture)
        halted = self._halted(late)
        picture = Picture(looked.seen, looked.read, picture.unsure, halted)
        first = max(self.items, default=0) + 1
        changes = compare(case, list(self.items.values()), picture, first, self.now)
        unknown = [item for item in changes.gone if self.late.unknown(item)]
        changes.gone = [item for item in changes.gone if not self.late.unknown(item)]
        self._write(changes)
        named = self._name() if case.state is not CaseState.COMPLETED else 0
        case = self._reopened(case)
        # What was left out is looked at again, even if it is as it is now.
        on_its_way = any(item.id not in halted for item in late)
        left_out = picture.unsure or unknown or on_its_way
        digest = b"" if left_out else picture_digest(case, picture)
        case = hub.cases.change(self.connection, case, case.state, checked_at=self.now, picture=digest)
        renewed = len(changes.renewed)
        gone = len(changes.gone) + sum(item.state is ItemState.GONE for item in closed)
        return Refreshed(case, len(changes.new), renewed, gone, named, unread=dict(looked.unread))

    def _unsure(self) -> frozenset[int]:
        """Items that have been on their way since the look began: it may show them where they were, or where they are.

        What has been called back without leaving has not been anywhere.
        """
        hub, moved = self.hub, [item for item in self.items.values() if item.effect_key]
        keys = [item.effect_key for item in moved]
        since = hub.effects.made_after(self.connection, keys, self.before.newest_effect) if keys else set()
        suspects = [
            item
            for item in moved
            if item.state is not ItemState.MOVING
            and (item.effect_key in since or (self.case.id, item.id) in self.before.moving)
        ]
        effects = hub.effects.by_key(self.connection, [item.effect_key for item in suspects])
        never_left = {key for key, effect in effects.items() if effect.state is EffectState.SUPERSEDED}
        return frozenset(item.id for item in suspects if item.effect_key not in never_left)

    def _halted(self, late: Sequence[Item]) -> frozenset[int]:
        """Transfers that have not left yet are called back when what was accepted has changed.

        Some had been called back before, with their case: nobody has taken their items from where they stand since.
        """
        keys = {item.effect_key: item.id for item in late}
        self.hub.effects.cancel_keys(self.connection, list(keys), why=_OVERTAKEN)
        effects = self.hub.effects.by_key(self.connection, list(keys))
        return frozenset(keys[key] for key, each in effects.items() if each.state is EffectState.SUPERSEDED)

    def _write(self, changes: Changes) -> None:
        hub, cases = self.hub, self.hub.cases
        cases.add_items(self.connection, changes.new)
        renewed = [(before, self._asked_anew(after)) for before, after in changes.renewed]
        cases.renew_items(self.connection, renewed)
        appeared = [*changes.new, *(after for _, after in renewed)]
        self._keep(appeared)
        answered_for = [item for item in appeared if item.kind in _ANSWERED_FOR]
        hub.tenures.begin(self.connection, self.case, answered_for, self.now)
        there = [item for item in changes.gone if self.late.arrived(item)]
        gone = [item for item in changes.gone if item not in there]
        effects = hub.effects.by_key(self.connection, [item.effect_key for item in there])
        arrived = [item for item in there if self._as_agreed(item, effects[item.effect_key])]
        self._note_astray([(item, effects[item.effect_key]) for item in there if item not in arrived])
        self._keep(cases.move_items(self.connection, [_ended(item) for item in gone]))
        hub.tenures.end(self.connection, self.case.number, gone, self.now)
        self._keep(cases.move_items(self.connection, [_arrived(item) for item in arrived]))
        passed = [Passing(item, self.case.number, item.successor) for item in arrived]
        hub.tenures.pass_on(self.connection, self.case, passed, self.now)

    def _as_agreed(self, item: Item, effect: Effect) -> bool:
        """Whether what has arrived late is with who has accepted it, and may: another may have been named since."""
        agreed = bool(item.approved_by) and item.successor == side(effect, "successor").number
        return agreed and leads_away(effect, self.case)

    def _note_astray(self, there: Sequence[tuple[Item, Effect]]) -> None:
        """What is with somebody who is not to have it (any more) waits for a person, if none is asked already."""
        news, passed = [], []
        for item, effect in there:
            late = leads_away(effect, self.case)
            holder = side(effect, "successor" if late else "holder").number
            asked = item.state is ItemState.STUCK and not item.successor
            if not asked and item.successor != holder:
                came = "it has gone to {} after all: have it given back there"
                again = "it was taken back, and is with {} again: take it back once more"
                news.append(_astray(item, f"{(came if late else again).format(holder)}, or name {holder}"))
                passed.append(Passing(item, self.case.number, holder))
        self._keep(self.hub.cases.move_items(self.connection, news))
        self.hub.tenures.pass_on(self.connection, self.case, passed, self.now)

    def _asked_anew(self, item: Item) -> Item:
        """Who has to look at a new version has as long as for the first one."""
        return replace(item, due_at=self.answer_by if item.state is ItemState.OFFERED else None)

    def _keep(self, items: Iterable[Item]) -> None:
        self.items.update((item.id, item) for item in items)

    def _name(self) -> int:
        """Offer what nobody is to have yet to whom the policy says."""
        items = list(self.items.values())
        asked = candidates(self.case, self.policy, items)
        absent = asked - employed(self.hub, self.connection, asked)
        offers = [
            ItemChange(self.items[number], ItemState.OFFERED, {"successor": successor, "due_at": self.answer_by})
            for number, successor in propose(self.case, self.policy, items, absent).items()
        ]
        moved = self.hub.cases.move_items(self.connection, offers)
        self._keep(moved)
        return len(moved)

    def _reopened(self, case: Case) -> Case:
        """A completed case on whose list something is open again is open again: in the same transaction."""
        back = [item for item in self.items.values() if not item.state.closed]
        if case.state is not CaseState.COMPLETED or not back:
            return case
        returned = sum(item.code == RETURNED for item in back)
        why = f"drift: {len(back)} items are open again, {returned} of them had been closed"
        return step(self.hub, self.connection, case, Act.REOPEN, "baton", why)


def _ended(item: Item) -> ItemChange:
    """An account or right that is not there any more is what was wanted; anything else has gone without us."""
    if item.kind in WATCHED:
        return ItemChange(item, ItemState.DONE, {"code": READ_BACK, "message": "not there any more"})
    return ItemChange(item, ItemState.GONE, {"code": "gone", "message": "the leaver no longer holds it"})


def _astray(item: Item, message: str) -> ItemChange:
    """By a late copy of the request, or by somebody in the system: nobody here has said that it may be there."""
    unanswered = {"successor": "", "accepted_version": 0, "accepted_by": "", "approved_by": "", "due_at": None}
    return ItemChange(item, ItemState.STUCK, {**unanswered, "code": MOVED_AGAIN, "message": message})


def _arrived(item: Item) -> ItemChange:
    """Late, and with whom it was to be."""
    return ItemChange(item, ItemState.DONE, {"code": READ_BACK, "message": "", "due_at": None})
