"""What runs have brought of what they planned; what later ones have is no surplus, though this one did not plan it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import polars as pl

from baton.contracts import Collection, RecordTarget
from baton.hub.core import Hub
from baton.hub.migration.outcomes import OUTCOME_SCHEMA
from baton.jobs.migration.planning import ACTION, Need
from baton.jobs.migration.reading import fetched
from baton.jobs.migration.transform import ROW
from baton.model.account import Outcome
from baton.records.types import frame_schema
from baton.store.moves import Move
from baton.store.staging import Stage, Staged

_KEYS_AT_ONCE: Final = 50_000


def brought_since(hub: Hub, move: Move, created_at: datetime) -> pl.DataFrame | None:
    """The keys of the records that later runs have inserted, or still may; runs not begun or taken back are left out.

    None where nobody can say any more: one of them wrote, and its staged records are deleted.
    """
    found: dict[str, Mapping[int, Staged]] = {}
    with hub.database.read() as connection:
        for later in hub.moves.later(connection, move, created_at):
            if not hub.moves.begun(connection, later) or hub.moves.undoing(connection, later):
                continue
            other = hub.moves.get(connection, later)
            if other is None or other.purged_at is not None:
                return None
            found[later] = hub.staging.of(connection, later, Stage.PLAN)
    keys = [pl.DataFrame(schema=frame_schema(move.fields, move.key))]
    for later, segments in found.items():
        for _, brought in planned_and_brought(hub, later, segments, move.key):
            keys.append(brought.filter(pl.col(ACTION) == Need.INSERT.value).select(move.key))
    return pl.concat(keys).unique(maintain_order=True)


def planned_and_brought(
    hub: Hub, run_id: str, segments: Mapping[int, Staged], key: Sequence[str]
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Of each segment of a run the records it has planned (`ROW`, key, `ACTION`), and which of them it has brought.

    Not brought is what the target refused, and of a segment that was called back unsent all but what was there
    already: a record that stands under such a key is somebody else's. What is still open counts as brought.
    """
    with hub.database.read() as connection:
        outcomes = hub.staging.of(connection, run_id, Stage.OUTCOME)
        never_sent = hub.moves.never_sent(connection, run_id)
    for number, segment in segments.items():
        said = hub.staging.read(outcomes[number]) if number in outcomes else pl.DataFrame(schema=OUTCOME_SCHEMA)
        refused = said.filter(pl.col("outcome") == Outcome.REFUSED.value).get_column("row")
        planned = hub.staging.read(segment, [ROW, *key, ACTION])
        brought = planned.filter(~pl.col(ROW).is_in(refused.implode()))
        if number in never_sent:
            brought = brought.filter(pl.col(ACTION) == Need.NOTHING.value)
        yield planned, brought


def still_there(target: RecordTarget, collection: Collection, keys: pl.DataFrame) -> int:
    """How many of these records the target has."""
    parts = keys.iter_slices(_KEYS_AT_ONCE) if keys.height else ()
    return sum(fetched(target, collection, part, keys.columns).height for part in parts)
