"""What later runs have brought into the same collection: it is no surplus, though an earlier run did not plan it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from baton.contracts import Collection, RecordTarget
from baton.hub.core import Hub
from baton.jobs.migration.planning import ACTION, Need
from baton.jobs.migration.reading import fetched
from baton.records.types import frame_schema
from baton.store.moves import Move
from baton.store.staging import Stage, Staged

_KEYS_AT_ONCE: Final = 50_000


def brought_since(hub: Hub, move: Move, created_at: datetime) -> pl.DataFrame | None:
    """The keys of the records that later runs have planned to insert; those not begun or taken back are left out.

    None where nobody can say any more: one of them wrote, and its staged records are deleted.
    """
    found: list[Staged] = []
    with hub.database.read() as connection:
        for later in hub.moves.later(connection, move, created_at):
            if not hub.moves.begun(connection, later) or hub.moves.undoing(connection, later):
                continue
            other = hub.moves.get(connection, later)
            if other is None or other.purged_at is not None:
                return None
            found += hub.staging.of(connection, later, Stage.PLAN).values()
    keys = [pl.DataFrame(schema=frame_schema(move.fields, move.key))]
    for segment in found:
        planned = hub.staging.read(segment, [*move.key, ACTION])
        keys.append(planned.filter(pl.col(ACTION) == Need.INSERT.value).select(move.key))
    return pl.concat(keys).unique(maintain_order=True)


def still_there(target: RecordTarget, collection: Collection, keys: pl.DataFrame) -> int:
    """How many of these records the target has."""
    parts = keys.iter_slices(_KEYS_AT_ONCE) if keys.height else ()
    return sum(fetched(target, collection, part, keys.columns).height for part in parts)
