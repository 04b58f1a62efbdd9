"""That a backup was made, as an audit entry: every machine sees it, and nobody can take it back."""

from __future__ import annotations

from datetime import datetime

from baton.hub.core import Hub
from baton.hub.vitals.taking import BACKED_UP
from baton.store.trail import Entry, append


def note_backup(hub: Hub, person: str, why: str) -> datetime:
    """Note it; the moment from which its age counts."""
    now = hub.clock.now()
    with hub.database.write() as connection:
        append(connection, [Entry(kind=BACKED_UP, at=now, body={"by": person, "what": why})])
    return now
