"""A handover judged by what was read back before and after it, and by who has said that they take what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from baton.sandbox.demo.belongings import Thing
from baton.sandbox.demo.holders import Sighting
from baton.sandbox.demo.seen import SYSTEMS
from baton.sandbox.demo.story import HANDING_OVER
from baton.sandbox.demo.tables import table


@dataclass(frozen=True)
class Passing:
    """What must have become of everything."""

    before: Sighting
    after: Sighting
    agreed: Mapping[tuple[str, str], str]
    """Thing -> who has accepted it last."""
    left: Thing
    """What stays with the leaver."""

    @property
    def compared(self) -> int:
        """How many values were held against each other."""
        return len(self._findings)

    def wrong(self) -> list[str]:
        """What is not as it must be."""
        return [
            f"{what}: expected {wanted}, found {found}" for what, wanted, found in self._findings if wanted != found
        ]

    @cached_property
    def _findings(self) -> list[tuple[str, object, object]]:
        return list(chain(self._things(), self._clients(), self._entries()))

    def _things(self) -> Iterator[tuple[str, object, object]]:
        """Exactly one holder each: the one who accepted it."""
        for (system, ref), found in self.after.holders.items():
            holder = (
                HANDING_OVER if (system, ref) == self.left.place else self.agreed.get((system, ref), "an acceptance")
            )
            yield f"{system} {ref}", (holder,), found

    def _clients(self) -> Iterator[tuple[str, object, object]]:
        """Every client of the company: the leaver's moved, everybody else's untouched, none lost, none made."""
        for client in sorted(self.before.clients.keys() | self.after.clients.keys()):
            owner = self.before.clients.get(client, "nobody")
            wanted = self.agreed.get(("crm", f"client/{client}"), owner)
            yield f"owner of {client}", wanted, self.after.clients.get(client, "nobody")

    def _entries(self) -> Iterator[tuple[str, object, object]]:
        """Teams kept; no right and no session left."""
        for entry in sorted(self.before.team | self.after.team):
            yield f"team of {entry[0]}", entry in self.before.team, entry in self.after.team
        yield "rights of the leaver", 0, self.after.rights
        yield "sessions of the leaver", 0, self.after.sessions


def kinds_table(things: Sequence[Thing], before: Sighting, after: Sighting) -> str:
    """A line per system and kind."""
    kinds = dict.fromkeys((thing.system, thing.kind) for thing in things)
    rows = []
    for system, kind in kinds:
        places = [thing.place for thing in things if (thing.system, thing.kind) == (system, kind)]
        held, now = (_shares(places, each) for each in (before, after))
        rows.append([SYSTEMS[system], kind.value, str(len(places)), held, now])
    crm = SYSTEMS["crm"]
    rows.append([crm, "right", str(before.rights), f"{before.rights} {HANDING_OVER}", f"{after.rights} left"])
    rows.append([crm, "session", str(before.sessions), f"{before.sessions} {HANDING_OVER}", f"{after.sessions} left"])
    return table(["system", "kind", "count", "held before", "with whom now"], rows)


def _shares(places: Sequence[tuple[str, str]], sighting: Sighting) -> str:
    """Who has how many of them; what was made later is not there yet."""
    shares = Counter(" and ".join(sighting.holders[place]) for place in places if place in sighting.holders)
    return ", ".join(f"{count} {who}" for who, count in sorted(shares.items())) or "(made meanwhile)"
