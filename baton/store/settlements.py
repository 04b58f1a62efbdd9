"""Final settlements that were kept. What was worked out never changes; only where it stands does, each time audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.errors import TransitionError
from baton.model.settlement import KeptSettlement, SettlementState
from baton.store.personal import Keyring
from baton.store.tables import settlements
from baton.store.trail import Entry, append

_COLUMNS: Final = (
    *("id", "number", "period", "digest", "pack_version", "pack_digest", "prepared_by", "prepared_at", "changed_at"),
    *("reviewed_by", "reviewed_as", "reviewed_at", "run_id", "version"),
)


class SettlementStore:
    """Reads and writes settlements, inside the caller's transaction."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self.keyring = keyring
        self.clock = clock

    def insert(self, connection: sa.Connection, kept: KeptSettlement) -> None:
        """Save a new one."""
        connection.execute(sa.insert(settlements).values(**self._values(kept)))
        self._note(connection, kept, kept.prepared_by, {"pack": kept.pack_digest})

    def get(self, connection: sa.Connection, settlement_id: str) -> KeptSettlement | None:
        """One of them, or None."""
        row = connection.execute(sa.select(settlements).where(settlements.c.id == settlement_id)).first()
        return None if row is None else self._kept(row)

    def listed(self, connection: sa.Connection, number: str = "") -> list[KeptSettlement]:
        """All of them (of one person), the oldest first."""
        query = sa.select(settlements).order_by(settlements.c.prepared_at, settlements.c.id)
        if number:
            query = query.where(settlements.c.number == number)
        return [self._kept(row) for row in connection.execute(query)]

    def newest(self, connection: sa.Connection, limit: int) -> list[KeptSettlement]:
        """So many of them at most, the newest first."""
        query = sa.select(settlements).order_by(settlements.c.prepared_at.desc(), settlements.c.id.desc()).limit(limit)
        return [self._kept(row) for row in connection.execute(query)]

    def count(self, connection: sa.Connection) -> int:
        """How many there are."""
        return int(connection.execute(sa.select(sa.func.count()).select_from(settlements)).scalar_one())

    def of_run(self, connection: sa.Connection, run_id: str) -> list[KeptSettlement]:
        """Those that a pay run was drafted of."""
        query = sa.select(settlements).where(settlements.c.run_id == run_id).order_by(settlements.c.id)
        return [self._kept(row) for row in connection.execute(query)]

    def move(
        self,
        connection: sa.Connection,
        kept: KeptSettlement,
        state: SettlementState,
        person: str,
        facts: Mapping[str, Json],
        **changes: Any,
    ) -> KeptSettlement:
        """Bring one to a state, said by a person; `TransitionError` when it has changed meanwhile."""
        moved = replace(kept, state=state, changed_at=self.clock.now(), version=kept.version + 1, **changes)
        updated = connection.execute(
            sa.update(settlements)
            .where(settlements.c.id == kept.id, settlements.c.version == kept.version)
            .values(**self._values(moved))
        )
        if updated.rowcount != 1:
            raise TransitionError(f"{kept.id} has changed meanwhile", code="changed")
        self._note(connection, moved, person, facts)
        return moved

    def _note(self, connection: sa.Connection, kept: KeptSettlement, person: str, facts: Mapping[str, Json]) -> None:
        body: dict[str, Json] = {"settlement": kept.id, "what": kept.state.value, "by": person, "digest": kept.digest}
        append(connection, [Entry(kind="settlement", at=kept.changed_at, body=body | dict(facts))])

    def _values(self, kept: KeptSettlement) -> dict[str, Any]:
        document = orjson.dumps({"case": kept.case, "result": kept.result}, option=orjson.OPT_SORT_KEYS)
        sealed = self.keyring.seal(document, **_place(kept.id, kept.version))
        return {name: getattr(kept, name) for name in _COLUMNS} | {"state": kept.state.value, "sealed": sealed}

    def _kept(self, row: sa.Row[Any]) -> KeptSettlement:
        document = orjson.loads(self.keyring.open(row.sealed, **_place(row.id, row.version)))
        known = {name: getattr(row, name) for name in _COLUMNS}
        return KeptSettlement(**known, state=SettlementState(row.state), **document)


def _place(row: str, version: int) -> dict[str, Any]:
    return {"table": "settlements", "row": row, "column": "sealed", "version": version}
