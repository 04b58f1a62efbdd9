"""What MySQL and SQLite have in common: rows are locked and read, compared here, and written by executemany."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from connectors.data.sql.backend import PLACE, Backend, Refusals, changed, exists, isolated, missing
from connectors.data.sql.catalogue import Column, Table
from connectors.data.sql.cells import outgoing, typed
from connectors.data.sql.troubles import translating

_KEYS_PER_STATEMENT: Final = 500


class Rowwise(Backend):
    """A database without COPY. Only this transaction can change the rows it has read for writing."""

    @abstractmethod
    def raw(self, rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> pl.DataFrame:
        """What the driver gave, as raw text."""

    @abstractmethod
    def bound(self, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
        """Values as the driver takes them without loss."""

    # --- reading

    def digest(self, connection: sa.Connection, table: Table) -> tuple[str, int]:
        """Over the raw text of all rows."""
        digest, rows = hashlib.sha256(), 0
        for page in self.pages(connection, table):
            digest.update(page.write_csv(include_header=False).encode())
            rows += page.height
        return digest.hexdigest(), rows

    def pages(self, connection: sa.Connection, table: Table) -> Iterator[pl.DataFrame]:
        """One server-side cursor, read page by page."""
        columns = list(table.columns.values())
        place = _relation(table)
        order = [place.c[name] for name in table.key or table.columns]
        query = sa.select(*(self._shown(column, place) for column in columns)).order_by(*order)
        with connection.execution_options(stream_results=True).execute(query) as result:
            for rows in result.partitions(self.settings.page_rows):
                yield self.raw(rows, columns)

    def look_up(
        self, connection: sa.Connection, table: Table, keys: pl.DataFrame, columns: Sequence[Column]
    ) -> pl.DataFrame:
        """By lists of keys."""
        place, by = _relation(table), table.some(keys.columns)
        query = sa.select(*(self._shown(column, place) for column in (*by, *columns)))
        return self.raw(self._matching(connection, query, place, keys), [*by, *columns])

    def among(
        self, connection: sa.Connection, table: Table, keys: pl.DataFrame, ours: sa.TableClause, query: sa.Select[Any]
    ) -> pl.DataFrame:
        """By lists of keys; those found are told apart here, as exactly as anywhere else."""
        found = self._matching(connection, query.add_columns(*(ours.c[name] for name in table.key)), ours, keys)
        width = len(table.key)
        chosen = self._as_written(found, table, keys, slice(0, width))
        by = self._as_written(found, table, keys, slice(width, None)).rename(lambda name: f"by {name}")
        placed = keys.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(PLACE))
        met = chosen.hstack(by).join(placed, left_on=by.columns, right_on=list(table.key), how="inner")
        return met.select(PLACE, *table.key)

    def _as_written(self, rows: Sequence[Sequence[Any]], table: Table, like: pl.DataFrame, part: slice) -> pl.DataFrame:
        """The key in a part of each row, in the types and the form that writes have."""
        columns = table.some(table.key)
        raw = self.raw([row[part] for row in rows], columns)
        written = outgoing(typed(raw, columns, self.settings.time_zone)[0], columns, self.settings.time_zone)
        return written.cast({name: like.schema[name] for name in table.key})

    def _matching(
        self, connection: sa.Connection, query: sa.Select[Any], place: sa.TableClause, keys: pl.DataFrame
    ) -> list[Sequence[Any]]:
        names = keys.columns
        found: list[Sequence[Any]] = []
        for part in keys.iter_slices(_KEYS_PER_STATEMENT):
            values = self.bound(part)
            wanted = sa.tuple_(*(place.c[name] for name in names)).in_(values)
            if len(names) == 1:
                wanted = place.c[names[0]].in_([value for (value,) in values])
            with translating():  # a key that the column's character set lacks is refused here
                found += connection.execute(query.where(wanted)).all()
        return found

    def _shown(self, column: Column, place: sa.TableClause) -> sa.ColumnElement[Any]:
        pointer = column.pointer
        if pointer is None:
            return place.c[column.name]
        other = sa.table(pointer.table, sa.column(pointer.stored), sa.column(pointer.key)).alias("r")
        chosen = sa.select(other.c[pointer.key]).where(other.c[pointer.stored] == place.c[column.name])
        return chosen.scalar_subquery().label(column.name)

    # --- writing

    def insert(self, connection: sa.Connection, table: Table, rows: pl.DataFrame) -> Refusals:
        """Those whose key is not there yet."""
        statement = sa.insert(_relation(table)).values(_parameters(rows.columns))

        def some(first: int, length: int) -> Refusals:
            part = _placed(rows, first, length)
            there = self._current(connection, table, part, table.key)
            taken = part.join(there, on=list(table.key), how="semi")[PLACE].to_list()
            new = part.filter(~pl.col(PLACE).is_in(taken)) if taken else part
            self._each(connection, statement, new.select(rows.columns))
            return dict.fromkeys(taken, exists())

        return isolated(connection, rows.height, some)

    def update(self, connection: sa.Connection, table: Table, rows: pl.DataFrame, before: pl.DataFrame) -> Refusals:
        """Those that are as expected."""
        place = _relation(table)
        values = {name: f"p{n}" for n, name in enumerate(rows.columns)}
        new: dict[sa.ColumnElement[Any], Any] = {
            place.c[name]: sa.bindparam(values[name]) for name in rows.columns if name not in table.key
        }
        statement = (
            sa.update(place).values(new).where(*(place.c[name] == sa.bindparam(values[name]) for name in table.key))
        )

        def some(first: int, length: int) -> Refusals:
            refused = self._unexpected(connection, table, _placed(before, first, length))
            part = _placed(rows, first, length).filter(~pl.col(PLACE).is_in(list(refused)))
            self._each(connection, statement, part.select(rows.columns))
            return refused

        return isolated(connection, rows.height, some)

    def delete(self, connection: sa.Connection, table: Table, before: pl.DataFrame) -> Refusals:
        """Those that are as expected; what is not there is gone already."""
        place = _relation(table)
        names = {name: f"p{n}" for n, name in enumerate(table.key)}
        statement = sa.delete(place).where(*(place.c[name] == sa.bindparam(names[name]) for name in table.key))

        def some(first: int, length: int) -> Refusals:
            refused = self._unexpected(connection, table, _placed(before, first, length))
            part = _placed(before, first, length).filter(~pl.col(PLACE).is_in(list(refused)))
            self._each(connection, statement, part.select(table.key))
            return {at: receipt for at, receipt in refused.items() if receipt.code != missing().code}

        return isolated(connection, before.height, some)

    def _unexpected(self, connection: sa.Connection, table: Table, before: pl.DataFrame) -> Refusals:
        """Which records are not as expected (or not there), with the others locked."""
        key, names = list(table.key), [name for name in before.columns if name != PLACE]
        current = self._current(connection, table, before, names)
        there = before.join(current, on=key, how="semi")
        same = before.join(current, on=names, how="semi", nulls_equal=True)[PLACE]
        left = before.filter(~pl.col(PLACE).is_in(same.implode()))[PLACE].to_list()
        present = set(there[PLACE].to_list())
        return {at: changed() if at in present else missing() for at in left}

    def _current(
        self, connection: sa.Connection, table: Table, rows: pl.DataFrame, names: Sequence[str]
    ) -> pl.DataFrame:
        """What is stored under the keys of ``rows``, locked: in the types and the form that writes have."""
        place, columns = _relation(table), table.some(names)
        query = self.lock(sa.select(*(place.c[name] for name in names)))
        found = self.raw(self._matching(connection, query, place, rows.select(table.key)), columns)
        # A stored value that does not fit is null here, and so unlike any that was read before.
        current = outgoing(typed(found, columns, self.settings.time_zone)[0], columns, self.settings.time_zone)
        return current.cast({name: rows.schema[name] for name in names})

    def _each(self, connection: sa.Connection, statement: sa.Executable, rows: pl.DataFrame) -> None:
        if rows.height:
            names = [f"p{n}" for n in range(rows.width)]
            values = [dict(zip(names, row, strict=True)) for row in self.bound(rows)]
            with translating():
                connection.execute(statement, values)


def _relation(table: Table) -> sa.TableClause:
    return sa.table(table.name, *(sa.column(name) for name in table.columns), schema=table.schema)


def _parameters(names: Sequence[str]) -> Mapping[str, sa.BindParameter[Any]]:
    """Bound parameters under names of our own: a column's name may be anything."""
    return {name: sa.bindparam(f"p{n}") for n, name in enumerate(names)}


def _placed(rows: pl.DataFrame, first: int, length: int) -> pl.DataFrame:
    part = rows.slice(first, length)
    return part.with_columns(pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias(PLACE))
