"""Whatever stands in the table: nobody who could be sent is left, nobody is sent too early, and nobody waits in vain."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.engine.accounts import AccountPerformer
from baton.engine.apply import Applier
from baton.engine.workplace import Pace, Workplace
from baton.errors import InDoubtError
from baton.model.account import Action, Receipt
from baton.model.effect import EffectState, Intention, Link
from baton.store.effects import Drafted
from baton.store.tables import effects, links, switches
from tests.rig.examples import MANY
from tests.rig.targets import AskedByKeyTarget, FakeTarget, obey
from tests.rig.truth import Truth
from tests.store.desk import JOB, SYSTEM, Desk, desk_on

PACE = Pace(threads=1, lease_s=300.0, patience_s=30.0, fuse_calls=1000)
"""The fuse is a rule of its own: here asking in vain, again and again, must not end the work."""
PAUSES_EACH = 34
"""An effect in doubt is asked about once in a second or two while patience lasts; its time and its lease end once each."""
A_MOMENT = timedelta(seconds=5)
MAKING = Action.PROVISION.value
OPEN = (EffectState.PLANNED, EffectState.HELD, EffectState.SENT, EffectState.ACCEPTED, EffectState.IN_DOUBT)


class OneByOne(AskedByKeyTarget):
    batch_limit = 1


@dataclass(frozen=True)
class Laid:
    """One effect as it lies in the table when the work begins; times in seconds from then."""

    action: Action
    state: EffectState
    due_in: float
    put_off: float
    lease_in: float | None
    attempts: int


STATES = (EffectState.PLANNED, EffectState.PLANNED, EffectState.SENT, EffectState.IN_DOUBT, EffectState.HELD)
laid = st.builds(
    Laid,
    action=st.sampled_from([Action.PROVISION, Action.PROVISION, Action.UPDATE, Action.DISABLE]),
    state=st.sampled_from([*STATES, EffectState.ACCEPTED]),
    due_in=st.sampled_from([0.0, 0.0, 0.0, 10.0, 3600.0]),
    put_off=st.sampled_from([0.0, 0.0, 2.0, 8.0, 25.0, 300.0]),
    lease_in=st.sampled_from([None, -1.0, 1.0, 12.0, 200.0]),
    attempts=st.integers(0, 1),
)
people = st.lists(st.tuples(st.integers(0, 2), st.lists(laid, min_size=1, max_size=2)), min_size=1, max_size=4)
paused = st.sampled_from([(), (), (MAKING,), ("update",), ("update", "disable")])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with desk_on(f"sqlite:///{folder}/hub.sqlite3") as opened:
        sa.event.listen(opened.database.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA synchronous=OFF"))
        opened.run("run-1")
        yield opened


def lay_out(desk: Desk, table: Sequence[tuple[int, Sequence[Laid]]], stopped: Sequence[str]) -> None:
    now = desk.clock.now()
    with desk.database.write() as connection:
        connection.execute(sa.delete(effects))
        connection.execute(sa.delete(switches))
        connection.execute(sa.delete(links))
        desk.links.save_plan(connection, [Link(SYSTEM, f"{place:04d}") for place in range(len(table))])
        for action in stopped:
            desk.runs.engage(connection, f"action:{action}", "hr-wang", "it is stopped")
        for place, (rank, wanted) in enumerate(table):
            for version, each in enumerate(wanted, start=1):
                due = now + timedelta(seconds=each.due_in)
                what = Intention(SYSTEM, f"{place:04d}", each.action, due, {"name": "测试䶮"}, rank=rank)
                draft = Drafted(what, version, "", {"name": "digest"})
                desk.effects.insert(connection, JOB, "run-1", [draft])
                held = each.state in (EffectState.SENT, EffectState.IN_DOUBT, EffectState.ACCEPTED)
                lease = each.lease_in if held else None
                lease = 200.0 if each.state is EffectState.SENT and lease is None else lease
                connection.execute(
                    sa.update(effects)
                    .where(effects.c.key == draft.key(JOB))
                    .values(
                        state=each.state.value,
                        next_at=due + timedelta(seconds=each.put_off),
                        lease_until=None if lease is None else now + timedelta(seconds=lease),
                        lease_owner=None if lease is None else "another process",
                        attempts=max(each.attempts, int(held)),
                        epoch=int(held),
                    )
                )


@dataclass(frozen=True)
class Model:
    """What the rules say about a table, read row by row: written from the architecture, not from the queries."""

    rows: Sequence[sa.Row[Any]]
    stopped: Sequence[str]
    now: datetime

    def in_hand(self, row: Any) -> bool:
        """A living worker sends it, or asks about it."""
        return row.state in ("sent", "in_doubt") and row.lease_until is not None and row.lease_until > self.now

    def put_off(self, row: Any) -> bool:
        """It was tried, and will be again."""
        return row.state == "planned" and row.next_at > row.due_at and row.action not in self.stopped

    def awaited(self, row: Any) -> bool:
        """Whether those below wait for it: it is being made, or will be tried or asked about in a moment."""
        soon = row.next_at <= self.now + A_MOMENT
        again = row.state == "in_doubt" or (self.put_off(row) and row.next_at > self.now)
        return row.action == MAKING and (self.in_hand(row) or (soon and again))

    def held_up(self, row: Any) -> bool:
        """By an earlier version of the same person, or by a superior."""
        earlier = any(
            each.number == row.number and each.version < row.version and each.state in OPEN for each in self.rows
        )
        return earlier or any(each.rank < row.rank and self.awaited(each) for each in self.rows)

    def could_be_sent(self, row: Any, by: datetime) -> bool:
        """Planned, due by then, not stopped, and nothing is in its way."""
        due = row.due_at <= self.now and row.next_at <= (by if self.put_off(row) else self.now)
        return row.state == "planned" and due and row.action not in self.stopped and not self.held_up(row)

    def could_be_asked(self, row: Any, by: datetime) -> bool:
        """Nobody knows what became of it, nobody asks, and it may be asked about by then."""
        free = row.lease_until is None or row.lease_until <= by
        return row.state in ("in_doubt", "accepted") and row.next_at <= by and free


def rows(desk: Desk) -> Sequence[sa.Row[Any]]:
    with desk.database.read() as connection:
        return connection.execute(sa.select(effects).order_by(effects.c.rank, effects.c.id)).all()


class Pauses:
    """Counts how often the work has slept; far too often means that it turns in circles."""

    def __init__(self, effects: int) -> None:
        self.most = PAUSES_EACH * effects
        self.number = 0

    def __call__(self) -> None:
        self.number += 1
        assert self.number <= self.most, "the work turns in circles"


@settings(max_examples=60 * MANY, deadline=None)
@given(table=people, stopped=paused, silent=st.booleans(), look_s=st.sampled_from([0.0, 0.0, 3.0]))
def test_nobody_is_left_who_could_be_sent_and_nothing_turns_in_circles(
    desk: Desk, table: Sequence[tuple[int, Sequence[Laid]]], stopped: Sequence[str], silent: bool, look_s: float
) -> None:
    lay_out(desk, table, stopped)
    early: list[str] = []

    def receive(target: FakeTarget, writes: Sequence[Any]) -> Sequence[Receipt]:
        ours = {write.key for write in writes}
        model = Model([row for row in rows(desk) if row.key not in ours], stopped, desk.clock.now())
        early.extend(row.key for row in rows(desk) if row.key in ours and model.held_up(row))
        return obey(target, writes)

    def look(*_: object) -> None:
        if look_s:
            clock.sleep(look_s)
        if silent:
            raise InDoubtError("no answer", code="timeout")

    clock, chance = desk.clock, random.Random(1)
    performer = AccountPerformer(SYSTEM, OneByOne(Truth(), receive, look), desk.database, desk.leases, clock, chance)
    began, pauses = clock.now(), Pauses(len(rows(desk)))
    clock.on_advance = pauses
    try:
        Applier(Workplace(SYSTEM, performer, desk.database, desk.leases, desk.runs, clock, chance, PACE)).run()
    finally:
        clock.on_advance = lambda: None
    model = Model(rows(desk), stopped, clock.now())
    patience = began + timedelta(seconds=PACE.patience_s)
    assert model.now <= patience + timedelta(seconds=1 + look_s * 2 * len(model.rows))
    assert early == []
    assert [row.number for row in model.rows if model.could_be_sent(row, patience)] == []
    assert [row.number for row in model.rows if model.could_be_asked(row, patience)] == []
