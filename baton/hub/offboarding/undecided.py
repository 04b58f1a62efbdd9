"""Whose leaving nobody has let go yet: it is held at the gate with too many others, or a person has rejected it.

What the gate keeps from accounts it keeps from handovers, too: the schedule opens no case by such a word, takes over no
earlier day from it, and reopens nothing. It goes on by itself once the run is released; HR's correction ends it as if
nothing had been. Who is on ``hub.protected`` is in no held run (any more): the schedule leaves them alone for as long
as no person has opened a case. A person who opens one, or an emergency, waits for none of this; who has no account that
a run could take is in no held run either, and goes on.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from baton.errors import BatonError
from baton.hub.core import SYNC_JOB, Hub
from baton.store.held_back import held_by, rejected

REJECTED: Final = ""
"""Stands in the place of the run that holds somebody, once a person has rejected what it said of them."""
PROTECTED: Final = "hub.protected"
"""Stands in the place of the run of whom the settings protect: a person decides on whether they leave."""
_PROTECTED: Final = (
    "{count} on the list leave, or leave earlier, by HR's data: no case is opened for them, and no earlier last day "
    "taken over ({numbers}); who does leave: baton offboard open NUMBER (to be taken off the list opens no case by "
    "itself for who left over 31 days ago)"
)
_SHOWN_PEOPLE: Final = 10
_HELD: Final = (
    "{count} who leave by HR's data wait with this held run: no case is opened for them, and no earlier last day taken "
    "over; look at baton effects {run} --state held, then baton release {run} or baton reject {run}; "
    "who must be out meanwhile: baton offboard open NUMBER --cause emergency"
)


@dataclass
class Waiting:
    """Whom the schedule has left alone, by employee number."""

    held: dict[str, list[str]] = field(default_factory=dict)
    """Held run -> who waits with it."""
    rejected: list[str] = field(default_factory=list)
    """Of whom a person has rejected what HR said last."""
    protected: list[str] = field(default_factory=list)
    """Who is on ``hub.protected`` and has no case that a person has opened, or opened again."""

    def note(self, found: Mapping[str, str]) -> None:
        """Add what `undecided` has found."""
        for number, run_id in found.items():
            known = {REJECTED: self.rejected, PROTECTED: self.protected}
            insort(known[run_id] if run_id in known else self.held.setdefault(run_id, []), number)

    def troubles(self) -> dict[str, str]:
        """Held run, or the list -> how many wait by it and what to do. What was rejected is decided, and no trouble."""
        found = {run_id: _HELD.format(count=len(numbers), run=run_id) for run_id, numbers in self.held.items()}
        if self.protected:
            found[PROTECTED] = _PROTECTED.format(count=len(self.protected), numbers=first_few(self.protected))
        return found


def first_few(numbers: Sequence[str]) -> str:
    """The first of these people, to be read: "0010, 0011 …"."""
    return ", ".join(numbers[:_SHOWN_PEOPLE]) + (" …" if len(numbers) > _SHOWN_PEOPLE else "")


def undecided(hub: Hub, connection: sa.Connection, numbers: Sequence[str]) -> dict[str, str]:
    """Those of these people from whom nothing may be taken yet by what HR says last, with the run that holds it.

    In its place stands `REJECTED` or `PROTECTED`.

    Read them, and what HR says of them, before this: a plan stores and holds it in one transaction. However often later
    runs repeat the word, it stays held by the run that took it up, or by the one that replaced that. Emergency leavers
    are out by their case, not by HR: they are never among them. A few statements for all of them, none for nobody.
    """
    if not numbers:
        return {}
    held = held_by(connection, SYNC_JOB)  # first: what is rejected in between is found below
    found = {number: held[number] for number in numbers if number in held}
    left = [number for number in numbers if number not in found]
    found |= dict.fromkeys(rejected(connection, list(hub.settings.systems), left), REJECTED)
    found |= dict.fromkeys(_protected(hub, connection, [number for number in left if number not in found]), PROTECTED)
    out = hub.barred(connection) if found else frozenset()
    return {number: run_id for number, run_id in found.items() if number not in out}


def _protected(hub: Hub, connection: sa.Connection, numbers: Sequence[str]) -> set[str]:
    asked = set(hub.settings.hub.protected).intersection(numbers)
    return asked - hub.caseload.by_persons(connection, sorted(asked)) if asked else asked


def require_decided(hub: Hub, connection: sa.Connection, number: str) -> None:
    """Raise `BatonError` (``undecided``) where what HR says last of somebody must not take anything from them yet."""
    run_id = undecided(hub, connection, [number]).get(number)
    if run_id is not None:
        why = {REJECTED: "was rejected", PROTECTED: "ends nothing: they are on hub.protected"}
        message = f"what HR says last of {number} {why.get(run_id, f'is held by {run_id}')}"
        raise BatonError(message, code="undecided", remedy="decide on the run, or open the case by hand")
