"""Taking a migration back: a run of its own, planned from the staged states before; what others changed stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from baton.errors import BatonError
from baton.hub.core import PLANNING, Hub
from baton.hub.migration.late import late_until
from baton.hub.migration.left_over import AGAIN, LeftOver
from baton.hub.migration.planning import JOB
from baton.hub.migration.running import find_move
from baton.hub.migration.succession import require_no_other
from baton.model.effect import OPEN_STATES, EffectState, Intention, RecordAction
from baton.store.effects import Drafted
from baton.store.moves import Move
from baton.store.runs import Run, RunState
from baton.store.staging import Stage, Staged
from baton.store.tables import effects

_NEVER_SENT = (EffectState.PLANNED.value, EffectState.HELD.value, EffectState.SUPERSEDED.value)


def plan_rollback(hub: Hub, run_id: str, requested_by: str, *, again: bool = False) -> Run:
    """Plan the way back of a run; it is carried out and resumed like a migration. What was not sent is cancelled.

    While an earlier rollback of the run is not finished, or where it has left nothing, that one is given back. What it
    has taken back is only read: people may have gone on with it since. ``again``: that is tried once more where it
    still reads just as migrated, whoever has entered it. `BatonError` (``later_run unfinished``) while another run into
    the same collection stands on this one, or has something to do; (``purged``) where nobody knows any more what an
    earlier rollback has left.
    """
    run, move = find_move(hub, run_id)
    if move.undoes:
        raise BatonError(
            f"{run_id} is itself a rollback", code="rollback", remedy=f"migrate again: {move.mapping_file}"
        )
    move.require_kept()
    now = hub.clock.now()
    undo = Run(hub.new_run_id("rollback"), JOB, RunState.READY, requested_by, "", run.feed_digest, now)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        unfinished = _unfinished(hub, connection, run_id)
        if unfinished is not None:
            # Nobody knows what it would have to leave: a person's word lets it go on, or it would stay so for ever.
            if again and LeftOver.unknown(hub, connection, run_id):
                hub.moves.note(connection, unfinished.id, **{AGAIN: True})
            return unfinished
        _require_newest(hub, connection, run, move)
        require_no_other(connection, move.target, move.collection, but=[run_id])
        late = late_until(connection, run_id)
        hub.effects.cancel(connection, run_id, why="rolled_back")
        touched = _touched(connection, run_id)
        planned = hub.staging.of(connection, run_id, Stage.PLAN)
        earlier = LeftOver(hub) if again else LeftOver.of(hub, connection, run_id)
        figures = {number: earlier.figures(segment) for number, segment in planned.items() if number in touched}
        left = [number for number, each in figures.items() if each["rows"]]
        if earlier.rollbacks and not left:
            latest = earlier.rollbacks[0].run_id
            return hub.runs.several(connection, [latest])[latest]
        version = 2 + len(hub.moves.undoing(connection, run_id))
        deepest = max((segment.facts["rank"] for segment in planned.values()), default=0)
        drafted = [_drafted(move, planned[number], version, deepest, late, now) for number in left]
        counts: Counter[str] = Counter(effects=len(drafted))
        for each in figures.values():
            counts.update(each)
        rows = counts.pop("rows", 0)
        hub.runs.insert(connection, replace(undo, counts=dict(counts)), ())
        # The time the migration took is not the rollback's.
        facts = {name: fact for name, fact in move.facts.items() if not name.endswith("_in_s")} | {AGAIN: again}
        undoing = replace(move, run_id=undo.id, undoes=run_id, waves=(rows,), version=1, facts=facts)
        hub.moves.insert(connection, undoing)
        hub.effects.insert(connection, JOB, undo.id, drafted)
    hub.crash_point("rollback_planned")
    return undo


def _require_newest(hub: Hub, connection: sa.Connection, run: Run, move: Move) -> None:
    """What a later migration has written to the same collection must be taken back first: it stands on ours."""
    for later in hub.moves.later(connection, move, run.created_at):
        if not _touched(connection, later) or hub.moves.undoing(connection, later):
            continue
        other = hub.moves.get(connection, later)
        remedy = f"take that back first: baton migrate rollback {later}"
        if other is not None and other.purged_at is not None:
            remedy = (
                "its staged records are deleted, so that neither can be taken back: migrate what was right once more"
            )
        message = f"{later} has written to {move.target}/{move.collection} since"
        raise BatonError(message, code="later_run", remedy=remedy)


def _unfinished(hub: Hub, connection: sa.Connection, run_id: str) -> Run | None:
    """An earlier rollback with segments that are still to be taken back; a second one would wait for them for ever."""
    for undo in hub.moves.undoing(connection, run_id):
        left = sa.select(effects.c.id).where(effects.c.run_id == undo, effects.c.state.in_(OPEN_STATES))
        if connection.execute(left.limit(1)).first() is not None:
            return hub.runs.get(connection, undo)
    return None


def _touched(connection: sa.Connection, run_id: str) -> set[int]:
    """The segments of which something may have been written."""
    query = sa.select(effects.c.number).where(effects.c.run_id == run_id, effects.c.state.not_in(_NEVER_SENT))
    doubted = sa.select(effects.c.number).where(effects.c.run_id == run_id, effects.c.attempts > 0)
    names = {*connection.execute(query).scalars(), *connection.execute(doubted).scalars()}
    return {int(name.rpartition("/")[2]) for name in names}


def _drafted(
    move: Move, segment: Staged, version: int, deepest: int, late: Mapping[str, datetime], now: datetime
) -> Drafted:
    name = f"{move.run_id}/{segment.number:06d}"
    intention = Intention(
        system=move.target,
        number=name,
        action=RecordAction.RESTORE,
        due_at=max(now, late.get(name, now)),
        fields={"segment": segment.number},
        rank=deepest - segment.facts["rank"],
    )
    return Drafted(intention, version, move.mapping_digest, {"plan": segment.root.hex()})
