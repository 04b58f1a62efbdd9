"""An insert that says what happens to rows that are there already: not the same in every dialect of SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """The INSERT of this database's dialect, with its ``on_conflict_do_update`` and ``on_conflict_do_nothing``."""
    # Each is loaded by who uses it: PostgreSQL's takes as long as a small command.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
