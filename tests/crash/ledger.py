"""A target's truth in a database file of its own: it outlives the hub's process, whenever that dies."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from baton.model.account import Account, AccountState, AccountWrite, Action
from tests.rig.ledgers import DiskLedger
from tests.rig.truth import Applied, Record, Truth


@dataclass(frozen=True, slots=True)
class _Keys:
    ledger: Ledger

    def get(self, key: str) -> str | None:
        with self.ledger.open() as connection:
            row = connection.execute("SELECT external_id FROM journal WHERE key = ?", (key,)).fetchone()
            return row and str(row[0])


class Ledger(DiskLedger):
    """The part of `Truth` that targets use, on disk. One write is one transaction."""

    tables: ClassVar[str] = """
        CREATE TABLE IF NOT EXISTS journal (key TEXT, number TEXT, version INTEGER, action TEXT, external_id TEXT, stale INTEGER);
        CREATE INDEX IF NOT EXISTS journal_key ON journal (key);
        CREATE TABLE IF NOT EXISTS accounts (
            number TEXT PRIMARY KEY, external_id TEXT, state TEXT, fields TEXT, mark INTEGER, version INTEGER);
    """

    def __init__(self, path: Path, at: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(path, at)
        self.lock = threading.RLock()
        self.keys = _Keys(self)

    def apply(self, write: AccountWrite) -> str:
        """Let a write take effect; the process may die just before and just after."""
        self.at("before_acting")
        record = self._record(write.ref.number)
        if write.action is not Action.UPDATE:
            record.state = write.action.leaves
        record.fields.update(write.fields)
        stale = write.version < record.version
        newest = max(record.version, write.version)
        with self.open() as connection:
            if not record.external_id:
                record.external_id = f"x{connection.execute('SELECT count(*) FROM accounts').fetchone()[0] + 1}"
            connection.execute(
                "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)",
                (write.key, write.ref.number, write.version, write.action.value, record.external_id, stale),
            )
            fields = json.dumps(record.fields, ensure_ascii=False)
            connection.execute(
                "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?)",
                (write.ref.number, record.external_id, record.state.value, fields, record.mark + 1, newest),
            )
        self.at("after_acting")
        return record.external_id

    def account(self, number: str) -> Account | None:
        """As the target would show it."""
        record = self._record(number)
        if not record.external_id:
            return None
        return Account(number, record.external_id, record.state, dict(record.fields), str(record.mark))

    def _record(self, number: str) -> Record:
        with self.open() as connection:
            row = connection.execute(
                "SELECT external_id, state, fields, mark, version FROM accounts WHERE number = ?", (number,)
            ).fetchone()
        if row is None:
            return Record("", AccountState.ABSENT, {})
        return Record(row[0], AccountState(row[1]), json.loads(row[2]), row[3], row[4])

    def truth(self) -> Truth:
        """All of it, for the checks."""
        truth = Truth()
        with self.open() as connection:
            numbers = connection.execute("SELECT number FROM accounts").fetchall()
        truth.accounts.update((number, self._record(number)) for (number,) in numbers)
        with self.open() as connection:
            for row in connection.execute("SELECT * FROM journal ORDER BY rowid"):
                truth.keys[row[0]] = row[4]
                truth.journal.append(Applied(row[0], row[1], row[2], Action(row[3]), bool(row[5])))
        return truth
