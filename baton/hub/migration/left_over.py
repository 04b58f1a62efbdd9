"""What the earlier rollbacks of a run have left: a further one tries nothing else, for people have gone on since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
import sqlalchemy as sa

from baton.errors import BatonError
from baton.hub.core import Hub
from baton.hub.migration.outcomes import refused_rows
from baton.jobs.migration.planning import ACTION, Need
from baton.jobs.migration.transform import ROW
from baton.model.effect import EffectState
from baton.store.moves import Move
from baton.store.staging import Stage, Staged
from baton.store.tables import effects

TAKEN_BACK: Final = "taken_back"
"""Figure of a rollback: how many records earlier ones had taken back: it reads them, and leaves them as they are."""
AGAIN: Final = "again"
"""Fact of a rollback that tries what earlier ones had taken back once more, as a person has asked: true."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What one ended rollback says of the segments of the run that it undid."""

    run_id: str
    states: dict[int, str]
    """The state of each segment that it had something to do with."""
    outcomes: dict[int, Staged]
    """What became of the records of a segment, of those that were tried to the end."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """The rollbacks of one run before another (or before the next one), the newest first."""

    hub: Hub
    rollbacks: Sequence[Earlier] = ()

    @classmethod
    def of(cls, hub: Hub, connection: sa.Connection, run_id: str, before: str = "") -> LeftOver:
        """Those of a migration ``before`` this one of them (empty: all). Their order is that of their effects.

        `BatonError` (``purged``) where the staged records of one are deleted: nobody knows any more what it has left.
        """
        undoing = hub.moves.undoing(connection, run_id)
        query = sa.select(effects.c.run_id, effects.c.number, effects.c.version, effects.c.state)
        states: dict[str, dict[int, str]] = {}
        versions: dict[str, int] = {}
        for row in connection.execute(query.where(effects.c.run_id.in_(undoing))):
            states.setdefault(row.run_id, {})[int(row.number.rpartition("/")[2])] = row.state
            versions[row.run_id] = max(row.version, versions.get(row.run_id, 0))
        names = sorted(versions, key=versions.__getitem__, reverse=True)
        if before:
            names = [name for name in names if versions[name] < versions.get(before, 0)]
        for name in names:
            _require_kept(hub, connection, name)
        of_all = [Earlier(name, states[name], hub.staging.of(connection, name, Stage.OUTCOME)) for name in names]
        return cls(hub, of_all)

    @classmethod
    def to(cls, hub: Hub, connection: sa.Connection, move: Move) -> LeftOver:
        """What has been left to a rollback; to one that tries all once more (`AGAIN`), and to a migration, everything.

        `BatonError` as `of`.
        """
        if move.undoes is None or move.facts.get(AGAIN):
            return cls(hub)
        return cls.of(hub, connection, move.undoes, before=move.run_id)

    @classmethod
    def unknown(cls, hub: Hub, connection: sa.Connection, run_id: str) -> bool:
        """Whether the staged records of a rollback of this migration are deleted (see `of`)."""
        return any(_deleted(hub, connection, name) for name in hub.moves.undoing(connection, run_id))

    def rows(self, number: int) -> pl.Series | None:
        """The rows of a segment that are still to be taken back; None for all: nothing is known to be taken back.

        A record that was only read back otherwise afterwards is not among them: it may be as migrated because somebody
        has entered it again. Whether to try it all the same is for a person to say (`AGAIN`).
        """
        for each in self.rollbacks:
            outcome = each.outcomes.get(number)
            if outcome is not None:
                return refused_rows(self.hub.staging.read(outcome))
            # A segment it had nothing to do with had nothing to be taken back; one may be done by a person's word.
            if each.states.get(number, EffectState.DONE.value) == EffectState.DONE.value:
                return refused_rows(None)
        return None

    def figures(self, segment: Staged) -> Counter[str]:
        """Of a segment's records: ``rows`` to be tried, by what each had needed, and how many are `TAKEN_BACK`."""
        rows = self.rows(segment.number)
        if rows is None:
            facts = {need.value: segment.facts.get(need.value, 0) for need in (Need.INSERT, Need.UPDATE)}
            return Counter({"rows": segment.row_count, **facts})
        planned = self.hub.staging.read(segment, [ROW, ACTION]).filter(pl.col(ROW).is_in(rows.implode()))
        # The oldest of them has tried all that was ours.
        kept = [each.outcomes[segment.number] for each in self.rollbacks if segment.number in each.outcomes]
        taken_back = sum(kept[-1].facts.values()) - rows.len() if kept else 0
        return Counter({"rows": rows.len(), **Counter(planned.get_column(ACTION).to_list()), TAKEN_BACK: taken_back})


def _require_kept(hub: Hub, connection: sa.Connection, name: str) -> None:
    move = _deleted(hub, connection, name)
    if move is not None:
        raise BatonError(
            f"what {name} has left is not known any more: its staged records were deleted at {move.purged_at:%Y-%m-%d}",
            code="purged",
            remedy=(
                "set right by hand what it has left; or, if what people have entered since just as it was migrated may "
                f"go as well: baton migrate rollback {move.undoes} --again"
            ),
        )


def _deleted(hub: Hub, connection: sa.Connection, name: str) -> Move | None:
    move = hub.moves.get(connection, name)
    return None if move is None or move.purged_at is None else move
