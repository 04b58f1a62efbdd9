"""Which effects could be sent now, which others wait for, and when the next one's time comes: what a claim asks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from baton.model.account import Action
from baton.model.effect import OPEN_STATES, EffectState, RecordAction
from baton.store.claims import ClaimRule
from baton.store.tables import effects

_MAKING = (Action.PROVISION.value, RecordAction.LOAD.value, RecordAction.RESTORE.value)
"""What must have ended before those of a higher rank may begin: managers before those who name them, and so on."""

_HELD = (EffectState.SENT.value, EffectState.IN_DOUBT.value)
"""States in which a worker may have an effect in its hand."""

WORN_AFTER = 3
"""Claims after which what is still planned may itself be what its calls fail for: all others come before it."""

_A_MOMENT_S = 5.0
"""So soon must a superior that failed be due again for others to wait for it. A longer back-off delays nobody else."""
_DOUBT_S = 60.0
"""So long others wait for word of a superior in doubt. One that nobody can clear up, however often, delays nobody."""

# Made once: naming the table anew takes longer than the whole query they are for.
_EARLIER = effects.alias("earlier")
_LOWER = effects.alias("lower")
_MEMBER = effects.alias("member")

_WEAR = effects.c.epoch - 2 * effects.c.crashes
"""How often it was claimed, but for claims that ended with their worker, which raise the epoch twice."""
_PUT_OFF = sa.and_(effects.c.state == EffectState.PLANNED.value, effects.c.next_at > effects.c.due_at)
"""Was claimed once, and is to be tried again at a later time."""


def ready(rule: ClaimRule, now: datetime) -> sa.Select[Any]:
    """What could be sent now, low ranks (managers) first. What waits for an earlier version delays nobody else.

    What is worn is left out, see `worn`.
    """
    return _ready(rule, now).where(_WEAR <= WORN_AFTER).order_by(effects.c.rank, effects.c.id)


def worn(rule: ClaimRule, now: datetime) -> sa.Select[Any]:
    """What could be sent now and has been claimed too often to be trusted; what was tried least comes first.

    So whatever its calls fail for goes to the end of the queue, and keeps nobody for good.
    """
    return _ready(rule, now).where(_WEAR > WORN_AFTER).order_by(_WEAR, effects.c.rank, effects.c.id)


def whole(rule: ClaimRule, now: datetime, batch_id: str) -> sa.Select[Any]:
    """Everybody in a batch that must be repeated unchanged, in its order: however often each of them was tried."""
    return _ready(rule, now).where(effects.c.batch_id == batch_id).order_by(effects.c.rank, effects.c.id)


def _ready(rule: ClaimRule, now: datetime) -> sa.Select[Any]:
    blocked = sa.exists().where(
        _EARLIER.c.system == effects.c.system,
        _EARLIER.c.number == effects.c.number,
        _EARLIER.c.version < effects.c.version,
        _EARLIER.c.state.in_(OPEN_STATES),
    )
    # Within one run of records a lower rank comes first even while it waits for another try.
    waits = sa.exists().where(
        _LOWER.c.run_id == effects.c.run_id,
        _LOWER.c.action.in_([action.value for action in RecordAction]),
        _LOWER.c.rank < effects.c.rank,
        _LOWER.c.state.in_(OPEN_STATES),
    )
    more = [~waits] if rule.scope.run_id else []
    if rule.whole_batches:
        more.append(sa.or_(effects.c.batch_id.is_(None), effects.c.batch_id.not_in(_incomplete(rule, now))))
    return sa.select(effects).where(*_due(rule, now), ~blocked, *more)


def _incomplete(rule: ClaimRule, now: datetime) -> sa.Select[Any]:
    """The names of the batches of which some wait for their time, or for word of whether they have arrived.

    What was sent of them without those would be at the target under their name, and nothing else ever would be.
    """
    later = sa.and_(_MEMBER.c.state == EffectState.PLANNED.value, _MEMBER.c.next_at > now)
    return sa.select(_MEMBER.c.batch_id).where(
        _MEMBER.c.system == rule.system,
        _MEMBER.c.batch_id.is_not(None),
        _MEMBER.c.state.in_([*_HELD, EffectState.PLANNED.value]),  # for the index, as said below
        sa.or_(later, _MEMBER.c.state.in_(_HELD)),
    )


def superiors_in_flight(connection: sa.Connection, rule: ClaimRule, now: datetime) -> bool:
    """Whether a living worker makes something right now that others wait for, or asks what became of it."""
    making = sa.select(sa.func.min(effects.c.rank)).where(*_ours(rule), effects.c.action.in_(_MAKING), _in_hand(now))
    rank = connection.execute(making).scalar_one()
    return rank is not None and _any(connection, *_due(rule, now), effects.c.rank > rank)


def superiors_awaited(connection: sa.Connection, rule: ClaimRule, rank: int, now: datetime) -> bool:
    """Whether those of a lower rank are in somebody's hand, or will be again in a moment.

    Who is sent before their manager has an account is written without one, until the next run.
    """
    soon = effects.c.next_at <= now + timedelta(seconds=_A_MOMENT_S)
    doubted = sa.and_(
        effects.c.state == EffectState.IN_DOUBT.value,
        effects.c.state_since > now - timedelta(seconds=_DOUBT_S),
        sa.or_(soon, effects.c.lease_until > now),
    )
    put_off = sa.and_(_PUT_OFF, effects.c.next_at > now, soon, effects.c.action.not_in(rule.paused_actions))
    sent = sa.and_(effects.c.state == EffectState.SENT.value, effects.c.lease_until > now)
    # Said once more for all of them, so that an index leads past everything that is over.
    unfinished = effects.c.state.in_([*_HELD, EffectState.PLANNED.value])
    lower = sa.and_(unfinished, effects.c.rank < rank, effects.c.action.in_(_MAKING))
    return _any(connection, *_ours(rule), lower, sa.or_(sent, doubted, put_off))


def next_turn(
    connection: sa.Connection, rule: ClaimRule, states: Collection[EffectState], since: datetime, latest: datetime
) -> datetime | None:
    """The next moment, up to ``latest``, at which something in these states can be sent or asked about (again).

    None when there is none. What was put off and could have been sent at ``since`` already, and was not, waits for
    something else than its time (an earlier version, a superior, a person), and nobody waits for it.
    """
    asked = [state.value for state in states if state is not EffectState.PLANNED]
    free_at = sa.case((effects.c.lease_until > effects.c.next_at, effects.c.lease_until), else_=effects.c.next_at)
    moments = [sa.select(sa.func.min(free_at)).where(*_ours(rule), effects.c.state.in_(asked), free_at <= latest)]
    if EffectState.PLANNED in states:
        again = (_PUT_OFF, effects.c.next_at > since, effects.c.next_at <= latest)
        untouched = effects.c.action.not_in(rule.paused_actions)
        moments.append(sa.select(sa.func.min(effects.c.next_at)).where(*_ours(rule), *again, untouched))
    found = [connection.execute(moment).scalar_one() for moment in moments]
    return min((moment for moment in found if moment is not None), default=None)


def _ours(rule: ClaimRule) -> list[sa.ColumnElement[bool]]:
    return [effects.c.system == rule.system, *rule.scope.where()]


def _due(rule: ClaimRule, now: datetime) -> list[sa.ColumnElement[bool]]:
    """Planned, not paused, and its time has come."""
    return [
        effects.c.system == rule.system,
        *rule.scope.sendable(),
        effects.c.action.not_in(rule.paused_actions),
        effects.c.state == EffectState.PLANNED.value,
        effects.c.due_at <= now,
        effects.c.next_at <= now,
    ]


def _in_hand(now: datetime) -> sa.ColumnElement[bool]:
    """Held by a worker that is taken to be alive: being sent, or asked about."""
    return sa.and_(effects.c.state.in_(_HELD), effects.c.lease_until > now)


def _any(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> bool:
    return connection.execute(sa.select(effects.c.id).where(*where).limit(1)).first() is not None
