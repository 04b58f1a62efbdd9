"""The accountability table from what the hub has seen: tenures, and the receivables of every case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.jobs.offboarding.accountability import (
    Answer,
    History,
    Receivable,
    Span,
    Turn,
    answer_rows,
    answers,
    rows,
)
from baton.model.case import Item
from baton.model.handover import HoldingKind


@dataclass(frozen=True, slots=True)
class Table:
    """Who held which client when, and who answers for which receivable at ``moment``."""

    moment: datetime
    clients: Sequence[Span]
    receivables: Sequence[Answer]

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "at": self.moment.isoformat(),
            "clients": rows(self.clients),
            "receivables": answer_rows(self.receivables),
        }


def table(hub: Hub, moment: datetime | None = None) -> Table:
    """The table as of a moment (now, where none is given)."""
    at = moment or hub.clock.now()
    with hub.database.read() as connection:
        known = history(hub, connection)
        due = _receivables(hub, connection)
    clients = [span for thing in known.things(HoldingKind.CLIENT) for span in known.spans(thing)]
    return Table(at, clients, answers(known, due, at))


def history(hub: Hub, connection: sa.Connection) -> History:
    """Every tenure that the hub knows."""
    found = hub.tenures.of(connection)
    return History(Turn((tenure.system, tenure.ref), tenure.holder, tenure.since, tenure.until) for tenure in found)


def _receivables(hub: Hub, connection: sa.Connection) -> list[Receivable]:
    """Every receivable that was ever on a list, as last seen."""
    newest: dict[tuple[str, str], Item] = {}
    held = [tenure for tenure in hub.tenures.of(connection) if tenure.ref.kind is HoldingKind.RECEIVABLE]
    # A tenure that goes on names the case in which it was first seen; a later one of its holder may have seen it since.
    cases, holders = {tenure.case_id for tenure in held}, {tenure.holder for tenure in held}
    for case in reversed(hub.cases.listed(connection, limit=None) if held else []):
        if case.id not in cases and case.number not in holders:
            continue
        for item in hub.cases.items(connection, case.id, kinds=[HoldingKind.RECEIVABLE]):
            newest[item.system, item.ref.external_id] = item
    return [_receivable(item) for item in newest.values()]


def _receivable(item: Item) -> Receivable:
    client = item.about if item.about is not None and item.about.kind is HoldingKind.CLIENT else None
    amount = "" if item.amount is None else f"{item.amount} {item.currency}".strip()
    return Receivable(item.system, item.ref.external_id, client, amount)
