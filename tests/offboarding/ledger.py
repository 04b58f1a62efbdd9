"""Systems whose truth is a database file of its own: it outlives the hub's process, whenever that dies."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from baton.contracts import AccessControl, OwnershipStore, SessionControl, TransferResults
from baton.model.account import AccountRef, Receipt
from baton.model.handover import Grant, GrantChange, Holding, HoldingKind, HoldingRef, SessionEnd, Transfer, Undo
from tests.rig.ledgers import DiskLedger
from tests.rig.targets import KeyTarget


class HeldLedger(DiskLedger):
    """Who holds what in one system, and every change of that."""

    tables: ClassVar[str] = """
        CREATE TABLE IF NOT EXISTS held (kind TEXT, id TEXT, holder TEXT, stage TEXT, PRIMARY KEY (kind, id));
        CREATE TABLE IF NOT EXISTS moves (kind TEXT, id TEXT, before TEXT, after TEXT, key TEXT);
        CREATE TABLE IF NOT EXISTS promises (kind TEXT, id TEXT, before TEXT, after TEXT, key TEXT, PRIMARY KEY (kind, id));
        CREATE TABLE IF NOT EXISTS grants (person TEXT, name TEXT, PRIMARY KEY (person, name));
        CREATE TABLE IF NOT EXISTS sessions (person TEXT PRIMARY KEY);
    """

    def plant(self, kind: HoldingKind, ids: Sequence[str], holder: str) -> None:
        """Things that somebody holds from the beginning."""
        with self.open() as connection:
            connection.executemany(
                "INSERT INTO held VALUES (?, ?, ?, 'new')", [(kind.value, each, holder) for each in ids]
            )

    def permit(self, person: str, *names: str) -> None:
        """Rights somebody has, and a session they are logged in with."""
        with self.open() as connection:
            connection.executemany("INSERT INTO grants VALUES (?, ?)", [(person, name) for name in names])
            connection.execute("INSERT INTO sessions VALUES (?)", (person,))

    def truth(self) -> dict[str, object]:
        """All of it, to be compared."""
        with self.open() as connection:
            return {
                table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall())
                for table in ("held", "promises", "grants", "sessions")
            }

    def moves(self) -> list[tuple[str, str, str, str]]:
        """(kind, id, from, to), in the order in which they took effect."""
        with self.open() as connection:
            return connection.execute("SELECT kind, id, before, after FROM moves ORDER BY rowid").fetchall()

    def answer(self) -> None:
        """The clients who were asked agree."""
        with self.open() as connection:
            for kind, each, before, after, key in connection.execute("SELECT * FROM promises").fetchall():
                _give(connection, kind, each, before, after, key)
            connection.execute("DELETE FROM promises")


def _give(connection: sqlite3.Connection, kind: str, each: str, before: str, after: str, key: str) -> None:
    giving = "UPDATE held SET holder = ? WHERE kind = ? AND id = ? AND holder = ?"
    if connection.execute(giving, (after, kind, each, before)).rowcount:
        connection.execute("INSERT INTO moves VALUES (?, ?, ?, ?, ?)", (kind, each, before, after, key))


class LedgerKeeper(KeyTarget, OwnershipStore, AccessControl, SessionControl):
    """Carries a call out in two halves: a process may die before, between and after them."""

    batch_limit: ClassVar[int] = 50
    transfers: ClassVar[Mapping[HoldingKind, Undo]] = {
        HoldingKind.CLIENT: Undo.REVERSIBLE,
        HoldingKind.OPPORTUNITY: Undo.REVERSIBLE,
    }
    transfer_limit: ClassVar[int] = 4
    change_limit: ClassVar[int] = 2

    @property
    def held(self) -> HeldLedger:
        held: HeldLedger = self.truth.belongings
        return held

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        self.held.at("reading")
        with self.held.open() as connection:
            rows = connection.execute("SELECT kind, id, stage FROM held WHERE holder = ?", (person.external_id,))
            found = [_holding(*row) for row in rows.fetchall()]
        for start in range(0, len(found), 10):
            yield found[start : start + 10]
        self.held.at("read")

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        self.held.at("reading_back")
        with self.held.open() as connection:
            return [_holder(connection, ref) for ref in refs]

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        assert 0 < len(transfers) <= self.transfer_limit
        middle = (len(transfers) + 1) // 2
        receipts: list[Receipt] = []
        for half, point in ((transfers[:middle], "before_acting"), (transfers[middle:], "half_way")):
            self.held.at(point)
            with self.held.open() as connection:
                receipts += [self._transfer(connection, each) for each in half]
        self.held.at("after_acting")
        return receipts

    def _transfer(self, connection: sqlite3.Connection, each: Transfer) -> Receipt:
        now = _holder(connection, each.ref)
        if now == each.successor.external_id:
            return Receipt.done(each.ref.external_id)
        if now != each.holder.external_id:
            return Receipt.refused(self.CHANGED, "somebody else has it")
        return self._agreed(connection, each)

    def _agreed(self, connection: sqlite3.Connection, each: Transfer) -> Receipt:
        _give(connection, each.ref.kind.value, each.ref.external_id, *_sides(each), each.key)
        return Receipt.done(each.ref.external_id)

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        with self.held.open() as connection:
            names = connection.execute("SELECT name FROM grants WHERE person = ?", (person.external_id,)).fetchall()
        return [Grant(name, f"权限{name}", "role") for (name,) in sorted(names)]

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        return self._change(changes, "DELETE FROM grants WHERE person = ? AND name = ?")

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        return self._change(changes, "INSERT OR IGNORE INTO grants VALUES (?, ?)")

    def _change(self, changes: Sequence[GrantChange], statement: str) -> Sequence[Receipt]:
        self.held.at("before_changing_rights")
        with self.held.open() as connection:
            connection.executemany(statement, [(c.person.external_id, c.grant_id) for c in changes])
        self.held.at("after_changing_rights")
        return [Receipt.done() for _ in changes]

    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        self.held.at("before_logging_out")
        with self.held.open() as connection:
            connection.executemany("DELETE FROM sessions WHERE person = ?", [(e.person.external_id,) for e in ends])
        return [Receipt.done() for _ in ends]


class LedgerPromiser(LedgerKeeper, TransferResults):
    """The same, whose yes is a promise until the clients have answered."""

    def _agreed(self, connection: sqlite3.Connection, each: Transfer) -> Receipt:
        values = (each.ref.kind.value, each.ref.external_id, *_sides(each), each.key)
        connection.execute("INSERT OR REPLACE INTO promises VALUES (?, ?, ?, ?, ?)", values)
        return Receipt.accepted(each.ref.external_id)

    def transfer_results(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        self.held.at("asking_results")
        with self.held.open() as connection:
            return [self._result(connection, each) for each in transfers]

    def _result(self, connection: sqlite3.Connection, each: Transfer) -> Receipt:
        if connection.execute("SELECT 1 FROM promises WHERE key = ?", (each.key,)).fetchone():
            return Receipt.accepted(each.ref.external_id)
        if _holder(connection, each.ref) == each.successor.external_id:
            return Receipt.done(each.ref.external_id)
        return Receipt.refused("client_refused", "the client does not want to")


def _sides(each: Transfer) -> tuple[str, str]:
    return str(each.holder.external_id), str(each.successor.external_id)


def _holder(connection: sqlite3.Connection, ref: HoldingRef) -> str | None:
    row = connection.execute("SELECT holder FROM held WHERE kind = ? AND id = ?", (ref.kind.value, ref.external_id))
    found = row.fetchone()
    return None if found is None else str(found[0])


def _holding(kind: str, each: str, stage: str) -> Holding:
    return Holding(HoldingRef(HoldingKind(kind), each), f"测试{kind}{each}䶮", {"stage": stage})
