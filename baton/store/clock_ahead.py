"""What a clock that was ahead has left: instants nobody would wait for, found by the row's having been touched later.

Every write of an effect notes when it was made (``updated_at``). One from the time to come was made by a clock that is
set right by now: what it says of leases, of the next try and of what is due counts from now on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from baton.model.effect import ACCOUNT_ACTIONS, EffectState
from baton.store.effects import chunked
from baton.store.instants import AHEAD
from baton.store.links import LinkStore
from baton.store.tables import effects

_TOUCHABLE: Final = tuple(
    state.value for state in (EffectState.PLANNED, EffectState.SENT, EffectState.IN_DOUBT, EffectState.ACCEPTED)
)


def set_right(connection: sa.Connection, links: LinkStore, system: str, now: datetime, lease_s: float) -> int:
    """Judge anew what is not over in a system and was touched in the time to come; returns how many effects.

    Who holds something keeps it for ``lease_s`` from now: a worker that is alive renews it. What was tried once is due,
    and may be tried at once. What was only planned, and by which dates nobody can tell, is planned anew by the next
    plan, where it is about an account; anything else was planned to be done at once.
    """
    found = connection.execute(_found(system, now).with_for_update()).all()
    for chunk in chunked([row.id for row in found]):
        connection.execute(sa.update(effects).where(effects.c.id.in_(chunk)).values(**_from_now_on(now, lease_s)))
    links.mark_dirty(connection, system, sorted({row.number for row in found if _to_be_planned(row, now)}))
    return len(found)


def any_ahead(connection: sa.Connection, system: str, now: datetime) -> bool:
    """Whether there is any in a system: one look into an index."""
    return connection.execute(_found(system, now).limit(1)).first() is not None


def _found(system: str, now: datetime) -> sa.Select[Any]:
    columns = [effects.c[name] for name in ("id", "number", "action", "state", "doubted", "created_at")]
    late = (effects.c.state.in_(_TOUCHABLE), effects.c.updated_at > now + AHEAD)
    return sa.select(*columns).where(effects.c.system == system, *late)


def _to_be_planned(row: sa.Row[Any], now: datetime) -> bool:
    """Whether a plan of the time to come is all there is of it: what was in doubt is carried to its end instead."""
    return row.action in ACCOUNT_ACTIONS and row.created_at > now + AHEAD


def _from_now_on(now: datetime, lease_s: float) -> dict[str, Any]:
    is_planned = effects.c.state == EffectState.PLANNED.value
    by_dates = sa.and_(effects.c.action.in_(sorted(ACCOUNT_ACTIONS)), is_planned, sa.not_(effects.c.doubted))
    # By a wrong clock, too, something was to be done at once that was due when it was made.
    later = sa.or_(by_dates, sa.and_(is_planned, effects.c.due_at > effects.c.created_at))
    at_once = sa.case((effects.c.due_at > now, sa.literal(now, effects.c.due_at.type)), else_=effects.c.due_at)
    due_at = sa.case((later, effects.c.due_at), else_=at_once)
    until = sa.literal(now + timedelta(seconds=lease_s), effects.c.lease_until.type)
    return {
        "due_at": due_at,
        "next_at": due_at,
        "lease_until": sa.case((effects.c.lease_until > until, until), else_=effects.c.lease_until),
        "updated_at": now,
    }


def due_at(now: datetime) -> sa.ColumnElement[Any]:
    """When what is planned could first be sent, for figures of what waits.

    What was planned in the time to come is not scheduled: it has waited at least since that was found.
    """
    moment = sa.literal(now, effects.c.updated_at.type)
    found = sa.case((effects.c.updated_at < moment, effects.c.updated_at), else_=moment)
    return sa.case(
        (effects.c.created_at > now + AHEAD, found),
        (effects.c.due_at > effects.c.created_at, effects.c.due_at),
        else_=effects.c.created_at,
    )
