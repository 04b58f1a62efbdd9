"""SQLite: declared types are taken at their word, and a stored value that is something else is a fault."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import polars as pl
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from baton.sdk import Finding
from connectors.data.sql.catalogue import Column, Kind
from connectors.data.sql.cells import UNFIT
from connectors.data.sql.checks import EXACT_DIGITS
from connectors.data.sql.rowwise import Rowwise

_STEPS_BETWEEN_LOOKS: Final = 20_000
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Sqlite(Rowwise):
    """One SQLite file, which must be there already."""

    def engine(self, address: Callable[[str, int], str]) -> sa.Engine:
        """Connections with foreign keys enforced; transactions are begun by us, not by the driver."""
        given = self.settings
        place = f"file:{quote(str(given.url.database))}?mode=rw"

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(
                place, uri=True, isolation_level=None, timeout=given.lock_timeout_s, check_same_thread=False
            )
            connection.text_factory = _decoded
            connection.execute("PRAGMA foreign_keys = ON")
            return connection

        return sa.create_engine(
            "sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True, pool_reset_on_return=None
        )

    def begin(self, connection: sa.Connection) -> None:
        """BEGIN IMMEDIATE: nobody else writes until the end."""
        self._limit(connection, self.settings.statement_timeout_s)
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def begin_snapshot(self, connection: sa.Connection) -> None:
        """A read transaction; the first SELECT fixes what it sees."""
        self._limit(connection, self.settings.read_timeout_s)
        connection.exec_driver_sql("BEGIN")

    @staticmethod
    def _limit(connection: sa.Connection, timeout_s: float) -> None:
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError("not a sqlite3 connection")
        end = time.monotonic() + timeout_s
        driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS_BETWEEN_LOOKS)

    def lock(self, query: sa.Select[Any]) -> sa.Select[Any]:
        """As it is: BEGIN IMMEDIATE has locked everything."""
        return query

    def raw(self, rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> pl.DataFrame:
        """Each value in the form of its declared type; one of another type becomes `UNFIT`."""
        cells = list(zip(*rows, strict=True)) or [() for _ in columns]
        return pl.DataFrame(
            [
                pl.Series(column.name, [None if one is None else _text(one, column) for one in values], pl.String())
                for values, column in zip(cells, columns, strict=True)
            ]
        )

    def bound(self, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
        """Decimals, days and moments as text, which is what SQLite itself works with."""
        written = []
        for name, type_ in frame.schema.items():
            value = pl.col(name)
            match type_:
                case pl.Datetime():
                    written.append(value.dt.strftime("%Y-%m-%d %H:%M:%S%.6f"))
                case pl.Decimal() | pl.Date():
                    written.append(value.cast(pl.String))
                case _:
                    written.append(value)
        return frame.select(written).rows()

    def findings(self, connection: sa.Connection, names: Sequence[str]) -> list[Finding]:
        """Version, encoding, and whether the file may be written."""
        encoding = str(connection.exec_driver_sql("PRAGMA encoding").scalar_one())
        broken = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one() != "ok"
        file = Path(str(self.settings.url.database))
        return [
            Finding("version", ok=True, detail=f"SQLite {sqlite3.sqlite_version}"),
            Finding("encoding", ok=True, detail=encoding),
            Finding("integrity", ok=not broken, remedy="restore the file from a backup" if broken else ""),
            Finding("isolation", ok=True, detail="one writer at a time; reading takes one snapshot"),
            Finding("rights", ok=file.exists(), detail="the file can be opened for reading and writing"),
        ]


def _decoded(stored: bytes) -> str:
    """Text as the file should hold it; `UNFIT` where it is in another encoding: the driver would give up everything."""
    try:
        return stored.decode("utf-8")
    except UnicodeDecodeError:
        return UNFIT


def _text(value: Any, column: Column) -> str:
    if column.kind is Kind.TEXT or column.pointer is not None:
        return value if isinstance(value, str) else str(value) if isinstance(value, int) else UNFIT
    if column.kind is Kind.DECIMAL:
        return _decimal(value, column.spec.places)
    if isinstance(value, int):
        number = column.kind is Kind.INTEGER or (column.kind is Kind.BOOLEAN and value in (0, 1))
        return str(value) if number else UNFIT
    if not isinstance(value, str):
        return UNFIT
    if column.kind is Kind.DATE and _DAY.fullmatch(value):
        return value
    if column.kind in (Kind.LOCAL, Kind.MOMENT) and _MOMENT.fullmatch(value):
        return value.replace("T", " ")
    return UNFIT


def _decimal(value: Any, places: int) -> str:
    """A number with its places; `UNFIT` where it has more of them, or more digits than a float holds exactly."""
    if not isinstance(value, int | float):
        return UNFIT
    number = Decimal(repr(value))
    if not number.is_finite() or (
        isinstance(value, float) and len(number.normalize().as_tuple().digits) > EXACT_DIGITS
    ):
        return UNFIT
    exact = number.quantize(Decimal(1).scaleb(-places)) if number.adjusted() + places < 28 else number
    return f"{exact:f}" if exact == number else UNFIT
