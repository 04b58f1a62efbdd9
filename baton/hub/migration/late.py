"""Which segments a late copy of an earlier request may still reach: what is taken back there waits until that is over.

A write of records names the state it expects, so a copy that arrives late is refused by what has changed since; but a
record that was taken back is again in the state the copy expects. Only a request whose answer was lost can have a copy
under way: a segment that was sent more than once, or whose only try has not ended well.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from baton.model.effect import LATEST_COPY, EffectState
from baton.store.tables import effects


def late_until(connection: sa.Connection, run_id: str) -> dict[str, datetime]:
    """Name of a segment's effect -> until when a copy of a request of this run may arrive; the others are left out."""
    doubtful = sa.or_(effects.c.attempts > 1, effects.c.state != EffectState.DONE.value)
    query = sa.select(effects.c.number, effects.c.updated_at).where(
        effects.c.run_id == run_id, effects.c.attempts > 0, doubtful
    )
    return {row.number: row.updated_at + LATEST_COPY for row in connection.execute(query)}


def waiting_until(connection: sa.Connection, run_id: str, now: datetime) -> datetime | None:
    """When the last segment of a run that waits for its time may be written; None when none waits."""
    query = sa.select(sa.func.max(effects.c.due_at)).where(
        effects.c.run_id == run_id, effects.c.state == EffectState.PLANNED.value, effects.c.due_at > now
    )
    until: datetime | None = connection.execute(query).scalar_one()
    return until
