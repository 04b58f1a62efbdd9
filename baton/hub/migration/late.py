"""What a late copy of an earlier request may still undo: to write there waits until that is over.

A write of records names the state it expects, so a copy that arrives late is refused by what has changed since; but a
record that was taken back is again in the state the copy of a load expects, and one that is migrated anew in the state
the copy of a rollback expects. Only a request whose answer was lost can have a copy under way: a segment that was sent
more than once, or whose only try has not ended well.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from baton.model.effect import LATEST_COPY, EffectState
from baton.store.tables import effects, migrations

_DOUBTFUL = sa.and_(effects.c.attempts > 0, sa.or_(effects.c.attempts > 1, effects.c.state != EffectState.DONE.value))


def late_until(connection: sa.Connection, run_id: str) -> dict[str, datetime]:
    """Name of a segment's effect -> until when a copy of a request of this run may arrive; the others are left out."""
    query = sa.select(effects.c.number, effects.c.updated_at).where(effects.c.run_id == run_id, _DOUBTFUL)
    return {row.number: row.updated_at + LATEST_COPY for row in connection.execute(query)}


def undone_until(connection: sa.Connection, target: str, collection: str) -> datetime | None:
    """Until when a copy of a request that took records of this collection back may arrive; None when none ever may.

    It expects the records just as they were migrated, and that is how the next migration makes them.
    """
    query = (
        sa.select(sa.func.max(effects.c.updated_at))
        .join(migrations, migrations.c.run_id == effects.c.run_id)
        .where(
            migrations.c.target == target,
            migrations.c.collection == collection,
            migrations.c.undoes.is_not(None),
            _DOUBTFUL,
        )
    )
    latest: datetime | None = connection.execute(query).scalar_one()
    return None if latest is None else latest + LATEST_COPY


def waiting_until(connection: sa.Connection, run_id: str, now: datetime) -> datetime | None:
    """When the last segment of a run that waits for its time may be written; None when none waits."""
    query = sa.select(sa.func.max(effects.c.due_at)).where(
        effects.c.run_id == run_id, effects.c.state == EffectState.PLANNED.value, effects.c.due_at > now
    )
    until: datetime | None = connection.execute(query).scalar_one()
    return until
