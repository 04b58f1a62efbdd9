"""Rights to one object go to who takes the object over before they go from the leaver: given, seen there, taken away.

A right is given as soon as its object has been accepted and approved, so that at the last working moment nothing is
left but to look. What cannot be given is told while there is time (the right is *stuck*); but no right outlives the
last working moment by more than one run because of that, and an emergency waits for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

import sqlalchemy as sa

from baton.contracts import AccessControl
from baton.errors import RejectedError
from baton.hub.core import Hub
from baton.hub.offboarding.intentions import JOB, grant_change
from baton.hub.offboarding.people import refs
from baton.hub.offboarding.unread import noted
from baton.model.account import AccountRef
from baton.model.case import MOVED_AGAIN, Case, Item, ItemState
from baton.model.effect import Effect, EffectState, Intention
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.effects import chunked
from baton.store.tables import effects, runs

NOT_GIVEN: Final = "not_given"
"""The code of a right that a successor should have first, and could not be given."""
_AGREED: Final = (ItemState.APPROVED, ItemState.MOVING, ItemState.DONE)
"""Where an item stands whose successor is certain."""
_ENDED: Final = (ItemState.DONE, ItemState.GONE, ItemState.MOVING)


class Handed(StrEnum):
    """How far a right to one object is with who needs it."""

    YES = "yes"
    """Their system shows that they have it; or nobody needs it."""
    WAITING = "waiting"
    FAILED = "failed"
    """It was refused, or said to be given and is not there; or they have no account, or may not be asked about."""


class Entitling:
    """The rights of one case that somebody needs, and what their systems say about it now: asked when this is made."""

    def __init__(self, hub: Hub, items: Sequence[Item]) -> None:
        self.hub = hub
        self.needed = _needed(items)
        wanted: dict[str, set[str]] = {}
        for item in items:
            if item.id in self.needed:
                wanted.setdefault(item.system, set()).update(self.needed[item.id])
        self.people: dict[tuple[str, str], AccountRef] = {}
        self.having: dict[tuple[str, str], frozenset[str]] = {}
        self.refused: set[tuple[str, str]] = set()
        self.unread: dict[str, str] = {}
        """System -> why it could not be asked."""
        for system, numbers in wanted.items():
            with noted(system, partial(self.unread.__setitem__, system)):
                self._ask(system, sorted(numbers))

    def _ask(self, system: str, numbers: Sequence[str]) -> None:
        """Which rights these people have. A system that cannot be asked is asked by the next run: everybody waits.

        Who may not be asked about cannot be given anything either: that is told, and keeps nobody else waiting.
        """
        connector = self.hub.connector(system)
        if not isinstance(connector, AccessControl):
            return
        for number, person in refs(self.hub, system, numbers).items():
            try:
                grants = connector.grants(person) if person.external_id else ()
            except RejectedError:
                self.refused.add((system, number))
                continue
            self.having[system, number] = frozenset(grant.id for grant in grants)
            self.people[system, number] = person

    def of(self, connection: sa.Connection, item: Item, now: datetime) -> tuple[Handed, list[Intention]]:
        """How far one right is with those who need it, and what has to be given to them now."""
        told, wanted = [Handed.YES], []
        for number in self.needed.get(item.id, ()):
            place = (item.system, number)
            if place in self.refused:
                told.append(Handed.FAILED)
            elif place not in self.having:
                told.append(Handed.WAITING)
            elif item.ref.external_id not in self.having[place]:
                change = grant_change(item, HandoverAction.ENTITLE, self.people[place], now)
                told.append(self._under_way(connection, change))
                if told[-1] is Handed.YES:
                    wanted.append(change)
                    told[-1] = Handed.WAITING
        worst = (Handed.FAILED, Handed.WAITING, Handed.YES)
        return next(each for each in worst if each in told), wanted

    def _under_way(self, connection: sa.Connection, change: Intention) -> Handed:
        """What became of giving a right that is not there; `Handed.YES` where it can be given (again) now."""
        if not change.fields.get("person_id"):
            return Handed.FAILED
        known = self.hub.effects.read(
            connection,
            effects.c.job == JOB,
            effects.c.system == change.system,
            effects.c.number == change.number,
        )
        newest = max(known, key=lambda effect: effect.version, default=None)
        if newest is not None and newest.state.open:
            return Handed.WAITING
        if newest is None or newest.action is not HandoverAction.ENTITLE or newest.state is EffectState.SUPERSEDED:
            return Handed.YES
        return Handed.FAILED


def _takers(items: Sequence[Item]) -> Mapping[tuple[str, str], set[str]]:
    """(system, object) -> who takes over that object, or something that belongs to it."""
    takers: dict[tuple[str, str], set[str]] = {}
    for item in items:
        if item.kind is not HoldingKind.GRANT and item.state in _AGREED and item.successor:
            for ref in {item.ref, item.about} - {None}:
                takers.setdefault((item.system, str(ref)), set()).add(item.successor)
    return takers


def _needed(items: Sequence[Item]) -> Mapping[int, Sequence[str]]:
    """Number of a right to one object -> who needs it before it goes from the leaver."""
    takers = _takers(items)
    rights = [item for item in items if item.kind is HoldingKind.GRANT and item.state not in _ENDED]
    about = {item.id: (item.system, str(item.about)) for item in rights if item.about is not None}
    return {number: sorted(takers[place]) for number, place in about.items() if place in takers}


def passed_by_others(item: Item) -> bool:
    """Whether a thing went from the leaver without us: nobody here knows who of those once named has it."""
    return item.kind is not HoldingKind.GRANT and (item.state is ItemState.GONE or item.code == MOVED_AGAIN)


def no_longer_needed(hub: Hub, connection: sa.Connection, case: Case, coming_back: Collection[int]) -> list[Intention]:
    """Taking from successors the rights that this case has given them, where nothing that needs them stays there.

    Rights to what others have passed on stay: whoever has it would lose what they need for it. So do those that
    another case relies on: it gave its successor nothing that they had already.
    """
    items = hub.cases.items(connection, case.id)
    staying = [item for item in items if item.id not in coming_back]
    takers = _takers(staying)
    unknown = {(item.system, str(ref)) for item in staying if passed_by_others(item) for ref in (item.ref, item.about)}
    about = {(item.system, item.ref.external_id): str(item.about) for item in items if item.kind is HoldingKind.GRANT}
    given = given_to_others(hub, connection, case, EffectState.DONE)
    numbers = {effect.key: str(effect.fields["person_number"]) for effect in given}
    elsewhere = hub.caseload.relied_on(connection, case.id, numbers.values())
    now = hub.clock.now()
    found = []
    for effect in given:
        if effect.system not in hub.settings.systems:
            continue  # nothing can be taken there; once it is back, it is looked at again
        place = (effect.system, about.get((effect.system, str(effect.fields["grant_id"])), ""))
        number = numbers[effect.key]
        kept = place in unknown or number in takers.get(place, ()) or (*place, number) in elsewhere
        if not kept:
            found.append(Intention(effect.system, effect.number, HandoverAction.REVOKE, now, effect.fields))
    return found


def given_to_others(hub: Hub, connection: sa.Connection, case: Case, *states: EffectState) -> list[Effect]:
    """Rights that this case has given (or is about to give) to successors and has not taken back; in these states."""
    of_case = sa.select(effects.c.key).join(runs, runs.c.id == effects.c.run_id).where(runs.c.requested_by == case.id)
    changes = [HandoverAction.ENTITLE.value, HandoverAction.REVOKE.value]
    ended_without = [EffectState.REFUSED.value, EffectState.SUPERSEDED.value]
    made = (effects.c.action.in_(changes), effects.c.state.not_in(ended_without))
    known = hub.effects.read(connection, effects.c.key.in_(of_case), *made)
    newest: dict[tuple[str, str], Effect] = {}
    for effect in sorted(known, key=lambda effect: effect.version):
        newest[effect.system, effect.number] = effect
    return [
        effect
        for effect in newest.values()
        if effect.action is HandoverAction.ENTITLE
        and effect.state in states
        and effect.fields["person_number"] != case.number
    ]


def taking_refused(hub: Hub, connection: sa.Connection, wanted: Sequence[Intention]) -> dict[tuple[str, str], Effect]:
    """(system, what it is about) -> the refusal, for those of these takings that have been refused the last time."""
    newest: dict[tuple[str, str], Effect] = {}
    for system in {what.system for what in wanted}:
        for numbers in chunked([what.number for what in wanted if what.system == system]):
            where = (effects.c.job == JOB, effects.c.system == system, effects.c.number.in_(numbers))
            for effect in sorted(hub.effects.read(connection, *where), key=lambda effect: effect.version):
                newest[system, effect.number] = effect
    refused = (HandoverAction.REVOKE, EffectState.REFUSED)
    return {place: effect for place, effect in newest.items() if (effect.action, effect.state) == refused}


def waiting_for_a_person(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    """Those of these cases in which a right could not be given."""
    query = (
        sa.select(runs.c.requested_by)
        .join(effects, effects.c.run_id == runs.c.id)
        .where(
            effects.c.job == JOB,
            effects.c.action == HandoverAction.ENTITLE.value,
            effects.c.state == EffectState.REFUSED.value,
            runs.c.requested_by.in_(ids),
        )
    )
    return set(connection.execute(query.distinct()).scalars())
