"""What stands in the way of an erasure: whatever about somebody is not finished, and when they were heard of last."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.store.messages import about_handovers_of, may_be_to
from baton.store.tables import cases, effects, pay_lines, person_versions, recovery_cases, settlements

_PAYING: Final = tuple(
    state.value
    for state in LineState
    if state.unsent or state in (LineState.RELEASED, LineState.ACCEPTED, LineState.IN_DOUBT, LineState.DISPUTED)
)
"""Where a line stands of which something may still come."""
_TELLS_WITHIN: Final = timedelta(days=31)
"""A bank that says in that time neither that what it has debited arrived, nor that it came back, says nothing more."""


def open_work_of(connection: sa.Connection, number: str, now: datetime) -> list[str]:
    """What is not finished about somebody, each as ``kind place``."""
    found = [
        f"effect {row.key[:12]} in {row.system}"
        for row in connection.execute(
            sa.select(effects.c.key, effects.c.system).where(
                effects.c.number == number,
                effects.c.state.not_in(("done", "refused", "superseded")),
            )
        )
    ]
    found += [f"message {place}" for place in _under_way(connection, number, now)]
    found += [
        f"case {row.id}"
        for row in connection.execute(
            sa.select(cases.c.id).where(cases.c.number == number, cases.c.state.in_(("open", "paused")))
        )
    ]
    found += [
        f"payment {row.key}"
        for row in connection.execute(
            sa.select(pay_lines.c.key).where(pay_lines.c.number == number, _is_being_paid(now))
        )
    ]
    closed = ("repaid", "written_off", "withdrawn")
    found += [
        f"recovery {row.id}"
        for row in connection.execute(
            sa.select(recovery_cases.c.id).where(
                recovery_cases.c.number == number, recovery_cases.c.state.not_in(closed)
            )
        )
    ]
    found += [
        f"settlement {row.id}"
        for row in connection.execute(
            sa.select(settlements.c.id).where(
                settlements.c.number == number, settlements.c.state.in_(("prepared", "reviewed"))
            )
        )
    ]
    return found


def newest_trace(connection: sa.Connection, number: str) -> datetime | None:
    """When something was last recorded of somebody, or a write about them planned; None where there is nothing."""
    recorded = sa.select(sa.func.max(person_versions.c.recorded_at)).where(person_versions.c.number == number)
    planned = sa.select(sa.func.max(effects.c.created_at)).where(effects.c.number == number)
    moments = [connection.execute(query).scalar_one() for query in (recorded, planned)]
    return max((moment for moment in moments if moment is not None), default=None)


def _is_being_paid(now: datetime) -> sa.ColumnElement[bool]:
    debited = pay_lines.c.state == LineState.DEBITED.value
    return sa.or_(pay_lines.c.state.in_(_PAYING), sa.and_(debited, pay_lines.c.changed_at > now - _TELLS_WITHIN))


def _under_way(connection: sa.Connection, number: str, now: datetime) -> list[str]:
    """The messages to somebody, or about a handover of theirs, that a living worker has in its hands."""
    theirs = sa.or_(may_be_to(number), about_handovers_of(number))
    query = sa.select(effects.c.key, effects.c.system).where(
        theirs, effects.c.state == EffectState.SENT.value, effects.c.lease_until > now
    )
    return [f"{row.key[:12]} in {row.system}" for row in connection.execute(query)]
