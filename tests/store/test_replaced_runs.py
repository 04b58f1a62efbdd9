"""Which run stands for one that gave way: by what becomes of that one it is told what was let go."""

from __future__ import annotations

import sqlalchemy as sa

from baton.store.runs import RunState
from baton.store.tables import runs
from tests.store.desk import JOB, Desk


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


def test_a_run_for_all_stands_for_what_gave_way_to_nobody_known(desk: Desk) -> None:
    for run in ("older", "fenced", "other", "next"):
        desk.run(run)
    with desk.database.write() as connection:
        desk.runs.replace(connection, "older", by="fenced")
        desk.runs.change(connection, "fenced", RunState.REPLACED, verdict="held")
        desk.runs.cover(connection, "another job", "other")
        desk.runs.cover(connection, JOB, "next")
    assert replaced_by(desk) == {"older": "next", "fenced": "next", "other": None, "next": None}
