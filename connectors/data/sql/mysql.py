"""MySQL and MariaDB: strict mode, utf8mb4, UTC; values travel as the server's own text."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl
import pymysql  # type: ignore[import-untyped]
import sqlalchemy as sa
from pymysql.constants import CLIENT  # type: ignore[import-untyped]
from pymysql.converters import conversions  # type: ignore[import-untyped]
from sqlalchemy.pool import NullPool

from baton.sdk import Finding
from connectors.data.sql.catalogue import Column
from connectors.data.sql.rowwise import Rowwise

_ENCODERS: Final = {kind: encode for kind, encode in conversions.items() if not isinstance(kind, int)}
"""No decoders: every value arrives as text, so that none is rounded or reinterpreted on the way."""
_RIGHTS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")


class Mysql(Rowwise):
    """A MySQL or MariaDB server."""

    def engine(self, address: Callable[[str, int], str]) -> sa.Engine:
        """Connections in strict mode: what does not fit is an error and never cut."""
        given = self.settings
        host = str(given.url.host)

        def connect() -> pymysql.Connection[Any]:
            connection = pymysql.Connection(
                host=host,
                port=given.port,
                user=given.url.username,
                # As bytes: of text the driver takes Latin-1 only, and quotes the rest in its error.
                password=b"" if given.password is None else given.password.get_secret_value().encode(),
                database=given.url.database,
                charset="utf8mb4",
                conv=_ENCODERS,
                autocommit=False,
                local_infile=False,
                client_flag=CLIENT.FOUND_ROWS,
                connect_timeout=given.connect_timeout_s,
                read_timeout=round(max(given.read_timeout_s, given.statement_timeout_s)) + 60,
                write_timeout=round(given.statement_timeout_s) + 60,
                ssl=None if given.tls == "off" else ssl.create_default_context(cafile=given.ca_path),
                ssl_disabled=given.tls == "off",
                defer_connect=True,
            )
            connection.connect(_dialled(address(host, given.port), given.port, given.connect_timeout_s))
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET SESSION sql_mode = 'TRADITIONAL,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00',"
                    f" innodb_lock_wait_timeout = {given.lock_timeout_s}"
                )
                self._limit(cursor, given.statement_timeout_s)
            return connection

        return sa.create_engine(
            "mysql+pymysql://", creator=connect, poolclass=NullPool, hide_parameters=True, pool_reset_on_return=None
        )

    def begin(self, connection: sa.Connection) -> None:
        """READ COMMITTED: a locking read sees what is there now."""
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")

    def begin_snapshot(self, connection: sa.Connection) -> None:
        """REPEATABLE READ, seen from this moment on."""
        self._limit(connection.connection.cursor(), self.settings.read_timeout_s)
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    @staticmethod
    def _limit(cursor: Any, timeout_s: float) -> None:
        """Let the server end a statement that takes too long. MySQL itself can do so for SELECT only."""
        cursor.execute("SELECT VERSION()")
        maria = "mariadb" in str(cursor.fetchone()[0]).lower()
        limit = f"max_statement_time = {timeout_s}" if maria else f"max_execution_time = {round(timeout_s * 1000)}"
        cursor.execute(f"SET SESSION {limit}")

    def raw(self, rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> pl.DataFrame:
        """The server's text as it is."""
        schema = {column.name: pl.String() for column in columns}
        return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")

    def bound(self, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
        """Python's own types, which the driver writes out exactly."""
        return frame.rows()

    def findings(self, connection: sa.Connection, names: Sequence[str]) -> list[Finding]:
        """What the server says of itself and of our rights."""
        ask = connection.exec_driver_sql
        version, encoding, mode = (
            str(ask(f"SELECT {value}").scalar_one())
            for value in ("VERSION()", "@@character_set_database", "@@SESSION.sql_mode")
        )
        utf8 = encoding == "utf8mb4"
        found = [
            Finding("version", ok=True, detail=version),
            Finding(
                "encoding",
                ok=utf8,
                detail=encoding,
                remedy="" if utf8 else "characters of four bytes will be refused; convert the tables to utf8mb4",
            ),
            Finding("strict mode", ok="STRICT" in mode, detail="values that do not fit are refused"),
        ]
        grants = " ".join(str(line).upper() for line in ask("SHOW GRANTS").scalars())
        lacking = [right for right in _RIGHTS if right not in grants and "ALL PRIVILEGES" not in grants]
        detail = f"without {', '.join(lacking)}" if lacking else "all"
        remedy = f"GRANT {', '.join(lacking)} on the database, if the job needs it" if lacking else ""
        plain = ask(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'"
        )
        loose = ", ".join(sorted({str(name) for name in plain.scalars()} & set(names)))
        remedy_engine = (
            "convert them to InnoDB: elsewhere a write that fails half way stays half written" if loose else ""
        )
        found.append(Finding("transactions", ok=not loose, detail=loose or "all tables", remedy=remedy_engine))
        return [*found, Finding("rights", ok="SELECT" not in lacking, detail=detail, remedy=remedy)]


def _dialled(address: str, port: int, timeout_s: float) -> socket.socket:
    """A connection to the address that was judged, not to whatever the name means a moment later."""
    try:
        dialled = socket.create_connection((address, port), timeout_s)
    except OSError as error:
        raise pymysql.OperationalError(2003, "no connection") from error
    dialled.settimeout(None)
    dialled.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return dialled
