"""The gate: counts what a plan would take away from people, and holds all of it when that is too much.

Counted are destructive effects per run, per 24 hours and per 7 days, for each system and over all systems (people then
count once). A limit is a share of the population, but never less than ``at_least`` and never more than ``at_most``. The
population is the one of the last *approved* feed, so that it cannot shrink with the damage. What a person has released
does not count again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from baton.model.effect import OPEN_STATES, EffectState
from baton.store.tables import effects


class Bound(Protocol):
    """How much one window lets through."""

    def limit(self, people: int) -> int:
        """How many people may lose something without a person's yes, in a population of this size."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """One limit, within ``span`` (None: within the run)."""

    name: str
    span: timedelta | None
    bound: Bound


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """The limits, narrowest window first."""

    windows: Sequence[Window]

    @classmethod
    def of(cls, run: Bound, day: Bound, week: Bound) -> GatePolicy:
        """The three windows of the settings."""
        return cls(
            (
                Window("the run", None, run),
                Window("24 hours", timedelta(hours=24), day),
                Window("7 days", timedelta(days=7), week),
            )
        )


@dataclass(frozen=True, slots=True)
class Trip:
    """A limit that a plan would exceed."""

    system: str
    window: str
    count: int
    limit: int
    population: int

    def __str__(self) -> str:
        where = "over all systems" if self.system == "*" else f"in {self.system}"
        return (
            f"{self.count} people would lose access {where} within {self.window}; "
            f"the limit is {self.limit} of {self.population}"
        )


@dataclass(frozen=True, slots=True)
class _Loss:
    system: str
    number: str
    at: datetime
    own: bool


def trips(connection: sa.Connection, run_id: str, population: int, policy: GatePolicy) -> list[Trip]:
    """The limits that this saved run would exceed; empty when it may go. Runs without destructive effects never trip.

    A window slides over the moments at which people lose something: when it was done, when it is due, and now for what
    is overdue. What was done at a time still to come counts then and now: the clock was ahead and has been set right,
    or was right and has been set back. Many small runs that fire together count together, however far apart they were
    planned, and so does what an outage has kept waiting.
    """
    reach = max((window.span for window in policy.windows if window.span is not None), default=timedelta())
    losses = _losses(connection, run_id, reach)
    if not any(loss.own for loss in losses):
        return []
    found = []
    for window in policy.windows:
        limit = window.bound.limit(population)
        for system in [*sorted({loss.system for loss in losses if loss.own}), "*"]:
            count = _worst(losses, window, system)
            if count > limit:
                found.append(Trip(system, window.name, count, limit, population))
    return found


def _losses(connection: sa.Connection, run_id: str, reach: timedelta) -> list[_Loss]:
    saved = sa.select(sa.func.max(effects.c.created_at)).where(effects.c.run_id == run_id, effects.c.destructive)
    now = connection.execute(saved).scalar_one()
    if now is None:
        return []
    columns = (effects.c.system, effects.c.number, effects.c.run_id, effects.c.due_at, effects.c.updated_at)
    query = sa.select(*columns, effects.c.state).where(
        effects.c.destructive,
        sa.or_(effects.c.due_at > now - reach, effects.c.updated_at > now - reach, effects.c.state.in_(OPEN_STATES)),
        sa.not_(effects.c.approved),
        effects.c.state.not_in([EffectState.SUPERSEDED.value, EffectState.REFUSED.value, EffectState.HELD.value]),
    )
    losses = [
        _Loss(row.system, row.number, at, row.run_id == run_id)
        for row in connection.execute(query)
        for at in _moments(row.state, row.due_at, row.updated_at, now)
    ]
    return sorted(losses, key=lambda loss: loss.at)


def _moments(state: str, due_at: datetime, updated_at: datetime, now: datetime) -> Collection[datetime]:
    """When somebody loses something by an effect, as far as clocks can tell."""
    if state != EffectState.DONE:
        return (max(due_at, now),)
    return {updated_at, min(updated_at, now)}


def _worst(losses: Sequence[_Loss], window: Window, system: str) -> int:
    """The most people who lose something within the window, over all its positions that touch this run."""
    scope = [loss for loss in losses if system in ("*", loss.system)]
    if window.span is None:
        return len({loss.number for loss in scope if loss.own})
    worst, start = 0, 0
    inside: Counter[str] = Counter()
    own_inside = 0
    for loss in scope:
        inside[loss.number] += 1
        own_inside += loss.own
        while scope[start].at <= loss.at - window.span:
            gone = scope[start]
            own_inside -= gone.own
            inside[gone.number] -= 1
            if not inside[gone.number]:
                del inside[gone.number]
            start += 1
        if own_inside:
            worst = max(worst, len(inside))
    return worst
