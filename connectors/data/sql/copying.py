"""PostgreSQL's COPY, in and out, as CSV that polars writes and reads; and statements that go there untouched."""

from __future__ import annotations

import io
import select
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl
import psycopg
import sqlalchemy as sa
from psycopg import pq
from psycopg.pq import abc as pq_abc

from baton.sdk import tables
from connectors.data.sql.troubles import translating

_BLOCK_BYTES: Final = 1 << 20


def quoted(name: str) -> str:
    """A name as it is written in a statement that goes to the server untouched."""
    return '"' + name.replace('"', '""') + '"'


def _raw(connection: sa.Connection) -> psycopg.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("not a psycopg connection")
    return driver


def perform(connection: sa.Connection, statement: str) -> list[int]:
    """Perform a statement as it stands (a % in a name is a %); gives the places it returns."""
    with translating(), _raw(connection).cursor() as cursor:
        cursor.execute(statement.encode())
        return [int(row[0]) for row in cursor] if cursor.description else []


def copied_out(connection: sa.Connection, query: str) -> Iterator[bytes | memoryview]:
    """The rows of a query as CSV, one after the other.

    Straight from libpq: psycopg's own loop costs more per row than the server does. Waiting leaves other threads alone.
    """
    driver, ended = _raw(connection), False
    session = driver.pgconn
    try:
        session.send_query(f"COPY ({query}) TO STDOUT (FORMAT csv)".encode())
        while session.flush():
            _wait(session, select.POLLIN | select.POLLOUT)
        while session.is_busy():
            _wait(session)
        result = session.get_result()
        while result is not None:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(result)
            if result.status == pq.ExecStatus.COPY_OUT:
                yield from _copied_rows(session)
            result = session.get_result()
        ended = True
    except psycopg.Error:
        ended = True  # the server has answered, or the session is gone: nothing is left on the way
        raise
    finally:
        if not ended:
            driver.close()  # given up half way: the rest of the answer is not worth reading


def _copied_rows(session: pq_abc.PGconn) -> Iterator[bytes | memoryview]:
    while True:
        length, row = session.get_copy_data(1)
        if length > 0:
            yield row
        elif length == 0:
            _wait(session)
        else:
            return


def _wait(session: pq_abc.PGconn, event: int = select.POLLIN) -> None:
    """Until the server has said more, or takes more. A dead network ends the session by its keep-alives."""
    poll = select.poll()
    poll.register(session.socket, event)
    poll.poll()
    session.consume_input()


def parsed(rows: Sequence[bytes | memoryview], names: Sequence[str]) -> pl.DataFrame:
    """CSV as PostgreSQL writes it: an empty text is quoted, no value is not. Polars reads it the same way."""
    schema = dict.fromkeys(names, pl.String())
    if not rows:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(tables.as_it_is(b"".join(rows)), has_header=False, schema=schema)


def copy_in(connection: sa.Connection, place: str, rows: pl.DataFrame) -> None:
    """Put rows into a table, their columns by name. Raises `RejectedError` when the database refuses any of them."""
    names = ", ".join(quoted(name) for name in rows.columns)
    # Quoting all text keeps '' apart from no value, and a lone \. from the end of the data.
    text = io.BytesIO()
    rows.write_csv(text, include_header=False, quote_style="non_numeric")
    data = text.getbuffer()
    command = f"COPY {place} ({names}) FROM STDIN (FORMAT csv)".encode()
    with translating(), _raw(connection).cursor() as cursor, cursor.copy(command) as copy:
        for start in range(0, len(data), _BLOCK_BYTES):
            copy.write(data[start : start + _BLOCK_BYTES])
