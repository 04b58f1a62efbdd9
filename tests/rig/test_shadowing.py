"""A statement in which an EXISTS means any row where this one is meant is found, and no other is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from baton.store.tables import cases, effects, people, person_versions, runs
from tests.rig.shadowing import shadowed

LATER = person_versions.alias("later")


def within(**tied: sa.FromClause) -> sa.Select[tuple[str]]:
    """Cases of whose leaver no version stands that is the newest before the case."""
    same = (LATER.c.number == person_versions.c.number, LATER.c.version > person_versions.c.version)
    over = sa.exists().where(*same, LATER.c.effective_at <= cases.c.opened_at)
    over = over.correlate(*tied.values()) if tied else over
    entered = sa.exists().where(person_versions.c.number == cases.c.number, ~over)
    return sa.select(cases.c.id).where(cases.c.number.in_(["0002"]), ~entered)


def other(table: sa.FromClause) -> sa.Exists:
    return sa.exists(sa.select(table.c.id).select_from(table.join(runs, table.c.run_id == runs.c.id)))


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        (within(), {"cases"}),
        (within(case=cases), {"person_versions"}),
        (within(case=cases, version=person_versions), set()),
        (sa.select(people.c.number, other(effects)).join(runs, sa.true()), {"runs"}),
        (sa.select(sa.func.coalesce(people.c.number, "")).where(other(effects)), set()),
        (sa.select(effects.c.id).where(other(effects.alias("later")).correlate(None)), set()),
        (sa.update(effects).values(code="x").where(other(effects).correlate(None)), {"effects"}),
        (sa.select(people.c.number).where(people.c.number.in_(sa.select(people.c.number))), set()),
    ],
)
def test_only_a_table_that_an_exists_names_again_is_found(statement: sa.ClauseElement, names: set[str]) -> None:
    assert shadowed(str(statement)) == names
