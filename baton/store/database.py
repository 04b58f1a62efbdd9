"""Opening the database so that concurrent writers lose nothing."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import orjson
import sqlalchemy as sa

from baton.errors import ConfigurationError, Fault, UnstorableError
from baton.store.turns import Turns

_READ = {"baton_read": True}
_BUSY_S: Final = 60.0
_SCRUB_S: Final = 10.0
"""So long the log is waited for, with everybody who writes: well under their own patience. It is tried again later."""
_MOST_OWED: Final = 2**31 - 2
_OWNERS: Final = 0o600
_ALWAYS: Final[dict[str, Any]] = {
    "hide_parameters": True,  # no value of a row in the message of an error, and so in no log
    "json_serializer": lambda value: orjson.dumps(value).decode(),
    "json_deserializer": orjson.loads,
}


class Database:
    """One SQLAlchemy engine with the ways to use it: `write` (and `write_next`, for the brief) and `read`.

    SQLite gets what it needs to be safe (measured: without them concurrent updates are lost silently): every write
    transaction takes the write lock at once (BEGIN IMMEDIATE), WAL, a busy timeout, foreign keys, full synchronous.
    """

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.dialect = self.url.get_backend_name()
        self._turns = Turns()
        if self.dialect == "sqlite":
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.engine = sa.create_engine(
                self.url, connect_args={"timeout": _BUSY_S}, pool_size=16, max_overflow=16, **_ALWAYS
            )
            _make_sqlite_safe(self.engine)
        elif self.dialect == "postgresql":
            self.engine = sa.create_engine(self.url, pool_pre_ping=True, pool_size=8, max_overflow=24, **_ALWAYS)
            sa.event.listen(self.engine, "handle_error", _tell_of_nul)
        else:
            fault = Fault("systems.yaml", "database", f"database {self.dialect!r} is not supported: sqlite, postgresql")
            raise ConfigurationError([fault])

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A read-write transaction; commits at the end, rolls back on any exception."""
        with self._after(self._turns.after_all), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write_next(self) -> Iterator[sa.Connection]:
        """The same, before all of this process that only wait to `write`: for a row or two that a call waits for."""
        with self._after(self._turns.next), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _after(self, turn: Callable[[float], AbstractContextManager[None]]) -> Iterator[None]:
        """One writer of this process after the other: SQLite lets one write, and has the others ask again and again.

        Who waits in vain goes on, and SQLite says that the database is locked.
        """
        with turn(_BUSY_S) if self.dialect == "sqlite" else nullcontext():
            yield

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A read-only view that never waits for a writer."""
        with self.engine.connect() as connection:
            yield connection.execution_options(**_READ)
            connection.rollback()

    @contextmanager
    def read_at_once(self) -> Iterator[sa.Connection]:
        """The same, and whatever is asked is answered as of one moment: SQLite never does otherwise."""
        level = {"isolation_level": "REPEATABLE READ"} if self.dialect == "postgresql" else {}
        with self.engine.connect() as connection:
            yield connection.execution_options(**_READ, **level)
            connection.rollback()

    def alone(self, connection: sa.Connection, task: str) -> None:
        """Let no other transaction that asks for the same ``task`` run until this one ends."""
        if self.dialect == "postgresql":
            number = int.from_bytes(hashlib.sha256(task.encode()).digest()[:8], "big", signed=True)
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))

    def owe_scrub(self, connection: sa.Connection) -> None:
        """Note, in the transaction that takes something out, that SQLite's log has to be emptied after it.

        The note is a number in the head of the database, which SQLite leaves to whoever uses it: so it is kept or
        undone with the transaction, outlives a kill, and goes with the file wherever that is moved.
        """
        if self.dialect == "sqlite":
            owed = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            connection.exec_driver_sql(f"PRAGMA user_version = {owed % _MOST_OWED + 1}")

    def scrub(self) -> bool:
        """Leave nothing of deleted rows behind: SQLite's log is emptied (freed pages are zeroed as they are freed).

        Nothing is done where it is not owed. False where somebody is at work for longer than this waits: it is owed
        still.
        PostgreSQL overwrites old rows when its vacuum comes by; its log is the administrator's.
        """
        if self.dialect != "sqlite":
            return True
        with self._after(self._turns.after_all), self.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute(f"PRAGMA busy_timeout = {_SCRUB_S * 1000:.0f}")
            try:
                return _emptied(raw)
            except sqlite3.OperationalError:  # somebody writes for as long
                return False
            finally:
                raw.execute(f"PRAGMA busy_timeout = {_BUSY_S * 1000:.0f}")

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _emptied(raw: Any) -> bool:
    """Empty the log of SQLite where that is owed; whether nothing is owed any more."""
    (owed,) = raw.execute("PRAGMA user_version").fetchone()
    if not owed:
        return True
    (busy, _, _) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        return False
    raw.execute("BEGIN IMMEDIATE")
    if raw.execute("PRAGMA user_version").fetchone() == (owed,):  # else somebody has taken out more meanwhile
        raw.execute("PRAGMA user_version = 0")
    raw.execute("COMMIT")
    return True


def _tell_of_nul(context: sa.ExceptionContext) -> None:
    """What the driver refuses to send is whoever's fault has written it, not the database's."""
    if isinstance(context.sqlalchemy_exception, sa.exc.DataError) and _has_nul(context.parameters):
        raise UnstorableError("a text has a NUL character in it", remedy="send it without")


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(map(_has_nul, value.values()))
    return isinstance(value, list | tuple) and any(map(_has_nul, value))


def made_private(path: Path) -> Path:
    """An empty file that only its owner may read and write: SQLite itself, like any copying, would let everybody."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, _OWNERS))
    return path


def _make_sqlite_safe(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "do_connect")
    def _make(_dialect: Any, _record: Any, args: list[Any], _more: Any) -> None:
        path = Path(args[0])
        if args[0] != ":memory:" and not path.exists():
            made_private(path)

    @sa.event.listens_for(engine, "connect")
    def _configure(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # pysqlite must not send BEGIN by itself: it would not lock before a SELECT
        cursor = dbapi.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get("baton_read")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
