"""A copy of the SQLite database while it is in use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from baton.errors import ConfigurationError, Fault, TamperedError
from baton.store.database import Database, made_private
from baton.store.instants import from_micros


def copy_database(database: Database, to: Path) -> None:
    """One consistent copy, as of one moment, by SQLite's own online backup; writers go on meanwhile.

    Raises `ConfigurationError` on PostgreSQL, whose own tools do this better.
    """
    if database.dialect != "sqlite":
        message = "this hub is on PostgreSQL: take the database with pg_dump (docs/operations.md, Back up and restore)"
        raise ConfigurationError([Fault("database", "postgresql", message)])
    with database.read() as connection:
        source: Any = connection.connection.driver_connection
        target = sqlite3.connect(made_private(to))
        try:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        finally:
            target.close()


def entries_in(file: Path) -> int:
    """How many entries the audit log has in a copy: fewer than in the database that has gone on since."""
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        (count,) = connection.execute("SELECT count(*) FROM audit_entries").fetchone()
    finally:
        connection.close()
    return int(count)


def erasures_in(file: Path) -> set[tuple[str, datetime]]:
    """Who (employee number) was erased when, by a database that is about to be replaced.

    Empty where there is none, or it cannot be read any more: that may be why it is replaced.
    """
    if not file.exists():
        return set()
    query = "SELECT number, erased_at FROM erasures WHERE erased_at IS NOT NULL"
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return {(number, from_micros(at)) for number, at in connection.execute(query)}
    except sqlite3.DatabaseError:
        return set()


def require_sound(file: Path) -> None:
    """Raise `TamperedError` unless SQLite finds the file whole, foreign keys included."""
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        said = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError:
        said, dangling = ["it is no database"], None
    finally:
        connection.close()
    if said != ["ok"] or dangling is not None:
        raise TamperedError(f"the database {file.name} is damaged", code="damaged", remedy="use another backup")


def require_unused(file: Path) -> None:
    """Raise `ConfigurationError` while another process has this database open for writing; fine where there is none."""
    if not file.exists():
        return
    connection = sqlite3.connect(file, timeout=0.5, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        message = "another process is using the database: stop the scheduler, its workers and the console first"
        raise ConfigurationError([Fault(str(file), "in_use", message)]) from None
    except sqlite3.DatabaseError:
        return  # a damaged database is what a restore is for
    finally:
        connection.close()
