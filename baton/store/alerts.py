"""Alerts: raised once per rule and event, decided on by people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.model.alert import Alert, AlertState, Rule
from baton.store.effects import chunked
from baton.store.personal import Keyring
from baton.store.tables import alerts
from baton.store.trail import Entry, append

_TEXT_VERSION = 1
"""The text of an alert never changes."""


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

    def raised(self, connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, list[Alert]]:
        """The alerts of these cases that nobody has decided on, oldest first; cases without any are left out."""
        found: dict[str, list[Alert]] = {}
        for chunk in chunked(case_ids):
            ours = (alerts.c.case_id.in_(chunk), alerts.c.state == AlertState.RAISED.value)
            for row in connection.execute(sa.select(alerts).where(*ours).order_by(alerts.c.at, alerts.c.key)):
                found.setdefault(row.case_id, []).append(self._alert(row))
        return found

    def get(self, connection: sa.Connection, key: str) -> Alert | None:
        """One alert, locked until the transaction ends; None when there is none."""
        row = connection.execute(sa.select(alerts).where(alerts.c.key == key).with_for_update()).first()
        return None if row is None else self._alert(row)

    def decide(self, connection: sa.Connection, alert: Alert, state: AlertState, **who: str) -> None:
        """Take an alert a step on."""
        connection.execute(sa.update(alerts).where(alerts.c.key == alert.key).values(state=state.value, **who))
        body = _body(alert, state) | dict(who)
        append(connection, [Entry(kind="alert", at=self.clock.now(), body=body)])

    def _row(self, alert: Alert) -> dict[str, Any]:
        sealed = self.keyring.seal(
            alert.text.encode(), table="alerts", row=alert.key, column="sealed", version=_TEXT_VERSION
        )
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
            "version": _TEXT_VERSION,
            "sealed": sealed,
        }

    def _alert(self, row: sa.Row[Any]) -> Alert:
        text = self.keyring.open(row.sealed, table="alerts", row=row.key, column="sealed", version=row.version)
        return Alert(
            row.case_id,
            Rule(row.rule),
            row.event,
            row.system,
            row.actor,
            row.about,
            row.at,
            text.decode(),
            AlertState(row.state),
            row.asked_by,
            row.decided_by,
        )


def _body(alert: Alert, state: AlertState) -> dict[str, Json]:
    return {"case": alert.case_id, "rule": alert.rule.value, "event": alert.event, "to": state.value}
