"""Alarms: raised once for a rule and its subject while the rule is broken, taken step by step to their end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.model.alarm import Alarm, AlarmState, Severity, require_alarm_transition
from baton.store.alarm_tables import alarms
from baton.store.effects import chunked
from baton.store.tables import effects
from baton.store.trail import Entry, append


class AlarmStore:
    """Reads and writes alarms, inside the caller's transaction; every step of one leaves an audit entry."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def current(self, connection: sa.Connection) -> list[Alarm]:
        """Those that are not over, oldest first."""
        query = sa.select(alarms).where(alarms.c.claim.is_not(None)).order_by(alarms.c.since, alarms.c.key)
        return [_alarm(row) for row in connection.execute(query)]

    def between(self, connection: sa.Connection, begin: datetime, end: datetime) -> list[Alarm]:
        """Those that were not over for some time from ``begin`` on and before ``end``, whenever they were raised."""
        lasting = sa.or_(alarms.c.since >= begin, alarms.c.ended_at.is_(None), alarms.c.ended_at > begin)
        when = (alarms.c.since < end, lasting)
        query = sa.select(alarms).where(*when).order_by(alarms.c.since, alarms.c.key)
        return [_alarm(row) for row in connection.execute(query)]

    def get(self, connection: sa.Connection, key: str) -> Alarm | None:
        """One alarm, locked until the transaction ends; None when there is none."""
        row = connection.execute(sa.select(alarms).where(alarms.c.key == key).with_for_update()).first()
        return None if row is None else _alarm(row)

    def heard(
        self, connection: sa.Connection, systems: Collection[str], messages: Sequence[str]
    ) -> dict[tuple[str, str], datetime]:
        """When each of these messages was planned last, by system and message."""
        newest = sa.func.max(effects.c.created_at)
        found: dict[tuple[str, str], datetime] = {}
        for chunk in chunked(messages):
            # With the systems, which are few, an index leads to the messages.
            ours = (effects.c.system.in_(systems), effects.c.number.in_(chunk))
            query = sa.select(effects.c.system, effects.c.number, newest).where(*ours)
            rows = connection.execute(query.group_by(effects.c.system, effects.c.number))
            found.update(((row[0], row[1]), row[2]) for row in rows)
        return found

    def insert(self, connection: sa.Connection, fresh: Sequence[Alarm]) -> None:
        """Save alarms that have just been raised."""
        for alarm in fresh:
            connection.execute(sa.insert(alarms).values(**_row(alarm)))
        append(connection, [_entry(alarm, alarm.since) for alarm in fresh])

    def note(self, connection: sa.Connection, alarm: Alarm, **values: Any) -> Alarm:
        """Remember something about an alarm that is no step: what was seen, who was told."""
        connection.execute(sa.update(alarms).where(alarms.c.key == alarm.key).values(**values))
        return replace(alarm, **values)

    def step(self, connection: sa.Connection, alarm: Alarm, state: AlarmState, **values: Any) -> Alarm:
        """Take an alarm on, with an audit entry. Raises `TransitionError` for a step there is not."""
        require_alarm_transition(alarm.state, state)
        after = replace(alarm, state=state, **values)
        connection.execute(sa.update(alarms).where(alarms.c.key == alarm.key).values(**_row(after)))
        append(connection, [_entry(after, self.clock.now())])
        return after


def _row(alarm: Alarm) -> dict[str, Any]:
    claim = None if alarm.state is AlarmState.OVER else f"{alarm.rule}/{alarm.subject}"
    return {**asdict(alarm), "severity": alarm.severity.value, "state": alarm.state.value, "claim": claim}


def _alarm(row: sa.Row[Any]) -> Alarm:
    values = dict(row._mapping)
    values.pop("claim")
    return Alarm(**{**values, "severity": Severity(row.severity), "state": AlarmState(row.state)})


def _entry(alarm: Alarm, at: datetime) -> Entry:
    body: dict[str, Json] = {"alarm": alarm.key, "rule": alarm.rule, "about": alarm.subject, "to": alarm.state.value}
    if alarm.person and alarm.state in (AlarmState.ACKNOWLEDGED, AlarmState.SILENCED):
        body |= {"by": alarm.person, "why": alarm.why}
    return Entry(kind="alarm", at=at, body=body)
