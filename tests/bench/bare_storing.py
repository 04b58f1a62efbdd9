"""The least that a saved plan can take: its rows as they came to be, put into the same tables by sqlite3 and nothing else."""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.bench.figures import timed

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
"""As the hub's own connections have them."""
TIMES = 3


def copied(database: Path, to: Path) -> Path:
    """The database as it stands now, in a file of its own."""
    to.unlink(missing_ok=True)
    with _opened(database) as now, _opened(to) as copy:
        now.backup(copy)
    return to


def bare_storing_s(before: Path, after: Path) -> tuple[int, float]:
    """How many rows are new or other in ``after``; and the seconds in which they are stored in a copy of ``before``."""
    with _opened(after) as database:
        database.execute("ATTACH ? AS before", (str(before),))
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {
            name: database.execute(f'SELECT * FROM main."{name}" EXCEPT SELECT * FROM before."{name}"').fetchall()
            for name in names
        }
        writes = [(_upsert(database, name), of) for name, of in rows.items() if of]
    took_s = statistics.median(_stored_s(before, writes) for _ in range(TIMES))
    return sum(len(of) for _, of in writes), took_s


def _stored_s(before: Path, writes: list[tuple[str, list[tuple[object, ...]]]]) -> float:
    place = copied(before, before.with_suffix(".bare"))
    with _opened(place) as database:

        def store() -> None:
            database.execute("BEGIN IMMEDIATE")
            database.execute("PRAGMA defer_foreign_keys=ON")  # the tables come in no order of their own
            for statement, rows in writes:
                database.executemany(statement, rows)
            database.execute("COMMIT")

        took_s = timed(store)
    place.unlink()
    return took_s


def _upsert(database: sqlite3.Connection, table: str) -> str:
    columns = database.execute(f'PRAGMA main.table_info("{table}")').fetchall()
    names = [column[1] for column in columns]
    key = [f'"{column[1]}"' for column in columns if column[5]]
    others = ", ".join(f'"{column[1]}" = excluded."{column[1]}"' for column in columns if not column[5])
    conflict = f"DO UPDATE SET {others}" if others else "DO NOTHING"
    return f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(names))}) ON CONFLICT ({", ".join(key)}) {conflict}'


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in PRAGMAS:
            database.execute(f"PRAGMA {pragma}")
        yield database
