"""The audit log as somebody keeps it who reads it as it grows: every entry once, and nothing of it believed twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baton.audit.canonical import entry_bytes
from baton.audit.merkle import Frontier, leaf_hash, root_of
from baton.errors import TamperedError
from baton.store.tables import audit
from baton.store.trail import log


@dataclass(frozen=True, slots=True)
class Read:
    """One entry, as it was read."""

    seq: int
    at: datetime
    kind: str
    text: str
    """The body as it stands in the log."""
    body: dict[str, Any]


@dataclass
class Logbook:
    """What was read so far. Each look reads what has come since, and holds the log against what was read before it."""

    faults: list[str] = field(default_factory=list)
    """What the last look has found wrong (I18)."""
    _frontier: Frontier = field(default_factory=Frontier)
    _leaves: list[bytes] = field(default_factory=list)

    def catch_up(self, connection: sa.Connection) -> list[Read]:
        """The entries that are new. ``faults`` says what is wrong with them, or with the log as a whole."""
        entries, size = audit.entries, len(self._leaves)
        found = connection.execute(sa.select(entries).where(entries.c.seq >= size).order_by(entries.c.seq)).all()
        self.faults = []
        for place, row in enumerate(found, size):
            leaf = leaf_hash(entry_bytes(row.seq, row.at, row.kind, row.body))
            if row.seq != place:
                self.faults.append(f"entry {row.seq} stands where {place} should")
            if leaf != row.leaf:
                self.faults.append(f"entry {row.seq} does not have its leaf")
            self._leaves.append(leaf)
        self._frontier = self._frontier.extend(self._leaves[size:])
        self.faults += self._whole(connection)
        return [
            Read(row.seq, datetime.fromisoformat(row.at), row.kind, row.body, json.loads(row.body)) for row in found
        ]

    def _whole(self, connection: sa.Connection) -> Iterator[str]:
        """The head is that of all that was ever read, and as many entries are there."""
        there = connection.execute(sa.select(sa.func.count()).select_from(audit.entries)).scalar_one()
        if there != len(self._leaves):
            yield f"{len(self._leaves)} entries were read, and {there} are there"
        try:
            head = log.head(connection)
        except TamperedError as error:
            yield error.message
            return
        if (head.size, head.root) != (self._frontier.size, self._frontier.root):
            yield f"the head says {head.size} entries and is not that of the {len(self._leaves)} that were read"

    def disagrees(self, size: int, root: bytes) -> str:
        """What is wrong with a checkpoint: it must be of the log as it was when it had so many entries."""
        if size > len(self._leaves):
            return f"a checkpoint is of {size} entries, and there are {len(self._leaves)}"
        return "" if root_of(self._leaves[:size]) == root else f"the checkpoint of {size} entries is of another log"


def replayed(connection: sa.Connection) -> Sequence[Read]:
    """All entries, for who looks once."""
    return Logbook().catch_up(connection)
