"""For whom, or with whom, something was done: everywhere the store may tell of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from baton.store.referring import REFERRING, referred
from tests.store.desk import Desk

SAMPLES: dict[type, Any] = {
    str: "x",
    int: 1,
    float: 1.0,
    bool: True,
    bytes: b"x",
    dict: {},
    date: date(2026, 11, 30),
    object: datetime(2026, 11, 30, tzinfo=UTC),  # an instant
}


def put(connection: sa.Connection, table: sa.Table, **given: Any) -> None:
    """A row of a table, and of every table that it names: whatever must be there and was not given is made up."""
    for key in table.foreign_key_constraints:
        put(connection, key.referred_table)
    made_up = {
        column.name: SAMPLES[column.type.python_type]
        for column in table.columns
        if not (column.nullable or column.autoincrement is True)
    }
    connection.execute(sa.insert(table).values(**{**made_up, **given}))


@pytest.mark.parametrize("column", REFERRING, ids=str)
def test_whom_a_row_tells_of_is_referred_to(desk: Desk, column: sa.Column[Any]) -> None:
    others = [f"{number:05d}" for number in range(2, 1200)]
    with desk.database.write() as connection:
        assert referred(connection, ["00001", *others]) == set()
        put(connection, column.table, **{column.name: "00001"})
        assert referred(connection, [*others, "00001"]) == {"00001"}
        assert referred(connection, others) == set()


def test_as_many_statements_are_asked_as_there_are_hundreds_of_people_not_people(desk: Desk) -> None:
    asked: list[str] = []
    with desk.database.read() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
        referred(connection, [f"{number:05d}" for number in range(2_000)])
    assert len([each for each in asked if each != "BEGIN"]) == 4
