"""Which run stands for one that gave way: by what becomes of that one it is told what was let go."""

from __future__ import annotations

import sqlalchemy as sa

from baton.store.tables import runs
from tests.store.desk import Desk


def replaced_by(desk: Desk) -> dict[str, str | None]:
    with desk.database.read() as connection:
        return dict(connection.execute(sa.select(runs.c.id, runs.c.replaced_by)).all())


def test_what_gave_way_before_gives_way_with_it(desk: Desk) -> None:
    for run in ("first", "second", "third"):
        desk.run(run)
    with desk.database.write() as connection:
        desk.runs.replace(connection, "first", by="second")
        desk.runs.replace(connection, "second", by="third")
    assert replaced_by(desk) == {"first": "third", "second": "third", "third": None}


def test_with_what_gave_way_to_nobody_it_stands_for_nobody(desk: Desk) -> None:
    for run in ("first", "second"):
        desk.run(run)
    with desk.database.write() as connection:
        desk.runs.replace(connection, "first", by="second")
        desk.runs.replace(connection, "second", by=None)
    assert replaced_by(desk) == {"first": None, "second": None}
