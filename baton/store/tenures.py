"""Who has held what since when, as far as the hub has seen it pass on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baton.model.case import Case, Item
from baton.model.handover import HoldingKind, HoldingRef
from baton.store.effects import chunked
from baton.store.tables import tenures


@dataclass(frozen=True, slots=True)
class Tenure:
    """One person's holding of one thing: from ``since`` up to and not including ``until`` (None: to this day)."""

    system: str
    ref: HoldingRef
    holder: str
    since: datetime
    until: datetime | None
    about: str
    """``kind/id`` of what it belongs to; empty where it stands alone."""
    case_id: str


class TenureStore:
    """Reads and writes tenures, inside the caller's transaction."""

    def begin(self, connection: sa.Connection, case: Case, items: Sequence[Item], since: datetime) -> None:
        """Note that the leaver holds these; what is known to be theirs already stays as it is."""
        for (system, kind), alike in _by_kind(items).items():
            for chunk in chunked(alike):
                last = self._newest(connection, system, kind, [item.ref.external_id for item in chunk])
                self._begin(connection, case, chunk, last, since)

    def _begin(
        self,
        connection: sa.Connection,
        case: Case,
        items: Sequence[Item],
        last: Mapping[str, sa.Row[Any]],
        since: datetime,
    ) -> None:
        new = []
        for item in items:
            known = last.get(item.ref.external_id)
            if known is not None and known.holder == case.number and known.until is None:
                continue
            if known is not None and known.until is None:
                connection.execute(
                    sa.update(tenures).where(*_same(item), tenures.c.until.is_(None)).values(until=since)
                )
            new.append(_row(case, item, 1 if known is None else known.turn + 1, case.number, since))
        if new:
            connection.execute(sa.insert(tenures), new)

    def _newest(
        self, connection: sa.Connection, system: str, kind: HoldingKind, ids: Sequence[str]
    ) -> dict[str, sa.Row[Any]]:
        query = (
            sa.select(tenures)
            .where(tenures.c.system == system, tenures.c.kind == kind.value, tenures.c.external_id.in_(ids))
            .order_by(tenures.c.turn)
        )
        return {row.external_id: row for row in connection.execute(query)}

    def pass_on(
        self, connection: sa.Connection, case: Case, item: Item, holder: str, successor: str, at: datetime
    ) -> None:
        """End the tenure of one person and begin that of the next at the same moment."""
        last = self._last(connection, item)
        if last is None:
            self._insert(connection, case, item, 1, holder, case.opened_at)
        elif last.holder == successor and last.until is None:
            return
        ending = sa.update(tenures).where(*_same(item), tenures.c.until.is_(None))
        connection.execute(ending.values(until=at))
        self._insert(connection, case, item, 2 if last is None else last.turn + 1, successor, at)

    def of(
        self, connection: sa.Connection, *, at: datetime | None = None, holder: str = "", case_id: str = ""
    ) -> list[Tenure]:
        """Tenures by system, kind and id, oldest first; those in force at a moment, of one person, of one case."""
        query = sa.select(tenures).order_by(tenures.c.system, tenures.c.kind, tenures.c.external_id, tenures.c.turn)
        if at is not None:
            query = query.where(tenures.c.since <= at, sa.or_(tenures.c.until.is_(None), tenures.c.until > at))
        if holder:
            query = query.where(tenures.c.holder == holder)
        if case_id:
            query = query.where(tenures.c.case_id == case_id)
        return [
            Tenure(
                row.system,
                HoldingRef(HoldingKind(row.kind), row.external_id),
                row.holder,
                row.since,
                row.until,
                row.about,
                row.case_id,
            )
            for row in connection.execute(query)
        ]

    def _last(self, connection: sa.Connection, item: Item) -> sa.Row[Any] | None:
        query = sa.select(tenures).where(*_same(item)).order_by(tenures.c.turn.desc()).limit(1)
        return connection.execute(query).first()

    def _insert(
        self, connection: sa.Connection, case: Case, item: Item, turn: int, holder: str, since: datetime
    ) -> None:
        connection.execute(sa.insert(tenures).values(_row(case, item, turn, holder, since)))


def _row(case: Case, item: Item, turn: int, holder: str, since: datetime) -> dict[str, Any]:
    return {
        "system": item.system,
        "kind": item.kind.value,
        "external_id": item.ref.external_id,
        "turn": turn,
        "since": since,
        "holder": holder,
        "about": str(item.about) if item.about else "",
        "case_id": case.id,
    }


def _by_kind(items: Sequence[Item]) -> dict[tuple[str, HoldingKind], list[Item]]:
    found: dict[tuple[str, HoldingKind], list[Item]] = {}
    for item in items:
        found.setdefault((item.system, item.kind), []).append(item)
    return found


def _same(item: Item) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        tenures.c.system == item.system,
        tenures.c.kind == item.kind.value,
        tenures.c.external_id == item.ref.external_id,
    )
