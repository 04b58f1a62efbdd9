"""Tables of a SQL database: read in one snapshot, written on condition, read back exactly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, Final

import polars as pl
import sqlalchemy as sa

from baton.sdk import (
    Client,
    Collection,
    ConfigurationError,
    ConnectorError,
    ConnectorSettings,
    Fault,
    Feed,
    Finding,
    Promise,
    Rate,
    Receipt,
    Receipts,
    RecordSource,
    RecordTarget,
    RejectedError,
    frame_schema,
)
from connectors.data.sql import dependants
from connectors.data.sql.backend import Backend, Refusals, changed
from connectors.data.sql.catalogue import Catalogue, Kind, Table
from connectors.data.sql.cells import outgoing, typed
from connectors.data.sql.checks import absent_columns, refused_rows
from connectors.data.sql.mysql import Mysql
from connectors.data.sql.postgresql import Postgresql
from connectors.data.sql.reading import read
from connectors.data.sql.references import References
from connectors.data.sql.settings import Product, SqlSettings
from connectors.data.sql.sqlite import Sqlite
from connectors.data.sql.troubles import FOREIGN, Phase, translated, translating

_BACKENDS: Final[Mapping[Product, type[Backend]]] = {
    Product.POSTGRESQL: Postgresql,
    Product.MYSQL: Mysql,
    Product.SQLITE: Sqlite,
}
_KEYS_PER_LOOK_UP: Final = 100_000


class SqlDatabase(RecordSource, RecordTarget):
    """A PostgreSQL, MySQL, MariaDB or SQLite database; a collection is a table. Compares and writes in one step."""

    title: ClassVar[str] = "SQL database (PostgreSQL, MySQL, MariaDB, SQLite)"
    Settings: ClassVar[type[ConnectorSettings]] = SqlSettings
    rate: ClassVar[Rate] = Rate(calls=1000, burst=1000)
    record_promise: ClassVar[Promise] = Promise.CONDITION
    record_batch_limit: ClassVar[int] = 100_000
    settings: SqlSettings

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        if not isinstance(settings, SqlSettings):
            raise TypeError("SqlDatabase needs SqlSettings")
        super().__init__(settings, client)
        self.settings = settings
        self._backend = _BACKENDS[settings.product](settings)
        self._engine = self._backend.engine(client.egress.address_for)
        self._tables: dict[str, Table] = {}
        self._looking = threading.Lock()

    def check(self) -> Sequence[Finding]:
        """Sign in; look at version, encoding, time zone and, per table, at rights and key."""
        try:
            with self._reading() as connection:
                names = Catalogue(connection, self.settings).names()
                found = self._backend.findings(connection, names)
            tables = [self._table(name) for name in names]
        except (ConnectorError, ConfigurationError) as error:
            return [Finding("sign in", ok=False, detail=error.message, remedy=error.remedy)]
        keyless = [table.name for table in tables if not table.key or self._moments_in_key(table)]
        zone = Finding("time zone", ok=True, detail=f"columns without one are meant in {self.settings.time_zone}")
        detail = f"{len(names)} tables; only to be read, for want of a key: {', '.join(keyless) or 'none'}"
        remedy = "" if names else "check schema_name, tables and the rights of the user"
        return [*found, zone, Finding("tables", ok=bool(names), detail=detail, remedy=remedy)]

    # --- a source

    def collections(self) -> Sequence[str]:
        """Tables and views."""
        with self._reading() as connection:
            return Catalogue(connection, self.settings).names()

    def records(self, collection: str) -> Feed:
        """All rows of a table, in key order, as one state of the database. Text without characters is no value."""
        return read(self._backend, self._engine, self._table(collection), self.client.clock.now())

    # --- a target

    def collection(self, name: str) -> Collection:
        """The table as it is now. `ConfigurationError` when it is not there, or has no key to find records by."""
        with self._looking:
            self._tables.pop(name, None)
        table = self._table(name)
        if not table.key:
            message = "has no primary key and no unique constraint; add a unique constraint on what names a record"
            raise ConfigurationError([Fault(f"table {name[:80]}", "no_key", message)])
        moments = self._moments_in_key(table)
        if moments:
            message = (
                f"has a moment in its key ({', '.join(moments)}), which SQLite keeps as text in many forms, so that a "
                "record is not surely found by it; name another unique constraint in keys, or map it as a source only"
            )
            raise ConfigurationError([Fault(f"table {name[:80]}", "moment_in_key", message)])
        return table.collection

    def count(self, collection: Collection) -> int:
        """How many rows there are now."""
        table = self._table(collection.name)
        with self._reading() as connection:
            return self._backend.count(connection, table)

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        """The records with these keys, exactly as stored: empty text stays apart from no value."""
        table = self._table(collection.name)
        names = [*table.key, *(name for name in fields if name not in table.key)]
        schema = frame_schema({name: table.columns[name].spec for name in names})
        found = [pl.DataFrame(schema=schema)]
        for part in keys.select(table.key).iter_slices(_KEYS_PER_LOOK_UP):
            with self._reading(self._backend.begin_look_up) as connection:
                found.append(self._fetched(connection, table, part, names))
        return pl.concat(found).select(*table.key, *fields)

    def _fetched(
        self, connection: sa.Connection, table: Table, keys: pl.DataFrame, names: Sequence[str]
    ) -> pl.DataFrame:
        stored, _ = self._references(connection).stored(table, keys)
        zone, columns = self.settings.time_zone, table.some(names)
        asked = outgoing(stored, table.some(table.key), zone)
        raw = self._backend.find(connection, table, asked, columns[len(table.key) :])
        frame, wrong = typed(raw, columns, zone)
        if wrong:
            raise RejectedError(
                f"{table.name} holds values in {', '.join(wrong)} that do not fit the column's declared type",
                code="stored_value",
                remedy="correct them in the database, or leave the column out of the mapping",
            )
        # A generous collation finds more than was asked for.
        return frame.join(keys, on=list(table.key), how="semi")

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        """Create records in one transaction; a refused one does not keep the others out."""
        table = self._table(collection.name)
        absent = absent_columns(table, rows)
        if absent:
            message = f"the record breaks the rule required in the column {', '.join(absent)}"
            return Receipts(rows.height, Receipt.refused("required", message, remedy="map a value to it"))
        refused = refused_rows(table, rows, self.settings)
        with self._writing() as connection:
            new, strangers = self._outgoing(connection, table, rows)
            refused = {**strangers, **refused}
            refused = _besides(refused, [new], lambda parts: self._backend.insert(connection, table, *parts))
        return Receipts(rows.height, others=refused)

    def amend(self, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> Sequence[Receipt]:
        """Set fields where the record is as ``before`` says, in one transaction."""
        table = self._table(collection.name)
        if set(rows.columns) <= set(table.key):
            raise ValueError("nothing but the key: there is nothing to set")

        refused = refused_rows(table, rows, self.settings)
        with self._writing() as connection:
            new, strangers = self._outgoing(connection, table, rows)
            old, gone = self._outgoing(connection, table, before.select(rows.columns))
            refused = {**dict.fromkeys(gone, changed()), **strangers, **refused}
            refused = _besides(refused, [new, old], lambda parts: self._backend.update(connection, table, *parts))
        return Receipts(rows.height, others=refused)

    def delete(self, collection: Collection, before: pl.DataFrame) -> Sequence[Receipt]:
        """Take records out that are as expected, in one transaction; one that is gone already is done."""
        table = self._table(collection.name)
        with self._writing() as connection:
            old, gone = self._outgoing(connection, table, before)
            refused = dict.fromkeys(gone, changed())
            refused = _besides(
                refused, [old], lambda parts: dependants.delete(self._backend, connection, table, *parts)
            )
        return Receipts(before.height, others=refused)

    # --- the way to the database

    def _outgoing(self, connection: sa.Connection, table: Table, rows: pl.DataFrame) -> tuple[pl.DataFrame, Refusals]:
        """Records as the database is to have them, and those that refer to nothing."""
        stored, strangers = self._references(connection).stored(table, rows)
        return outgoing(stored, table.some(rows.columns), self.settings.time_zone), strangers

    def _table(self, name: str) -> Table:
        with self._looking:
            if name not in self._tables:
                with self._reading() as connection:
                    self._tables[name] = Catalogue(connection, self.settings).table(name)
            return self._tables[name]

    def _moments_in_key(self, table: Table) -> Sequence[str]:
        """The key's columns of dates with times, on SQLite: '… 08:00:00', '…T08:00:00' and '… 08:00:00.0' are one."""
        if self.settings.product is not Product.SQLITE:
            return ()
        return [name for name in table.key if table.columns[name].kind in (Kind.LOCAL, Kind.MOMENT)]

    def _references(self, connection: sa.Connection) -> References:
        return References(self._backend, connection, self._table)

    @contextmanager
    def _reading(self, begin: Callable[[sa.Connection], None] | None = None) -> Iterator[sa.Connection]:
        with translating(), self._engine.connect() as connection:
            (begin or self._backend.begin_snapshot)(connection)
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """A transaction: all or nothing. Only when its commit got no answer is the outcome in doubt."""
        phase = Phase.WORK
        try:
            with self._engine.connect() as connection:
                self._backend.begin(connection)
                yield connection
                phase = Phase.COMMIT
                connection.commit()
        except FOREIGN as error:
            raise translated(error, phase) from None  # the cause quotes values


def _besides(
    refused: Refusals, frames: Sequence[pl.DataFrame], write: Callable[[Sequence[pl.DataFrame]], Refusals]
) -> Refusals:
    """Write the records that are not refused yet; all refusals, by their places in the whole batch."""
    if not refused:
        return write(frames)
    kept = [place for place in range(frames[0].height) if place not in refused]
    later = write([frame[kept] for frame in frames]) if kept else {}
    return {**refused, **{kept[place]: receipt for place, receipt in later.items()}}
