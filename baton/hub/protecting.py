"""Whose accounts the settings protect: whether all of them are there, and what was planned before they were.

A slip in a number protects nobody. Who comes onto the list is on it for what is planned already, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from baton.contracts import Finding
from baton.hub.core import PLANNING, SYNC_JOB, Hub
from baton.model.effect import LATEST_COPY, EffectState
from baton.store.tables import effects


def examine_protected(hub: Hub) -> Iterator[Finding]:
    """A finding on ``hub.protected``, if anybody is on it. Until all were looked at that is no fault."""
    protected = hub.settings.hub.protected
    if not protected:
        return
    with hub.database.read() as connection:
        nobody = _nobodys(hub, connection)
    if nobody:
        named = ", ".join(repr(number[:40]) for number in nobody[:10])
        more = f" and {len(nobody) - 10} more" if len(nobody) > 10 else ""
        detail = f"nobody has the employee number {named}{more}: so no account is protected by it"
        remedy = "write each number as HR does, with its zeros (12 is not 0012), or take it off"
        yield Finding("hub.protected", False, detail, remedy)
    else:
        yield Finding("hub.protected", True, f"{len(protected)} people keep their accounts")


def notes(hub: Hub, connection: sa.Connection) -> list[str]:
    """What a run says of it; the numbers themselves are told by doctor."""
    count = len(_nobodys(hub, connection))
    if not count:
        return []
    numbers = "1 number in hub.protected is nobody's, and protects"
    if count > 1:
        numbers = f"{count} numbers in hub.protected are nobody's, and protect"
    return [f"{numbers} no account: see baton doctor"]


def spare(hub: Hub, system: str) -> None:
    """Give up what was planned to be taken there from people who are protected by now; the next run plans them anew.

    Nothing of it is sent anyway (`Scope.kept`), but it would stand in the way of what is wanted. Of what was in doubt
    once a late copy may still arrive: it stays for a while, as everywhere. Does nothing where nobody is protected.
    """
    protected = sorted(set(hub.settings.hub.protected))
    if not protected:
        return
    late = sa.and_(effects.c.doubted, effects.c.updated_at > hub.clock.now() - LATEST_COPY)
    query = sa.select(effects.c.key, effects.c.number).where(
        *(effects.c.job == SYNC_JOB, effects.c.system == system, effects.c.number.in_(protected)),
        *(effects.c.state == EffectState.PLANNED.value, effects.c.destructive, sa.not_(late)),
    )
    with hub.database.read() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)  # a sync that is being planned would store them as planned after it
        found = {row.key: row.number for row in connection.execute(query)}
        gone = hub.effects.cancel_keys(connection, sorted(found), why="protected", absent=found)
        hub.links.mark_dirty(connection, system, sorted({found[key] for key in gone}))


def _nobodys(hub: Hub, connection: sa.Connection) -> Sequence[str]:
    """Who on the list is nobody. None before a feed of every source was approved: runs for a few make few known."""
    protected = list(dict.fromkeys(hub.settings.hub.protected))
    looked_at = all(hub.runs.approved_feed(connection, source.name) for source in hub.sources())
    if not protected or not looked_at or not hub.people.count(connection):
        return []
    known = hub.people.statuses(connection, protected)
    return [number for number in protected if number not in known]
