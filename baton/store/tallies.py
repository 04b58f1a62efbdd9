"""How many effects stand where: counted so that what ended long ago costs nothing, however much of it there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from baton.model.effect import OPEN_STATES, EffectState
from baton.store.tables import effects

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
    """Since when the oldest has been due, or there."""


def systems(connection: sa.Connection) -> list[str]:
    """Every system there is an effect for. One step in an index for each, not for each effect."""
    first = sa.select(sa.func.min(effects.c.system).label("name")).cte("systems", recursive=True)
    after = sa.select(sa.func.min(effects.c.system)).where(effects.c.system > first.c.name).scalar_subquery()
    every = first.union_all(sa.select(after).where(first.c.name.is_not(None)))
    return list(connection.execute(sa.select(every.c.name).where(every.c.name.is_not(None))).scalars())


def waiting(connection: sa.Connection, system: str, now: datetime) -> Sequence[Waiting]:
    """What is not over in a system, by job and state."""
    since = sa.case((effects.c.due_at > effects.c.created_at, effects.c.due_at), else_=effects.c.created_at)
    due = sa.func.sum(sa.case((since <= now, 1), else_=0))
    query = (
        sa.select(effects.c.job, effects.c.state, sa.func.count(), due, sa.func.min(since))
        .where(effects.c.system == system, effects.c.state.in_(OPEN_STATES))
        .group_by(effects.c.job, effects.c.state)
    )
    return [
        Waiting(job, EffectState(state), number, due, oldest)
        for job, state, number, due, oldest in connection.execute(query)
    ]


def ended(connection: sa.Connection, system: str, since: datetime) -> Sequence[Tally]:
    """What has come to its end in a system since then, by job and state."""
    lately = (effects.c.system == system, effects.c.state.in_(_ENDED_STATES), effects.c.updated_at >= since)
    query = sa.select(effects.c.job, effects.c.state, sa.func.count()).where(*lately)
    found = connection.execute(query.group_by(effects.c.job, effects.c.state))
    return [Tally(job, EffectState(state), number) for job, state, number in found]


def last_done(connection: sa.Connection, system: str) -> datetime | None:
    """When something was done in a system for the last time; None before the first."""
    done = (effects.c.system == system, effects.c.state == EffectState.DONE.value)
    last: datetime | None = connection.execute(sa.select(sa.func.max(effects.c.updated_at)).where(*done)).scalar_one()
    return last
