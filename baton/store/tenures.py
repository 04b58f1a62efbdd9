"""Who has held what since when, as far as the hub has seen it pass on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa

from baton.model.case import Case, Item
from baton.model.handover import HoldingKind, HoldingRef
from baton.store.effects import chunked
from baton.store.tables import tenures

_Place: TypeAlias = tuple[str, str, str]
"""System, kind, external id."""


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


@dataclass(frozen=True, slots=True)
class Passing:
    """One thing that is proven to have gone from one person to another (employee numbers)."""

    item: Item
    holder: str
    successor: str


class TenureStore:
    """Reads and writes tenures, inside the caller's transaction."""

    def begin(self, connection: sa.Connection, case: Case, items: Sequence[Item], since: datetime) -> None:
        """Note that the leaver holds these; what is known to be theirs already stays as it is."""
        newest = self._newest(connection, items)
        ended: list[dict[str, Any]] = []
        begun: list[dict[str, Any]] = []
        for item in items:
            known = newest.get(_place(item))
            if known is not None and known.until is None:
                if known.holder == case.number:
                    continue
                ended.append(_ended(known))
            begun.append(_row(case, item, 1 if known is None else known.turn + 1, case.number, since, None))
        _write(connection, ended, begun, since)

    def pass_on(self, connection: sa.Connection, case: Case, passed: Sequence[Passing], at: datetime) -> None:
        """End the tenures of those who had these, and begin those of who has them now, at the same moment."""
        ended: list[dict[str, Any]] = []
        begun: list[dict[str, Any]] = []
        newest = self._newest(connection, [passing.item for passing in passed])
        for passing in passed:
            item, known = passing.item, newest.get(_place(passing.item))
            if known is None:
                begun.append(_row(case, item, 1, passing.holder, case.opened_at, at))
            elif known.holder == passing.successor and known.until is None:
                continue
            else:
                ended.append(_ended(known))
            begun.append(_row(case, item, 2 if known is None else known.turn + 1, passing.successor, at, None))
        _write(connection, ended, begun, at)

    def end(self, connection: sa.Connection, holder: str, items: Sequence[Item], at: datetime) -> None:
        """End this person's tenures of these, where they have any: who has them since, nobody knows."""
        newest = self._newest(connection, items)
        ended = [_ended(known) for known in newest.values() if known.until is None and known.holder == holder]
        _write(connection, ended, [], at)

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

    def _newest(self, connection: sa.Connection, items: Sequence[Item]) -> dict[_Place, sa.Row[Any]]:
        """The last tenure of each of these, where there is one."""
        by_kind: dict[tuple[str, HoldingKind], list[str]] = {}
        for item in items:
            by_kind.setdefault((item.system, item.kind), []).append(item.ref.external_id)
        found: dict[_Place, sa.Row[Any]] = {}
        for (system, kind), ids in by_kind.items():
            for chunk in chunked(ids):
                where = (tenures.c.system == system, tenures.c.kind == kind.value, tenures.c.external_id.in_(chunk))
                rows = connection.execute(sa.select(tenures).where(*where).order_by(tenures.c.turn))
                found.update(((row.system, row.kind, row.external_id), row) for row in rows)
        return found


def _ended(known: sa.Row[Any]) -> dict[str, Any]:
    return {"of_system": known.system, "of_kind": known.kind, "of_id": known.external_id}


def _write(
    connection: sa.Connection, ended: Sequence[dict[str, Any]], begun: Sequence[dict[str, Any]], at: datetime
) -> None:
    if ended:
        connection.execute(_ENDING.values(until=at), ended)
    for chunk in chunked(begun):
        connection.execute(sa.insert(tenures), chunk)


_ENDING = sa.update(tenures).where(
    tenures.c.system == sa.bindparam("of_system"),
    tenures.c.kind == sa.bindparam("of_kind"),
    tenures.c.external_id == sa.bindparam("of_id"),
    tenures.c.until.is_(None),
)


def _place(item: Item) -> _Place:
    return item.system, item.kind.value, item.ref.external_id


def _row(case: Case, item: Item, turn: int, holder: str, since: datetime, until: datetime | None) -> dict[str, Any]:
    system, kind, external_id = _place(item)
    return {
        "system": system,
        "kind": kind,
        "external_id": external_id,
        "turn": turn,
        "since": since,
        "until": until,
        "holder": holder,
        "about": str(item.about) if item.about else "",
        "case_id": case.id,
    }
