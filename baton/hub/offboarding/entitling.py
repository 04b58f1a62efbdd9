"""Rights to one object go to who takes the object over before they go from the leaver: given, seen there, taken away.

A right is given as soon as its object has been accepted and approved, so that at the last working moment nothing is
left but to look. What cannot be given is told while there is time (the right is *stuck*); but no right outlives the
last working moment by more than one run because of that, and an emergency waits for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

import sqlalchemy as sa

from baton.contracts import AccessControl
from baton.errors import RejectedError
from baton.hub.core import Hub
from baton.hub.offboarding.intentions import JOB, grant_change
from baton.hub.offboarding.needing import AGREED, needed_by
from baton.hub.offboarding.people import refs
from baton.hub.offboarding.unread import noted
from baton.model.account import AccountRef
from baton.model.case import Item, ItemState
from baton.model.effect import EffectState, Intention
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.tables import effects, runs

NOT_GIVEN: Final = "not_given"
"""The code of a right that a successor should have first, and could not be given."""
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
        self.going = self._going(sorted(wanted))
        """(system, what the effect is about): rights whose taking could not be called back. Read before it is asked."""
        for system, numbers in wanted.items():
            with noted(system, partial(self.unread.__setitem__, system)):
                self._ask(system, sorted(numbers))

    def _going(self, systems: Sequence[str]) -> set[tuple[str, str]]:
        with self.hub.database.read() as connection:
            return self.hub.caseload.being_taken(connection, JOB, systems) if systems else set()

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
            else:
                change = grant_change(item, HandoverAction.ENTITLE, self.people[place], now)
                if item.ref.external_id in self.having[place]:
                    # What may go at any moment is given anew before it goes from the leaver.
                    told.append(Handed.WAITING if (change.system, change.number) in self.going else Handed.YES)
                elif (handed := self._under_way(connection, change)) is Handed.YES:
                    wanted.append(change)
                    told.append(Handed.WAITING)
                else:
                    told.append(handed)
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


def _needed(items: Sequence[Item]) -> Mapping[int, Sequence[str]]:
    """Number of a right to one object -> who needs it before it goes from the leaver."""
    takers = needed_by(items, AGREED)
    rights = [item for item in items if item.kind is HoldingKind.GRANT and item.state not in _ENDED]
    about = {item.id: (item.system, str(item.about)) for item in rights if item.about is not None}
    return {number: sorted(takers[place]) for number, place in about.items() if place in takers}


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
