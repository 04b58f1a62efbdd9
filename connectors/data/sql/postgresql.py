"""PostgreSQL: everything in bulk goes through COPY, in and out, as CSV that polars writes and reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import polars as pl
import psycopg
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from baton.sdk import Finding, RejectedError
from connectors.data.sql.backend import PLACE, Backend, Refusals, changed, exists, isolated, missing
from connectors.data.sql.catalogue import Column, Table
from connectors.data.sql.copying import copied_out, copy_in, parsed, perform, quoted
from connectors.data.sql.settings import SqlSettings

_RIGHTS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_ASKED, _STAGE = "baton_asked", "baton_stage"
_BEFORE: Final = "baton before "
"""How the columns of the stage begin that hold what is expected."""


class Postgresql(Backend):
    """A PostgreSQL server."""

    def engine(self, address: Callable[[str, int], str]) -> sa.Engine:
        """Connections that speak UTF-8, UTC and ISO dates whatever the server's own settings are."""
        given = self.settings
        host = str(given.url.host)

        def connect() -> psycopg.Connection:
            connection = psycopg.connect(
                host=host,
                hostaddr=address(host, given.port),
                port=given.port,
                user=given.url.username,
                password=None if given.password is None else given.password.get_secret_value(),
                dbname=given.url.database,
                connect_timeout=given.connect_timeout_s,
                sslmode="disable" if given.tls == "off" else "verify-full",
                sslrootcert=None if given.tls == "off" else given.ca_path or "system",
                gssencmode="disable",
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
                application_name="baton",
                client_encoding="UTF8",
            )
            connection.execute(_session(given))
            connection.commit()
            return connection

        return sa.create_engine(
            "postgresql+psycopg://",
            creator=connect,
            poolclass=NullPool,
            hide_parameters=True,
            pool_reset_on_return=None,
        )

    def begin(self, connection: sa.Connection) -> None:
        """READ COMMITTED: each statement compares with what is there when it writes."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")

    def begin_snapshot(self, connection: sa.Connection) -> None:
        """REPEATABLE READ, READ ONLY."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(self.settings.read_timeout_s * 1000)}")

    def begin_look_up(self, connection: sa.Connection) -> None:
        """One snapshot that may hold temporary tables."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE")

    # --- reading

    def digest(self, connection: sa.Connection, table: Table) -> tuple[str, int]:
        """One COPY whose bytes are only hashed."""
        digest, rows = hashlib.sha256(), 0
        for row in copied_out(connection, self._everything(connection, table)):
            digest.update(row)
            rows += 1
        return digest.hexdigest(), rows

    def pages(self, connection: sa.Connection, table: Table) -> Iterator[pl.DataFrame]:
        """One COPY, parsed by the page; memory holds one page."""
        block: list[bytes | memoryview] = []
        names = [*table.columns, *_beside(table)]
        for row in copied_out(connection, self._everything(connection, table)):
            block.append(row)
            if len(block) == self.settings.page_rows:
                yield parsed(block, names).select(*table.columns)
                block.clear()
        if block:
            yield parsed(block, names).select(*table.columns)

    def look_up(
        self, connection: sa.Connection, table: Table, keys: pl.DataFrame, columns: Sequence[Column]
    ) -> pl.DataFrame:
        """The keys go into a temporary table; one COPY brings the joined records back."""
        by = table.some(keys.columns)
        isolate = connection.begin_nested()
        try:
            self._temporary(connection, _ASKED, table, [(column.name, column) for column in by])
            copy_in(connection, _ASKED, keys)
        except RejectedError:
            isolate.rollback()
            raise
        perform(connection, f"ANALYZE {_ASKED}")
        # Keys are unique, hence indexed: so many look-ups cost a fraction of reading the whole table once per call.
        perform(connection, "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        chosen = [self._shown(column) for column in (*by, *columns)]
        match = " AND ".join(f"t.{quoted(column.name)} = a.{quoted(column.name)}" for column in by)
        query = f"SELECT {', '.join(chosen)} FROM {_place(table)} t JOIN {_ASKED} a ON {match}"  # noqa: S608
        rows = list(copied_out(connection, query))
        isolate.rollback()  # the temporary table goes with it
        return parsed(rows, [column.name for column in (*by, *columns)])

    def among(
        self, connection: sa.Connection, table: Table, keys: pl.DataFrame, ours: sa.TableClause, query: sa.Select[Any]
    ) -> pl.DataFrame:
        """The keys go into a stage, which is joined. No savepoint: giving one up would give up the locks as well."""
        self._stage(connection, table, keys, None, 0)
        stage = sa.table(_STAGE, sa.column(PLACE), *(sa.column(name) for name in table.key))
        chosen = [sa.cast(column, sa.Text) for column in query.selected_columns]
        joined = query.where(*(ours.c[name] == stage.c[name] for name in table.key))
        found = connection.execute(joined.with_only_columns(stage.c[PLACE], *chosen)).all()
        perform(connection, f"DROP TABLE {_STAGE}")
        schema = {PLACE: pl.Int64(), **dict.fromkeys(table.key, pl.String())}
        return pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")

    def _everything(self, connection: sa.Connection, table: Table) -> str:
        order = [f"t.{quoted(name)}" for name in table.key] or ["t.ctid"]
        if not table.key and table.name in sa.inspect(connection).get_view_names(table.schema):
            order = [str(place + 1) for place in range(len(table.columns))]
        shown = [*(self._shown(column) for column in table.columns.values()), *("0" for _ in _beside(table))]
        return f"SELECT {', '.join(shown)} FROM {_place(table)} t ORDER BY {', '.join(order)}"  # noqa: S608

    def _shown(self, column: Column) -> str:
        pointer = column.pointer
        if pointer is None:
            return _stored(column)
        place = _place_of(pointer.table, self.settings.schema_in_use)
        where = f"r.{quoted(pointer.stored)} = t.{quoted(column.name)}"
        return f"(SELECT r.{quoted(pointer.key)} FROM {place} r WHERE {where})"  # noqa: S608

    # --- writing

    def insert(self, connection: sa.Connection, table: Table, rows: pl.DataFrame) -> Refusals:
        """Straight into the table; only when a record is refused, once more with care."""
        savepoint = connection.begin_nested()
        try:
            copy_in(connection, _place(table), rows)
            _check_constraints(connection)
        except RejectedError:
            savepoint.rollback()
        else:
            savepoint.commit()
            return {}
        return isolated(
            connection, rows.height, lambda first, length: self._insert_some(connection, table, rows, first, length)
        )

    def _insert_some(
        self, connection: sa.Connection, table: Table, rows: pl.DataFrame, first: int, length: int
    ) -> Refusals:
        """A run of records by way of a stage: those whose key is taken are left out."""
        names = ", ".join(quoted(name) for name in rows.columns)
        keys = ", ".join(quoted(name) for name in table.key)
        self._stage(connection, table, rows.slice(first, length), None, first)
        left_out = perform(
            connection,
            f"WITH made AS (INSERT INTO {_place(table)} ({names}) SELECT {names} FROM {_STAGE}"  # noqa: S608
            f" ON CONFLICT ({keys}) DO NOTHING RETURNING {keys})"
            f" SELECT {quoted(PLACE)} FROM {_STAGE} LEFT JOIN made USING ({keys}) WHERE made IS NULL",
        )
        refused = dict.fromkeys(left_out, exists())
        _check_constraints(connection)
        perform(connection, f"DROP TABLE {_STAGE}")
        return refused

    def update(self, connection: sa.Connection, table: Table, rows: pl.DataFrame, before: pl.DataFrame) -> Refusals:
        """One UPDATE from a stage that holds both the new values and those expected."""
        values = [name for name in rows.columns if name not in table.key]
        new = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in values)
        change = f"UPDATE {_place(table)} t SET {new} FROM {_STAGE} s WHERE "  # noqa: S608

        def some(first: int, length: int) -> Refusals:
            self._stage(connection, table, rows.slice(first, length), before.slice(first, length), first)
            return self._conditionally(connection, table, change, values, (first, length))

        return isolated(connection, rows.height, some)

    def delete(self, connection: sa.Connection, table: Table, before: pl.DataFrame) -> Refusals:
        """One DELETE of those that are as expected; what is not there is gone already."""
        values = [name for name in before.columns if name not in table.key]
        change = f"DELETE FROM {_place(table)} t USING {_STAGE} s WHERE "  # noqa: S608

        def some(first: int, length: int) -> Refusals:
            part = before.slice(first, length)
            self._stage(connection, table, part, part, first)
            found = self._conditionally(connection, table, change, values, (first, length))
            return {place: receipt for place, receipt in found.items() if receipt.code != missing().code}

        return isolated(connection, before.height, some)

    def _conditionally(
        self, connection: sa.Connection, table: Table, change: str, values: Sequence[str], run: tuple[int, int]
    ) -> Refusals:
        """Perform a change where the record is as expected; say of the others whether they are there at all."""
        by_key = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in table.key)
        as_expected = "".join(f" AND {_same(column)}" for column in table.some(values))
        returned = f"{change}{by_key}{as_expected} RETURNING s.{quoted(PLACE)}"
        done = set(perform(connection, returned))
        refused: Refusals = {}
        if len(done) < run[1]:
            there = f"SELECT s.{quoted(PLACE)} FROM {_STAGE} s JOIN {_place(table)} t ON {by_key}"  # noqa: S608
            present = set(perform(connection, there))
            left = (place for place in range(run[0], sum(run)) if place not in done)
            refused = {place: changed() if place in present else missing() for place in left}
        _check_constraints(connection)
        perform(connection, f"DROP TABLE {_STAGE}")
        return refused

    def _stage(
        self, connection: sa.Connection, table: Table, rows: pl.DataFrame, before: pl.DataFrame | None, first: int
    ) -> None:
        """A temporary table of the records, their places and, where given, the values expected."""
        columns = [(column.name, column) for column in table.some(rows.columns)]
        staged = rows
        if before is not None:
            values = [name for name in before.columns if name not in table.key]
            columns += [(_BEFORE + name, table.columns[name]) for name in values]
            staged = rows.hstack(before.select(pl.col(name).alias(_BEFORE + name) for name in values))
        self._temporary(connection, _STAGE, table, columns)
        perform(connection, f"ALTER TABLE {_STAGE} ADD COLUMN {quoted(PLACE)} integer")
        copy_in(connection, _STAGE, staged.with_columns(pl.int_range(first, first + pl.len()).alias(PLACE)))
        perform(connection, f"ANALYZE {_STAGE}")

    @staticmethod
    def _temporary(connection: sa.Connection, name: str, table: Table, columns: Sequence[tuple[str, Column]]) -> None:
        """An empty temporary table with the types of these columns and none of their constraints."""
        chosen = ", ".join(f"{quoted(column.name)} AS {quoted(alias)}" for alias, column in columns)
        made = f"SELECT {chosen} FROM {_place(table)} WITH NO DATA"  # noqa: S608
        perform(connection, f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {made}")

    # --- looking

    def findings(self, connection: sa.Connection, names: Sequence[str]) -> list[Finding]:
        """What the server says of itself and of our rights."""
        ask = connection.exec_driver_sql
        version, encoding, isolation = (
            str(ask(f"SHOW {name}").scalar_one())
            for name in ("server_version", "server_encoding", "default_transaction_isolation")
        )
        found = [
            Finding("version", ok=int(version.split(".")[0]) >= 12, detail=f"PostgreSQL {version}"),
            Finding(
                "encoding",
                ok=encoding == "UTF8",
                detail=encoding,
                remedy="" if encoding == "UTF8" else "text this encoding lacks will be refused; use a UTF8 database",
            ),
            Finding("isolation", ok=True, detail=f"{isolation}; reading takes one snapshot (repeatable read)"),
        ]
        right = sa.text("SELECT has_table_privilege(:place, :right)")
        for name in names:
            place = _place_of(name, self.settings.schema_in_use)
            lacking = [
                each for each in _RIGHTS if not connection.execute(right, {"place": place, "right": each}).scalar_one()
            ]
            remedy = f"GRANT {', '.join(lacking)} ON the table, if the job needs it" if lacking else ""
            detail = f"without {', '.join(lacking)}" if lacking else "all"
            found.append(Finding(f"rights on {name}", ok="SELECT" not in lacking, detail=detail, remedy=remedy))
        return found


def _beside(table: Table) -> Sequence[str]:
    """A second column for a table of one: as CSV, a row of one absent value would be an empty line, which is no row."""
    return (PLACE,) if len(table.columns) == 1 else ()


def _session(given: SqlSettings) -> str:
    """What every session is set to, in one round trip."""
    values = {
        "TimeZone": "UTC",
        "DateStyle": "ISO, YMD",
        "IntervalStyle": "iso_8601",
        "extra_float_digits": "1",
        "standard_conforming_strings": "on",
        "statement_timeout": str(round(given.statement_timeout_s * 1000)),
        "lock_timeout": str(given.lock_timeout_s * 1000),
    }
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in values.items())


def _place(table: Table) -> str:
    return _place_of(table.name, table.schema)


def _place_of(name: str, schema: str | None) -> str:
    return f"{quoted(schema)}.{quoted(name)}" if schema else quoted(name)


def _stored(column: Column) -> str:
    return f"t.{quoted(column.name)}" + ("::text" if column.as_text else "")


def _same(column: Column) -> str:
    """Whether a stored value is the one expected; in text form where the type's own equality is too generous."""
    cast = "::text" if column.as_text else ""
    return f"t.{quoted(column.name)}{cast} IS NOT DISTINCT FROM s.{quoted(_BEFORE + column.name)}{cast}"


def _check_constraints(connection: sa.Connection) -> None:
    """Let deferred constraints speak now, while the record at fault can still be found."""
    perform(connection, "SET CONSTRAINTS ALL IMMEDIATE")
