"""Alerts: raised once per rule and event, decided on by people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import orjson
import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.model.alert import UNDECIDED, Alert, AlertState, Rule
from baton.store.effects import chunked
from baton.store.personal import Keyring
from baton.store.tables import alerts
from baton.store.trail import Entry, append

_AS_RAISED: Final = 1
"""The version in which an alert is sealed as its text alone; each decision makes another, with the reasons in it."""


class AlertStore:
    """Reads and writes alerts, inside the caller's transaction."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self.keyring = keyring
        self.clock = clock

    def raise_new(self, connection: sa.Connection, found: Sequence[Alert]) -> list[Alert]:
        """Store those that have not been raised before; gives them."""
        known: set[str] = set()
        for chunk in chunked([alert.key for alert in found]):
            known |= set(connection.execute(sa.select(alerts.c.key).where(alerts.c.key.in_(chunk))).scalars())
        fresh = list({alert.key: alert for alert in found if alert.key not in known}.values())
        now = self.clock.now()
        if fresh:
            connection.execute(sa.insert(alerts), [{**self._row(alert), "raised_at": now} for alert in fresh])
        append(connection, [Entry(kind="alert", at=now, body=_body(alert, alert.state)) for alert in fresh])
        return fresh

    def of(self, connection: sa.Connection, case_id: str = "", *states: AlertState) -> list[Alert]:
        """The alerts of a case (none named: of all), oldest first."""
        query = sa.select(alerts).order_by(alerts.c.at, alerts.c.key)
        if case_id:
            query = query.where(alerts.c.case_id == case_id)
        if states:
            query = query.where(alerts.c.state.in_([state.value for state in states]))
        return [self._alert(row) for row in connection.execute(query)]

    def waiting(self, connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, list[Alert]]:
        """The alerts of these cases that wait for a person, oldest first; cases without any are left out."""
        found: dict[str, list[Alert]] = {}
        for chunk in chunked(case_ids):
            ours = (alerts.c.case_id.in_(chunk), alerts.c.state.in_([state.value for state in UNDECIDED]))
            for row in connection.execute(sa.select(alerts).where(*ours).order_by(alerts.c.at, alerts.c.key)):
                found.setdefault(row.case_id, []).append(self._alert(row))
        return found

    def undecided(self, connection: sa.Connection, case_id: str) -> int:
        """How many alerts of a case wait for a person."""
        ours = (alerts.c.case_id == case_id, alerts.c.state.in_([state.value for state in UNDECIDED]))
        return int(connection.execute(sa.select(sa.func.count()).select_from(alerts).where(*ours)).scalar_one())

    def get(self, connection: sa.Connection, key: str) -> Alert | None:
        """One alert, locked until the transaction ends; None when there is none."""
        row = connection.execute(sa.select(alerts).where(alerts.c.key == key).with_for_update()).first()
        return None if row is None else self._alert(row)

    def decide(self, connection: sa.Connection, alert: Alert, state: AlertState, person: str, why: str) -> Alert:
        """Take an alert a step on; as it is now. The reason is sealed with it, and in no log."""
        if state is AlertState.FREEZE_ASKED:
            who, after = "asked_by", replace(alert, state=state, asked_by=person, asked_why=why)
        else:
            who, after = "decided_by", replace(alert, state=state, decided_by=person, decided_why=why)
        here = alerts.c.key == alert.key
        version = int(connection.execute(sa.select(alerts.c.version).where(here)).scalar_one()) + 1
        values = {"state": state.value, who: person, "version": version, "sealed": self._seal(after, version)}
        connection.execute(sa.update(alerts).where(here).values(**values))
        append(connection, [Entry(kind="alert", at=self.clock.now(), body=_body(alert, state) | {who: person})])
        return after

    def _seal(self, alert: Alert, version: int) -> bytes:
        words = alert.text.encode() if version == _AS_RAISED else orjson.dumps(_words(alert))
        return self.keyring.seal(words, table="alerts", row=alert.key, column="sealed", version=version)

    def _row(self, alert: Alert) -> dict[str, Any]:
        return {
            "key": alert.key,
            "case_id": alert.case_id,
            "rule": alert.rule.value,
            "event": alert.event,
            "system": alert.system,
            "actor": alert.actor,
            "about": alert.about,
            "state": alert.state.value,
            "at": alert.at,
            "asked_by": alert.asked_by,
            "decided_by": alert.decided_by,
            "version": _AS_RAISED,
            "sealed": self._seal(alert, _AS_RAISED),
        }

    def _alert(self, row: sa.Row[Any]) -> Alert:
        content = self.keyring.open(row.sealed, table="alerts", row=row.key, column="sealed", version=row.version)
        # When law asks for it no longer, the words are taken out: nothing is left inside.
        plain = row.version == _AS_RAISED or not content
        words: dict[str, str] = {"text": content.decode()} if plain else orjson.loads(content)
        return Alert(
            case_id=row.case_id,
            rule=Rule(row.rule),
            event=row.event,
            system=row.system,
            actor=row.actor,
            about=row.about,
            at=row.at,
            state=AlertState(row.state),
            asked_by=row.asked_by,
            decided_by=row.decided_by,
            raised_at=row.raised_at,
            **words,
        )


def _words(alert: Alert) -> dict[str, str]:
    return {"text": alert.text, "asked_why": alert.asked_why, "decided_why": alert.decided_why}


def _body(alert: Alert, state: AlertState) -> dict[str, Json]:
    return {"case": alert.case_id, "rule": alert.rule.value, "event": alert.event, "to": state.value}
