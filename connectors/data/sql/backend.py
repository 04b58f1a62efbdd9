"""What a kind of database must be able to do, and how a bad record is found among good ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from baton.sdk import Finding, Receipt, RecordTarget, RejectedError
from connectors.data.sql.catalogue import Column, Table
from connectors.data.sql.settings import SqlSettings
from connectors.data.sql.troubles import refusal

Refusals = dict[int, Receipt]
"""Place in the batch -> why the record was not written. What is not in it was written."""
PLACE: Final = "baton place"
"""The column of a frame that says where in the batch a record is."""


class Backend(ABC):
    """One kind of database. Methods work inside a transaction that the caller opens, commits or gives up.

    Frames of records come in as `connectors.data.sql.cells.outgoing` makes them, and go out as raw text.
    """

    def __init__(self, settings: SqlSettings) -> None:
        self.settings = settings

    @abstractmethod
    def engine(self, address: Callable[[str, int], str]) -> sa.Engine:
        """An engine that opens one connection per use; ``address`` judges where it may go."""

    @abstractmethod
    def begin(self, connection: sa.Connection) -> None:
        """Start a transaction that may write."""

    @abstractmethod
    def begin_snapshot(self, connection: sa.Connection) -> None:
        """Start a transaction that sees one state of the database and changes nothing."""

    def begin_look_up(self, connection: sa.Connection) -> None:
        """Start a transaction for `look_up` that changes nothing which lasts."""
        self.begin_snapshot(connection)

    @abstractmethod
    def digest(self, connection: sa.Connection, table: Table) -> tuple[str, int]:
        """SHA-256 of the rows as the database gives them, in key order, and how many there are."""

    @abstractmethod
    def pages(self, connection: sa.Connection, table: Table) -> Iterator[pl.DataFrame]:
        """All rows in key order, in frames of ``page_rows`` rows of raw text."""

    @abstractmethod
    def look_up(
        self, connection: sa.Connection, table: Table, keys: pl.DataFrame, columns: Sequence[Column]
    ) -> pl.DataFrame:
        """Raw text of the records whose columns are as in ``keys`` (columns named alike): those, then ``columns``."""

    def find(
        self, connection: sa.Connection, table: Table, keys: pl.DataFrame, columns: Sequence[Column]
    ) -> pl.DataFrame:
        """`look_up`, whatever the keys are: one that the database refuses to look for is not there."""
        found: list[pl.DataFrame] = []

        def some(first: int, length: int) -> Refusals:
            found.append(self.look_up(connection, table, keys.slice(first, length), columns))
            return {}

        isolated(connection, keys.height, some)
        return pl.concat(found) if found else self.look_up(connection, table, keys.clear(), columns)

    @abstractmethod
    def among(
        self, connection: sa.Connection, table: Table, keys: pl.DataFrame, ours: sa.TableClause, query: sa.Select[Any]
    ) -> pl.DataFrame:
        """A query over ``ours`` (the table, with its key at least), narrowed to the records with these keys.

        The query chooses the key of a record of the table. What comes back is the place in ``keys`` of the record that
        was asked for (`PLACE`), and the key chosen, in the form that ``keys`` have.
        """

    def lock(self, query: sa.Select[Any]) -> sa.Select[Any]:
        """The query, keeping others from changing its rows, and from referring to them, until the transaction ends."""
        return query.with_for_update()

    @abstractmethod
    def insert(self, connection: sa.Connection, table: Table, rows: pl.DataFrame) -> Refusals:
        """Create records."""

    @abstractmethod
    def update(self, connection: sa.Connection, table: Table, rows: pl.DataFrame, before: pl.DataFrame) -> Refusals:
        """Change records that are as expected."""

    @abstractmethod
    def delete(self, connection: sa.Connection, table: Table, before: pl.DataFrame) -> Refusals:
        """Take out records that are as expected or gone."""

    @abstractmethod
    def findings(self, connection: sa.Connection, names: Sequence[str]) -> list[Finding]:
        """Version, encoding, time zone and rights."""

    def count(self, connection: sa.Connection, table: Table) -> int:
        """How many rows there are now."""
        counted = connection.execute(sa.select(sa.func.count()).select_from(sa.table(table.name, schema=table.schema)))
        return int(counted.scalar_one())


def isolated(connection: sa.Connection, count: int, attempt: Callable[[int, int], Refusals]) -> Refusals:
    """Write ``count`` records, halving whatever the database refuses until the refused record stands alone.

    ``attempt(first, length)`` writes a run of them, all or none, and says which ones it left out; their places count
    from the start of the batch.
    """
    refused: Refusals = {}
    runs = [(0, count)] if count else []
    while runs:
        first, length = runs.pop()
        savepoint = connection.begin_nested()
        try:
            left_out = attempt(first, length)
        except RejectedError as error:
            savepoint.rollback()
            if length == 1:
                refused[first] = refusal(error)
                continue
            half = length // 2
            runs += [(first + half, length - half), (first, half)]
        else:
            savepoint.commit()
            refused |= left_out
    return refused


def changed() -> Receipt:
    """The record is there, but not as expected."""
    return Receipt.refused(
        RecordTarget.CHANGED, "the record is not as expected", remedy="read it again and decide anew"
    )


def exists() -> Receipt:
    """A record that was to be created is there already."""
    return Receipt.refused(
        RecordTarget.CHANGED, "a record with this key exists already", remedy="read it again and decide anew"
    )


def missing() -> Receipt:
    """The record that was to be changed is not there."""
    return Receipt.refused("missing", "there is no record with this key", remedy="read again and decide anew")
