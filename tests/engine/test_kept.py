"""What waits for its turn stays claimed: at a system that may seldom be called, the wait is longer than a lease."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from baton.contracts import Rate
from baton.engine import workplace
from baton.engine.accounts import AccountPerformer
from baton.engine.apply import Applier
from baton.engine.limiter import SharedLimiter
from baton.engine.report import Report
from baton.engine.workplace import Pace, Workplace
from baton.errors import LeaseLostError
from baton.model.account import Receipt
from tests.rig.targets import FakeTarget, KeyTarget, obey
from tests.rig.truth import Truth
from tests.store.desk import SYSTEM, Desk

PEOPLE = [f"{number:04d}" for number in range(1, 11)]
PACE = Pace(threads=1, lease_s=60.0, patience_s=0.0)
TURN_S = 150.0


class OneByOne(KeyTarget):
    batch_limit = 1


class Seldom:
    """A system whose allowance is a few calls at once and then one in a long while; it makes sure to be called in turn.

    Meanwhile another worker takes over whatever looks abandoned.
    """

    def __init__(self, desk: Desk, burst: int) -> None:
        self.desk = desk
        self.truth = Truth()
        self.limiter = SharedLimiter(desk.database, SYSTEM, Rate(1, per_s=TURN_S, burst=burst), desk.clock)
        self.taken_over = 0
        desk.clock.on_advance = self._another_worker

    def _another_worker(self) -> None:
        with self.desk.database.write() as connection:
            self.taken_over += self.desk.leases.recover(connection, SYSTEM)
        self.taken_over += len(self.desk.doubtful())

    def receive(self, target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        self.limiter.acquire()
        self.desk.clock.sleep(0.02)
        return obey(target, writes)

    def look(self, _target: FakeTarget, _refs: Sequence) -> None:
        self.limiter.acquire()

    def place(self) -> Workplace:
        desk, chance = self.desk, random.Random(1)
        target = OneByOne(self.truth, self.receive, self.look)
        performer = AccountPerformer(SYSTEM, target, desk.database, desk.leases, desk.clock, chance, PACE.retry)
        return Workplace(SYSTEM, performer, desk.database, desk.leases, desk.runs, desk.clock, chance, PACE)

    def work(self) -> Report:
        return Applier(self.place()).run()


def states(desk: Desk) -> set[str]:
    return {state for (state,) in desk.rows("state")}


@pytest.mark.parametrize("burst", [1, 3])
def test_nobody_takes_over_what_waits_for_the_allowance(desk: Desk, burst: int) -> None:
    desk.plan_all(PEOPLE)
    seldom = Seldom(desk, burst)
    report = seldom.work()
    assert (states(desk), report.counts["done"], seldom.taken_over) == ({"done"}, len(PEOPLE), 0)
    assert {attempts for (attempts,) in desk.rows("attempts")} == {1}
    assert seldom.truth.repeated() == []
    assert desk.clock.monotonic() >= TURN_S * (len(PEOPLE) - burst)


def test_nor_what_waits_to_be_asked_about(desk: Desk) -> None:
    desk.plan("0001")
    desk.claim()
    desk.crash()
    seldom = Seldom(desk, 1)
    seldom.limiter.acquire()
    report = seldom.work()
    assert (states(desk), report.counts["resend"], seldom.taken_over) == ({"planned"}, 1, 0)


def test_a_call_that_somebody_else_has_taken_over_meanwhile_is_not_made(desk: Desk) -> None:
    """The process was stopped for longer than its lease while it waited."""
    desk.plan("0001")
    seldom = Seldom(desk, 1)
    seldom.limiter.acquire()

    def stopped() -> None:
        desk.clock.on_advance = seldom._another_worker
        desk.clock.advance(timedelta(seconds=PACE.lease_s))

    desk.clock.on_advance = stopped
    with pytest.raises(LeaseLostError):
        seldom.work()
    assert (seldom.truth.journal, states(desk)) == ([], {"in_doubt"})
    desk.clock.on_advance = lambda: None
    for _ in range(3):
        desk.clock.sleep(3_600)
        seldom.work()
    assert (states(desk), seldom.truth.repeated()) == ({"done"}, [])


def test_nor_what_stands_ready_for_a_lane(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workplace, "_PIECE_S", 0.01)
    place = Seldom(desk, 1).place()
    asked = threading.Event()
    waited: list[bool] = []

    def second() -> None:
        with place.lane(asked.set) as late:
            waited.append(late)

    with place.lane(lambda: None) as late:
        thread = threading.Thread(target=second)
        thread.start()
        assert asked.wait(20)
    thread.join(20)
    assert (late, waited) == (False, [True])
