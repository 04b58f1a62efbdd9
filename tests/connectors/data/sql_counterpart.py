"""A SQL database as the laws meet it: one real PostgreSQL, and for every bench a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from baton.kit.servers import NoServerError
from tests.servers import postgres, unprivileged

_TABLE = "code varchar(20) PRIMARY KEY, name text, born date, salary numeric(12,2)"


class SqlCounterpart:
    """One database with an empty table ``people``."""

    def __init__(self, server: postgres.Postgres) -> None:
        self._server = server
        self.name = server.create().rsplit("/", 1)[1]
        with server.connect(self.name) as connection:
            connection.execute(f"CREATE TABLE people ({_TABLE})")

    @property
    def settings(self) -> Mapping[str, object]:
        url = f"postgresql://postgres@127.0.0.1:{self._server.port}/{self.name}"
        return {"database_url": url, "tls": "off"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"password": self._server.password}


@contextmanager
def counterparts(scratch: Path) -> Iterator[Callable[[], SqlCounterpart]]:
    """A started server; each call gives a fresh database on it."""
    try:
        running = postgres.postgres()
        server = running.__enter__()
    except unprivileged.NoServerError as error:
        raise NoServerError(f"no PostgreSQL can be had here: {error}") from error
    try:
        yield lambda: SqlCounterpart(server)
    finally:
        running.__exit__(None, None, None)
