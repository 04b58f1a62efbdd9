"""References whose stored value is not the other record's key: keys become stored values before a write."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import sqlalchemy as sa

from baton.sdk import Receipt
from connectors.data.sql.backend import Backend, Refusals
from connectors.data.sql.catalogue import Pointer, Table

_STORED = "baton stored"


class References:
    """Translates the references of one table within one transaction."""

    def __init__(self, backend: Backend, connection: sa.Connection, find: Callable[[str], Table]) -> None:
        self._backend = backend
        self._connection = connection
        self._find = find

    def stored(self, table: Table, rows: pl.DataFrame) -> tuple[pl.DataFrame, Refusals]:
        """The rows with stored values, and those that refer to no record (their reference is null)."""
        refused: Refusals = {}
        for column in table.some(rows.columns):
            if column.pointer is None:
                continue
            name, known = column.name, self._known(column.pointer, rows[column.name])
            translated = rows.select(name).join(known, on=name, how="left", maintain_order="left")[_STORED]
            for place in (rows[name].is_not_null() & translated.is_null()).arg_true():
                refused.setdefault(place, _unknown(name, column.pointer))
            rows = rows.with_columns(translated.alias(name))
        return rows, refused

    def _known(self, pointer: Pointer, keys: pl.Series) -> pl.DataFrame:
        """Key -> stored value, for the keys that are there."""
        other = self._find(pointer.table)
        asked = keys.drop_nulls().unique().to_frame(pointer.key)
        if other.columns[pointer.key].spec.type.value == "integer":
            asked = asked.cast(pl.Int64, strict=False).drop_nulls()
        found = self._backend.find(self._connection, other, asked, other.some([pointer.stored]))
        return found.select(pl.col(pointer.key).alias(keys.name), pl.col(pointer.stored).alias(_STORED))


def _unknown(column: str, pointer: Pointer) -> Receipt:
    return Receipt.refused(
        "foreign_key",
        f"the column {column} refers to a record that {pointer.table} does not have",
        remedy="bring the record it refers to first, or correct the reference",
    )
