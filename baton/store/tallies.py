"""How many effects stand where: counted so that what ended long ago costs nothing, however much of it there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from baton.model.effect import OPEN_STATES, EffectState
from baton.store.tables import approvals, effects

_RELEASED: Final = "release"
"""The decision that lets a held run go: until then nothing of it could be sent."""
_ENDED_STATES = tuple(state.value for state in EffectState if not state.open)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many effects of one job in one system stand in one state."""

    job: str
    state: EffectState
    number: int


@dataclass(frozen=True, slots=True)
class Waiting(Tally):
    """The same of effects that are not over."""

    due: int
    """So many of them have their time behind them."""
    oldest: datetime
    """Since when the oldest could have been sent, where it is planned; else since when it has stood where it stands."""


def systems(connection: sa.Connection) -> list[str]:
    """Every system there is an effect for. One step in an index for each, not for each effect."""
    first = sa.select(sa.func.min(effects.c.system).label("name")).cte("systems", recursive=True)
    after = sa.select(sa.func.min(effects.c.system)).where(effects.c.system > first.c.name).scalar_subquery()
    every = first.union_all(sa.select(after).where(first.c.name.is_not(None)))
    return list(connection.execute(sa.select(every.c.name).where(every.c.name.is_not(None))).scalars())


def waiting(connection: sa.Connection, system: str, now: datetime) -> Sequence[Waiting]:
    """What is not over in a system, by job and state."""
    due_at = sa.case((effects.c.due_at > effects.c.created_at, effects.c.due_at), else_=effects.c.created_at)
    # A try that came to nothing makes nothing less due: what is planned again counts from when it could first be sent.
    # A process of an older version that was still at work at the upgrade has not written since when.
    planned = effects.c.state == EffectState.PLANNED.value
    since = sa.case((planned, due_at), else_=sa.func.coalesce(effects.c.state_since, due_at))
    released = sa.select(sa.func.max(approvals.c.decided_at)).where(
        approvals.c.run_id == effects.c.run_id, approvals.c.decision == _RELEASED
    )
    query = (
        sa.select(
            *(effects.c.job, effects.c.state, sa.func.count().label("number")),
            sa.func.sum(sa.case((due_at <= now, 1), else_=0)).label("due"),
            sa.func.min(since, type_=effects.c.state_since.type).label("oldest"),
            released.scalar_subquery().label("released"),
        )
        .where(effects.c.system == system, effects.c.state.in_(OPEN_STATES))
        .group_by(effects.c.job, effects.c.state, effects.c.run_id)
    )
    found: dict[tuple[str, EffectState], Waiting] = {}
    for row in connection.execute(query):
        state = EffectState(row.state)
        held = state is EffectState.PLANNED and row.released is not None
        oldest = max(row.oldest, row.released) if held else row.oldest
        of_others = found.get((row.job, state), Waiting(row.job, state, 0, 0, oldest))
        found[row.job, state] = Waiting(
            row.job, state, of_others.number + row.number, of_others.due + row.due, min(of_others.oldest, oldest)
        )
    return list(found.values())


def ended(connection: sa.Connection, system: str, since: datetime) -> Sequence[Tally]:
    """What has come to its end in a system since then, by job and state."""
    lately = (effects.c.system == system, effects.c.state.in_(_ENDED_STATES), effects.c.updated_at >= since)
    query = sa.select(effects.c.job, effects.c.state, sa.func.count()).where(*lately)
    found = connection.execute(query.group_by(effects.c.job, effects.c.state))
    return [Tally(job, EffectState(state), number) for job, state, number in found]


def last_done(connection: sa.Connection, system: str, now: datetime) -> datetime | None:
    """When something was done in a system for the last time, by a clock that was not ahead; None before the first."""
    done = (effects.c.system == system, effects.c.state == EffectState.DONE.value, effects.c.updated_at <= now)
    last: datetime | None = connection.execute(sa.select(sa.func.max(effects.c.updated_at)).where(*done)).scalar_one()
    return last
