"""Rows of other tables that a database takes along when a record is deleted: a record that has such is left alone.

A foreign key may say that what refers to a record goes with it, or loses its reference. What others have hung on a
record would be gone in silence then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from baton.sdk import RejectedError
from connectors.data.sql.backend import Backend, Refusals, isolated
from connectors.data.sql.catalogue import Table

_TAKES_ALONG: Final = ("CASCADE", "SET NULL")


def delete(backend: Backend, connection: sa.Connection, table: Table, before: pl.DataFrame) -> Refusals:
    """Take out records that are as expected and that nothing of another table would go with."""
    counts = _counts(connection, table)
    if not counts:
        return backend.delete(connection, table, before)

    def some(first: int, length: int) -> Refusals:
        there = [_counted(connection, query) for query in counts]
        refused = backend.delete(connection, table, before.slice(first, length))
        left = [_counted(connection, query) for query in counts]
        if any(now < then for then, now in zip(there, left, strict=True)):
            raise RejectedError(
                "rows of another table would be deleted with the record, or lose what they refer to",
                code="in_use",
                remedy="take those rows out by hand if nobody needs them, then try again",
            )
        return {first + place: receipt for place, receipt in refused.items()}

    return isolated(connection, before.height, some)


def _counts(connection: sa.Connection, table: Table) -> Sequence[sa.Select[Any]]:
    """Per foreign key that takes rows along: a query for how many rows refer to anything."""
    found = []
    for (schema, name), keys in sa.inspect(connection).get_multi_foreign_keys(schema=table.schema).items():
        for key in keys:
            ours = key["referred_table"] == table.name and key["referred_schema"] in (None, table.schema)
            if ours and name != table.name and str(key["options"].get("ondelete", "")).upper() in _TAKES_ALONG:
                column: sa.ColumnClause[Any] = sa.column(key["constrained_columns"][0])
                found.append(sa.select(sa.func.count(column)).select_from(sa.table(name, column, schema=schema)))
    return found


def _counted(connection: sa.Connection, query: sa.Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())
