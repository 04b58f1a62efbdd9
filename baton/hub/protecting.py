"""Whether everybody whose accounts the settings protect is there: a slip in a number protects nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from baton.contracts import Finding
from baton.hub.core import Hub


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


def _nobodys(hub: Hub, connection: sa.Connection) -> Sequence[str]:
    """Who on the list is nobody. None before a feed of every source was approved: runs for a few make few known."""
    protected = list(dict.fromkeys(hub.settings.hub.protected))
    looked_at = all(hub.runs.approved_feed(connection, source.name) for source in hub.sources())
    if not protected or not looked_at or not hub.people.count(connection):
        return []
    known = hub.people.statuses(connection, protected)
    return [number for number in protected if number not in known]
