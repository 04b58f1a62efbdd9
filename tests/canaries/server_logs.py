"""The two logs of a PostgreSQL server, each from where it was read last: what it wrote ahead, and what it says."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from tests.canaries import wal
from tests.servers.postgres import Postgres

_HERE: Final = "SELECT pg_current_wal_insert_lsn()"
_MARK: Final = "SELECT pg_logical_emit_message(true, 'canaries', '')"
"""Puts a record into the log and answers where that ends; with the commit all that stands before it is in the files."""
_ENTRY: Final = re.compile(rb"^(?=[0-9]{4}-[0-9]{2}-[0-9]{2} )", re.MULTILINE)
"""Where the server begins to say something."""


@dataclass(frozen=True, slots=True)
class New:
    """A part of both logs: from where to where."""

    written_ahead: tuple[int, int]
    said: tuple[int, int]


class ServerLogs:
    """Those of one server, from now on."""

    def __init__(self, server: Postgres) -> None:
        with server.connect() as connection:
            ((here,),) = connection.execute(_HERE)
        self._wal, self._said = server.folder / "data" / "pg_wal", server.folder / "log"
        self._written_until, self._said_until = wal.place(here), self._said.stat().st_size

    def pass_on(self, connection: psycopg.Connection[Any]) -> New:
        """What is new since the last time; the connection must wait for its commits."""
        ((here,),) = connection.execute(_MARK)
        before = self._written_until, self._said_until
        self._written_until, self._said_until = wal.place(here), self._said.stat().st_size
        return New((before[0], self._written_until), (before[1], self._said_until))

    def written_ahead(self, new: New) -> bytes:
        """The records of a part, for all databases. Raises `wal.LogGoneError`."""
        return wal.between(self._wal, *new.written_ahead)

    def said_of(self, new: New, databases: Collection[str]) -> bytes:
        """What the server says in a part about those of these names."""
        start, end = new.said
        with self._said.open("rb") as log:
            log.seek(start)
            entries = _ENTRY.split(log.read(end - start))
        marks = [f" {name}: ".encode() for name in databases]
        return b"".join(entry for entry in entries if any(mark in entry for mark in marks))
