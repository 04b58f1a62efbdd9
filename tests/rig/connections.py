"""Connections to PostgreSQL that outlive the hub of one test.

Every test opens several hubs, and each of them some fifteen connections: a process of the server for each, which reads
the catalogue first. That was more work for the server than everything it was asked.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus

from baton.store.database import Database


class Connections:
    """Those of one database. A hub that closes its own leaves them here; the next one gets them."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._idle: list[psycopg.Connection[Any]] = []
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return len(self._idle)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While it lasts, every hub of this process that opens this database takes them; then they are closed."""
        open_alone = Database.__init__

        def open_with_these(database: Database, url: str) -> None:
            open_alone(database, url)
            if database.url == self._url:
                sa.event.listen(database.engine, "do_connect", self._take)
                database.engine.dialect.do_close = self._put_back  # type: ignore[method-assign]

        Database.__init__ = open_with_these  # type: ignore[method-assign]
        try:
            yield
        finally:
            Database.__init__ = open_alone  # type: ignore[method-assign]
            while self._idle:
                self._idle.pop().close()

    def processes(self) -> list[int]:
        """The server's processes behind those that nobody uses now."""
        with self._guard:
            return [connection.info.backend_pid for connection in self._idle]

    def _take(self, *_: object) -> psycopg.Connection[Any] | None:
        """One of them; None has the hub make its own."""
        with self._guard:
            while self._idle:
                connection = self._idle.pop()
                if not has_spoken(connection):
                    return connection
                connection.close()
        return None

    def _put_back(self, connection: Any) -> None:
        """Keep what is at rest: Baton sets nothing that would outlast a transaction."""
        if connection.closed or connection.info.transaction_status is not TransactionStatus.IDLE:
            connection.close()
            return
        with self._guard:
            self._idle.append(connection)


def has_spoken(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server has said something unasked: that it has ended this one."""
    return bool(select.select([connection.fileno()], [], [], 0)[0])
