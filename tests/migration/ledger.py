"""A target whose truth is a database file of its own: it outlives the hub's process, whenever that dies."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import polars as pl

from baton.contracts import Collection
from baton.model.account import Receipt
from baton.records.types import from_text
from tests.rig.ledgers import DiskLedger
from tests.rig.records import STAFF, NewSystem

Body = dict[str, str | None]


class Ledger(DiskLedger):
    """What is there, and every write that has taken effect."""

    tables: ClassVar[str] = """
        CREATE TABLE IF NOT EXISTS staff (code TEXT PRIMARY KEY, body TEXT);
        CREATE TABLE IF NOT EXISTS journal (action TEXT, code TEXT);
    """

    def truth(self) -> dict[str, Body]:
        """All records."""
        with self.open() as connection:
            return {code: json.loads(body) for code, body in connection.execute("SELECT code, body FROM staff")}

    def journal(self) -> list[tuple[str, str]]:
        """Every write that has taken effect, in order."""
        with self.open() as connection:
            return connection.execute("SELECT action, code FROM journal ORDER BY rowid").fetchall()

    def put(self, rows: Mapping[str, Body]) -> None:
        """Records that are there whatever happens here."""
        with self.open() as connection:
            made = [(code, _written({**dict.fromkeys(STAFF), "code": code, **body})) for code, body in rows.items()]
            connection.executemany("INSERT INTO staff VALUES (?, ?)", made)


class LedgerTarget(NewSystem):
    """Carries a call out in two halves: a process may die before, between and after them."""

    record_batch_limit: ClassVar[int] = 16

    def count(self, collection: Collection) -> int:
        return len(self.shelf.truth())

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        names = list(dict.fromkeys((*collection.key, *fields)))
        truth = self.shelf.truth()
        found = [{name: truth[key].get(name) for name in names} for key in keys["code"].to_list() if key in truth]
        frame = pl.DataFrame(found, schema=dict.fromkeys(names, pl.String))
        return frame.select(from_text(pl.col(name), self.fields[name]).alias(name) for name in names)

    def _write(self, action: str, rows: pl.DataFrame, before: pl.DataFrame | None) -> Sequence[Receipt]:
        assert 0 < rows.height <= self.record_batch_limit
        pairs = list(zip(rows.to_dicts(), [None] * rows.height if before is None else before.to_dicts(), strict=True))
        middle = (len(pairs) + 1) // 2
        receipts: list[Receipt] = []
        for half, point in ((pairs[:middle], "before_acting"), (pairs[middle:], "half_way")):
            self.shelf.at(point)
            with self.shelf.open() as connection:
                receipts += [self._act(connection, action, row, was) for row, was in half]
        self.shelf.at("after_acting")
        return receipts

    def _act(
        self, connection: sqlite3.Connection, action: str, row: dict[str, Any], was: dict[str, Any] | None
    ) -> Receipt:
        found = connection.execute("SELECT body FROM staff WHERE code = ?", (row["code"],)).fetchone()
        there = found and json.loads(found[0])
        if action == "delete" and there is None:
            return Receipt.done()
        wanted = was and json.loads(_written(was))
        alike = there is None if was is None else there is not None and all(there[n] == v for n, v in wanted.items())
        if not alike:
            return Receipt.refused(self.CHANGED, "not as expected")
        if action == "delete":
            connection.execute("DELETE FROM staff WHERE code = ?", (row["code"],))
        else:
            connection.execute("INSERT OR REPLACE INTO staff VALUES (?, ?)", (row["code"], _written(row)))
        connection.execute("INSERT INTO journal VALUES (?, ?)", (action, row["code"]))
        return Receipt.done()


def _written(row: Mapping[str, Any]) -> str:
    texts = {
        name: value.isoformat() if hasattr(value, "isoformat") else value if value is None else str(value)
        for name, value in row.items()
    }
    return json.dumps(texts, ensure_ascii=False)
