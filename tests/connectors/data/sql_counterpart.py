"""A SQL database as the laws meet it: one real PostgreSQL, and for every bench a table of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from baton.kit.servers import NoServerError
from tests.connectors.data.databases import Database, PostgresDatabase
from tests.servers import postgres, unprivileged

COLUMNS: Final = ("code", "name", "note", "n", "money", "flag", "born", "seen")
"""Of the table, those that all kinds of database hold exactly."""
_numbers = itertools.count(1)


class SqlCounterpart:
    """One empty table of a database."""

    record_text = "name"

    def __init__(self, database: Database) -> None:
        self.database = database
        self.record_collection = f"people_{next(_numbers)}"
        database.people(self.record_collection)
        given = database.settings(tables=(self.record_collection,), time_zone="UTC")
        self.secrets: Mapping[str, str] = {name: str(given.pop(name)) for name in ("password",) if name in given}
        self.settings: Mapping[str, object] = given

    def record(self, n: int) -> Mapping[str, Any]:
        when = datetime(2026, 1, 5, 8, 0, 0, 1, tzinfo=UTC)
        values = (f"K{n:05d}", f"测试{n}", f"备注{n}", n, Decimal(n) + Decimal("0.1000"), n % 2 == 0)
        return dict(zip(COLUMNS, (*values, date(1990, 1, 31), when), strict=True))

    def record_changed(self, n: int) -> Mapping[str, Any]:
        other = {"name": f"测试改{n}", "note": None, "n": -n, "money": Decimal("99.9000"), "flag": n % 2 == 1}
        return {**other, "born": None, "seen": datetime(2025, 12, 31, 16, tzinfo=UTC)}

    def bad_record(self, n: int) -> Mapping[str, Any]:
        """The column ``note`` holds 200 characters."""
        return {**self.record(n), "note": "长" * 201}

    def seed_records(self, numbers: Iterable[int]) -> None:
        """Written by another program."""
        mark = "?" if self.database.product == "sqlite" else "%s"
        marks = ", ".join([mark] * len(COLUMNS))
        insert = f"INSERT INTO {self.record_collection} ({', '.join(COLUMNS)}) VALUES ({marks})"
        rows = [[self._bound(value) for value in self.record(n).values()] for n in numbers]
        connection = self.database.connect()
        try:
            connection.cursor().executemany(insert, rows)
            connection.commit()
        finally:
            connection.close()

    def _bound(self, value: Any) -> Any:
        if self.database.product == "sqlite" and isinstance(value, Decimal | date):
            return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else str(value)
        return value.replace(tzinfo=None) if isinstance(value, datetime) else value


@contextmanager
def counterparts(scratch: Path) -> Iterator[Callable[[], SqlCounterpart]]:
    """A started server; each call gives a fresh table on it."""
    try:
        running = postgres.postgres()
        server = running.__enter__()
    except unprivileged.NoServerError as error:
        raise NoServerError(f"no PostgreSQL can be had here: {error}") from error
    try:
        database = PostgresDatabase(server)
        yield lambda: SqlCounterpart(database)
    finally:
        running.__exit__(None, None, None)
