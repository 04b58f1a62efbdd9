"""Looking into PostgreSQL: the rows of the hub's databases, and what their server has logged.

Rows are read by SQL: in the server's files a long value may be packed. The write-ahead log has what is no row any more:
deleted, written over, taken back. Which databases are the hub's they say themselves, by its tables; in the others are
records of the company's own, which tests move: there such values belong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, LiteralString, cast

import psycopg

from baton.store.tables import person_versions
from tests.canaries import wal
from tests.canaries.server_logs import New, ServerLogs
from tests.rig.connections import has_spoken
from tests.servers.postgres import Postgres

Kinds = Callable[[bytes], list[str]]
"""Which kinds of thing these bytes hold and must not."""
Note = Callable[[str, str, list[str]], None]
"""Told what was looked at, its name, and the kinds of thing in it."""
_KNOWN_BY: Final = person_versions.name
_TABLES: Final = (
    "SELECT relname, format('%I.%I', nspname, relname)"
    " FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid"
    " WHERE relkind IN ('r', 'm') AND relpersistence <> 't'"
    " AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
)
_ITSELF: Final = "SELECT oid, datname FROM pg_database WHERE datname = current_database()"
_SETTINGS: Final = "SET application_name = 'canaries'; SET synchronous_commit = on; SET lock_timeout = '10s'"
_BETWEEN: Final = b"\0\0"


class Servers:
    """The databases that the test which runs now has to do with, on servers of the tests' own."""

    def __init__(self, kinds: Kinds, note: Note) -> None:
        self._kinds, self._note = kinds, note
        self._used: dict[str, Postgres] = {}
        """URLs of what was made or cleared and has not been looked at since."""
        self._logs: dict[Postgres, ServerLogs] = {}
        self._hubs: dict[Postgres, dict[int, str]] = {}
        """The hub's databases on each server: OID -> name."""
        self._connections: dict[str, psycopg.Connection[Any]] = {}

    def listen(self) -> None:
        """From now on hear of every database that is made or cleared, and look into those that go before they do."""
        create, clear, drop = Postgres.create, Postgres.clear, Postgres.drop

        def created(server: Postgres, like: str = "") -> str:
            if server not in self._logs:
                self._logs[server], self._hubs[server] = ServerLogs(server), {}
            self._leave(like)  # nobody may be connected to what is copied
            url = create(server, like)
            self._used[url] = server
            return url

        def cleared(server: Postgres, url: str, tables: Sequence[str], spared: Sequence[int]) -> None:
            ours = self._connections.get(url)
            clear(server, url, tables, spared if ours is None else [*spared, ours.info.backend_pid])
            self._used[url] = server

        def dropped(server: Postgres, url: str) -> None:
            if url in self._used:
                self._look_at({url: self._used.pop(url)})
            self._leave(url)
            drop(server, url)

        Postgres.create, Postgres.clear, Postgres.drop = created, cleared, dropped  # type: ignore[method-assign]

    def look(self) -> None:
        """Into everything that was made or cleared since the last time and is still there."""
        used, self._used = self._used, {}
        self._look_at(used)

    def _look_at(self, databases: dict[str, Postgres]) -> None:
        """Into the rows, and the logs where a database is the hub's; where none is, nobody need read them."""
        hubs = {url for url, server in databases.items() if self._look_at_rows(server, url)}
        for server in set(databases.values()):
            urls = [url for url, its in databases.items() if its == server]
            new = self._logs[server].pass_on(self._reach(server, urls[0]))
            if hubs.intersection(urls):
                self._look_at_logs(server, new)

    def _look_at_rows(self, server: Postgres, url: str) -> bool:
        """Whether a database is the hub's; if so, into every table."""
        connection = self._reach(server, url)
        tables = dict(connection.execute(_TABLES).fetchall())
        if _KNOWN_BY not in tables:
            return False
        for name, rows in connection.execute(_content_of(tables), binary=True):
            self._note("table", name, self._kinds(rows or b""))
        self._hubs[server].update(connection.execute(_ITSELF).fetchall())
        return True

    def _look_at_logs(self, server: Postgres, new: New) -> None:
        logs, hubs = self._logs[server], self._hubs[server]
        records = logs.written_ahead(new)
        if self._kinds(records):  # whose they are takes longer to find out
            self._note("write-ahead log", "PostgreSQL", self._kinds(_BETWEEN.join(wal.of_databases(records, hubs))))
        self._note("log", "PostgreSQL", self._kinds(logs.said_of(new, hubs.values())))

    def _reach(self, server: Postgres, url: str) -> psycopg.Connection[Any]:
        """A connection to a database, which stays for the next time: a new one would take longer than the look."""
        connection = self._connections.get(url)
        if connection is None or has_spoken(connection):
            self._leave(url)
            connection = self._connections[url] = server.connect(url.rpartition("/")[2])
            connection.execute(_SETTINGS)
        return connection

    def _leave(self, url: str) -> None:
        if connection := self._connections.pop(url, None):
            connection.close()


def _content_of(tables: dict[str, str]) -> LiteralString:
    """A query for the rows of each table as COPY would write them: one for all takes a tenth of a COPY for each."""
    content = "string_agg(record_send(t), '\\x00'::bytea)"
    return cast(
        "LiteralString", " UNION ALL ".join(f"SELECT '{n}', {content} FROM {each} t" for n, each in tables.items())
    )
