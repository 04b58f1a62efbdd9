"""The hub's schema in a new database, laid out once and copied: making it anew took a fifth of many a test."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton.store.database import Database
from baton.store.migrate import upgrade

_UNPACKED: Final = """
DO $$ DECLARE line text; BEGIN
    FOR line IN
        SELECT format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE EXTERNAL', attrelid::regclass, attname)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND attstorage = 'x'
    LOOP EXECUTE line; END LOOP;
END $$
"""


def migrate(url: str) -> None:
    """Bring a database up to date, as a hub does when it opens it.

    Where PostgreSQL would pack long values it must not: what is looked for in its write-ahead log could not be found.
    """
    database = Database(url)
    upgrade(database)
    if database.dialect == "postgresql":
        with database.write() as connection:
            connection.execute(sa.text(_UNPACKED))
    database.close()


@functools.cache
def _laid_out() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hub.sqlite3"
        migrate(f"sqlite:///{file}")
        return file.read_bytes()


def laid_out_already() -> bytes:
    """A database as `lay_out` makes it; nothing as long as none was asked for."""
    return _laid_out() if _laid_out.cache_info().currsize else b""


def lay_out(url: str) -> None:
    """Put the schema where a hub is about to find it: only for an SQLite file that is not there yet."""
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_laid_out())


def lay_out_state(folder: Path) -> None:
    """The same for the hub of a ``systems.yaml`` in this folder that says ``state_dir: state``."""
    lay_out(f"sqlite:///{folder}/state/baton.sqlite3")


def never_wait_for_the_disk(database: Database) -> None:
    """From the next connection on: what only a failure of the power would lose need not be safe in a test."""
    if database.dialect == "sqlite":
        database.engine.dispose()
        sa.event.listen(database.engine, "connect", lambda dbapi, _: dbapi.execute("PRAGMA synchronous=OFF"))
