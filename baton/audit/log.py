"""The audit log in the database: entries commit or roll back together with the action they record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import Connection, insert, select, text, update

from baton.audit.canonical import Json, body_text, checked_kind, entry_bytes, stamp
from baton.audit.merkle import Frontier, leaf_hash
from baton.audit.tables import AuditTables
from baton.audit.verify import Finding, Opener, Report, StatedEntry, examine, export_line, opened
from baton.errors import TamperedError

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. ``body`` holds ids and keyed commitments only, never personal data."""

    at: datetime
    kind: str
    body: Mapping[str, Json]


class AuditLog:
    """Appends to, exports and checks the log in these tables. Stateless: every method takes the connection."""

    def __init__(self, tables: AuditTables) -> None:
        self._tables = tables

    def append(self, connection: Connection, entries: Sequence[Entry]) -> range:
        """Add entries in the caller's transaction and return their sequence numbers.

        The head row is locked until that transaction ends, so appenders queue up: append last, just before the
        commit. Raises ValueError for an entry without a canonical form, `TamperedError` for a damaged head.
        """
        if not entries:
            return range(0)
        frontier = self._locked_head(connection)
        first = frontier.size
        rows, leaves = [], []
        stamps = {moment: stamp(moment) for moment in {entry.at for entry in entries}}
        for seq, entry in enumerate(entries, first):
            at, kind, body = stamps[entry.at], checked_kind(entry.kind), body_text(entry.body)
            leaf = leaf_hash(entry_bytes(seq, at, kind, body))
            leaves.append(leaf)
            rows.append({"seq": seq, "at": at, "kind": kind, "body": body, "leaf": leaf})
        frontier = frontier.extend(leaves)
        connection.execute(insert(self._tables.entries), rows)
        connection.execute(
            update(self._tables.head).where(self._tables.head.c.id == 1),
            {"size": frontier.size, "frontier": frontier.to_bytes()},
        )
        return range(first, frontier.size)

    def head(self, connection: Connection) -> Frontier:
        """The size and frontier as stored; an empty one before the first entry."""
        table = self._tables.head
        row = connection.execute(select(table.c.size, table.c.frontier).where(table.c.id == 1)).one_or_none()
        return Frontier() if row is None else _frontier(row.size, row.frontier)

    def leaves(self, connection: Connection) -> Iterator[bytes]:
        """All leaf hashes in order, recomputed from the rows: what a checkpoint is issued over."""
        return (leaf_hash(entry.content) for entry in self._stated(connection))

    def export(self, connection: Connection, file: BinaryIO) -> int:
        """Write the whole log as JSONL, the form `verify.verify_export` reads; returns the number of entries."""
        count = 0
        for entry in self._stated(connection):
            file.write(export_line(entry.content, entry.leaf))
            count += 1
        return count

    def verify_database(
        self, connection: Connection, keys: Opener | None = None, notes: Iterable[bytes] = ()
    ) -> Report:
        """Check rows, head and signed notes against each other, in one read transaction of the caller.

        Without keys the notes say nothing, and rows and head are compared alone.
        """
        findings: list[Finding] = []
        checkpoints = [] if keys is None else opened(notes, keys, findings)
        report = examine(self._stated(connection), checkpoints, findings)
        return replace(report, findings=(*report.findings, *self._head_findings(connection, report)))

    def _head_findings(self, connection: Connection, report: Report) -> Iterator[Finding]:
        try:
            head = self.head(connection)
        except TamperedError as error:
            yield Finding("head", "audit_head", error.message)
            return
        if (head.size, head.root) != (report.entries, report.root):
            yield Finding("head", "audit_head", f"the head says {head.size} entries and does not fit the rows")

    def _locked_head(self, connection: Connection) -> Frontier:
        """The head, locked to the end of the transaction. SQLite has no row locks; there BEGIN IMMEDIATE does it."""
        table = self._tables.head
        locked = select(table.c.size, table.c.frontier).where(table.c.id == 1).with_for_update()
        row = connection.execute(locked).one_or_none()
        if row is None:
            empty = {"frontier": Frontier().to_bytes()}
            # Both dialects spell it so; whoever loses the race to create the row waits for the winner here.
            first = text("INSERT INTO audit_head (id, size, frontier) VALUES (1, 0, :frontier) ON CONFLICT DO NOTHING")
            connection.execute(first, empty)
            row = connection.execute(locked).one()
        return _frontier(row.size, row.frontier)

    def _stated(self, connection: Connection) -> Iterator[StatedEntry]:
        table = self._tables.entries
        rows = connection.execution_options(yield_per=_CHUNK).execute(select(table).order_by(table.c.seq))
        for place, row in enumerate(rows, 1):
            content = entry_bytes(row.seq, row.at, row.kind, row.body)
            # Whoever edits the database is not bound by the column types; a wrong type is a wrong value here.
            seq = row.seq if isinstance(row.seq, int) else -1
            leaf = bytes(row.leaf) if isinstance(row.leaf, bytes | memoryview) else b""
            yield StatedEntry(f"row {place}", seq, content, leaf)


def _frontier(size: int, stored: bytes) -> Frontier:
    frontier = Frontier.from_bytes(bytes(stored))
    if frontier.size != size:
        raise TamperedError("the head of the audit log contradicts itself")
    return frontier
