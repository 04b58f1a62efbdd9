"""The blind indexes by which a person is found by a personal value."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from baton.store.effects import chunked
from baton.store.tables import person_indexes


def change_indexes(connection: sa.Connection, numbers: Sequence[str], rows: Sequence[dict[str, object]]) -> None:
    """Have exactly these rows there for these people. Most news changes none of them."""
    wanted = {(row["column"], row["blind"], row["number"]) for row in rows}
    there: set[tuple[object, ...]] = set()
    for chunk in chunked(numbers):
        query = sa.select(person_indexes).where(person_indexes.c.number.in_(chunk))
        there.update((row.column, row.blind, row.number) for row in connection.execute(query))
    names = [column.name for column in person_indexes.c]
    key = sa.and_(*(person_indexes.c[name] == sa.bindparam(f"of_{name}") for name in names))
    for batch in chunked(there - wanted):
        gone = [{f"of_{name}": value for name, value in zip(names, row, strict=True)} for row in batch]
        connection.execute(sa.delete(person_indexes).where(key), gone)
    for batch in chunked(wanted - there):
        connection.execute(sa.insert(person_indexes), [dict(zip(names, row, strict=True)) for row in batch])
