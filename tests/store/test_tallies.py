"""Neither figures nor claims cost anything for what ended long ago: asked of both databases how they find things."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from baton.model.account import Action, Receipt
from baton.model.effect import EffectState
from baton.store import queue, tallies
from baton.store.alarms import AlarmStore
from baton.store.claims import ClaimRule
from baton.store.leases import WAITING
from baton.store.tables import effects
from tests.store.desk import JOB, SYSTEM, Desk

OLD = 4_000
"""So many that no planner would rather read the table from end to end."""
DAY = timedelta(hours=24)


@pytest.fixture
def aged(desk: Desk) -> Desk:
    """A few effects of today, of every kind, over a heap of what was done, refused or given up long ago."""
    desk.plan_all(["0001", "0002", "0003"], [Action.PROVISION, Action.DISABLE])
    first = desk.claim()
    desk.settle(first[:1], Receipt.done("x1"))
    desk.settle(first[1:2], Receipt.in_doubt("lost", "no answer"))
    desk.settle(first[2:], Receipt.refused("no", "no"))
    long_ago = desk.clock.now() - timedelta(days=400)
    with desk.database.write() as connection:
        template = connection.execute(sa.select(effects).limit(1)).one()._asdict()
        del template["id"]
        template |= {"created_at": long_ago, "due_at": long_ago, "updated_at": long_ago}
        ends = (EffectState.DONE, EffectState.REFUSED, EffectState.SUPERSEDED)
        rows = [
            {**template, "key": f"old-{place}", "number": f"old-{place}", "state": ends[place % 3].value}
            for place in range(OLD)
        ]
        connection.execute(sa.insert(effects), rows)
    with desk.database.engine.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    return desk


def test_what_waits_and_what_has_just_ended_is_counted_and_nothing_else(aged: Desk) -> None:
    now = aged.clock.now()
    with aged.database.read() as connection:
        assert tallies.systems(connection) == [SYSTEM]
        waiting = tallies.waiting(connection, SYSTEM, now)
        ended = tallies.ended(connection, SYSTEM, now - DAY)
        assert tallies.last_done(connection, SYSTEM, now) == now
        assert tallies.last_done(connection, "erp", now) is None
        assert tallies.last_done(connection, SYSTEM, now - DAY) != now, "by a clock that was ahead"
        assert tallies.ended(connection, SYSTEM, now + DAY) == []
    assert {(each.job, each.state, each.number, each.due, each.oldest) for each in waiting} == {
        (JOB, "planned", 3, 3, now),
        (JOB, "in_doubt", 1, 1, now),
    }
    assert {(each.job, each.state, each.number) for each in ended} == {(JOB, "done", 1), (JOB, "refused", 1)}


def test_every_system_is_found_whoever_it_is(desk: Desk) -> None:
    with desk.database.read() as connection:
        assert tallies.systems(connection) == []
    desk.plan_all(["0001", "0002", "0003", "0004"])
    with desk.database.write() as connection:
        for number, system in (("0001", "erp"), ("0002", "bank"), ("0003", "erp")):
            connection.execute(sa.update(effects).where(effects.c.number == number).values(system=system))
        assert tallies.systems(connection) == ["bank", SYSTEM, "erp"]


@contextmanager
def explained(desk: Desk) -> Iterator[list[str]]:
    """How the database would find what each statement inside asks for."""
    plans: list[str] = []
    word = "EXPLAIN" if desk.database.dialect == "postgresql" else "EXPLAIN QUERY PLAN"

    def explain(raw: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith(("SELECT", "UPDATE", "WITH")):
            return
        found = raw.exec_driver_sql(f"{word} {statement}", parameters).all()
        plans.append("\n".join(str(row[-1]) for row in found))

    sa.event.listen(desk.database.engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        sa.event.remove(desk.database.engine, "before_cursor_execute", explain)


def reads_history(plan: str) -> bool:
    """Whether it goes through effects that are over: the whole table, or all of a system whatever their state."""
    through = ("Seq Scan on effects", "SCAN effects", "(system=?)", "ANY(state)")
    return any(way in plan for way in through)


def test_no_figure_reads_what_is_over(aged: Desk) -> None:
    now = aged.clock.now()
    with aged.database.read() as connection, explained(aged) as plans:
        tallies.waiting(connection, SYSTEM, now)
        tallies.ended(connection, SYSTEM, now - DAY)
        tallies.last_done(connection, SYSTEM, now)
        tallies.systems(connection)
    assert len(plans) == 4
    assert [plan for plan in plans if "effects" not in plan or reads_history(plan)] == []


def test_neither_does_a_claim_or_whoever_waits_for_one(aged: Desk) -> None:
    aged.plan("0009", rank=1)
    now = aged.clock.now()
    rule = ClaimRule(SYSTEM, "w", 50, 60.0, whole_batches=False)
    with aged.database.write() as connection, explained(aged) as plans:
        aged.leases.recover(connection, SYSTEM)
        aged.leases.claim_unsettled(connection, rule, EffectState.IN_DOUBT)
        aged.leases.claim(connection, rule)
        queue.superiors_awaited(connection, rule, 1, now)
        queue.superiors_in_flight(connection, rule, now)
        queue.next_turn(connection, rule, WAITING, now, now + DAY)
    asked = [plan for plan in plans if "effects" in plan]
    assert len(asked) >= 9
    assert [plan for plan in asked if reads_history(plan)] == []


def test_what_waits_for_a_few_people_is_found_by_them_and_not_among_all_that_waits(desk: Desk) -> None:
    desk.plan("0009")
    people = [f"{number:04}" for number in range(9, 500)]
    with desk.database.write() as connection, explained(desk) as plans:
        assert desk.effects.supersede(connection, "sync", SYSTEM, people, why="newer_plan") == 1
    finding = plans[0]
    assert "number" in finding if desk.database.dialect == "postgresql" else "(system=? AND number=?)" in finding


def test_neither_does_a_look_at_who_has_heard_of_an_alarm(aged: Desk) -> None:
    with aged.database.read() as connection, explained(aged) as plans:
        heard = AlarmStore(aged.clock).heard(connection, {SYSTEM}, ["0001", "old-7", "nobody"])
    assert heard == {(SYSTEM, "0001"): aged.clock.now(), (SYSTEM, "old-7"): aged.clock.now() - timedelta(days=400)}
    assert [reads_history(plan) for plan in plans] == [False]


def test_such_reading_would_be_noticed(aged: Desk) -> None:
    whole = sa.select(effects.c.state, sa.func.count(), sa.func.max(effects.c.updated_at)).group_by(effects.c.state)
    of_a_system = sa.select(sa.func.count()).where(
        effects.c.system == SYSTEM, effects.c.rank < 1, effects.c.crashes > 0
    )
    with aged.database.read() as connection, explained(aged) as plans:
        connection.execute(whole).all()
        connection.execute(of_a_system).all()
    assert [reads_history(plan) for plan in plans] == [True, True]
