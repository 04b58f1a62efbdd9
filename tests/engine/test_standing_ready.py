"""Batches that stand ready while as many calls are under way as the system allows."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence

from baton.engine.accounts import AccountPerformer
from baton.engine.apply import Applier
from baton.engine.report import Report
from baton.engine.workplace import Pace, Workplace
from baton.errors import HaltError
from baton.model.account import Receipt
from tests.rig.targets import FakeTarget, KeyTarget, obey
from tests.rig.truth import Truth
from tests.store.desk import SYSTEM, Desk

PEOPLE = [f"{number:04d}" for number in range(1, 9)]
LANES, AHEAD = 2, 1
READY = LANES * AHEAD
PACE = Pace(threads=LANES, lease_s=60.0, patience_s=0.0)


class OneByOne(KeyTarget):
    batch_limit = 1


class Counter:
    """Holds the first calls until all lanes are taken and the next batches stand ready, then does ``then`` once."""

    def __init__(self, desk: Desk, then: Callable[[], None] = lambda: None) -> None:
        self.desk = desk
        self.then = then
        self.made = self.now = self.most = self.sent = 0
        self.lock = threading.Lock()
        self.full = threading.Barrier(LANES, timeout=20)

    def __call__(self, target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        with self.lock:
            self.made += 1
            first = self.made <= LANES
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            if first:
                self._hold()
            return obey(target, writes)
        finally:
            with self.lock:
                self.now -= 1

    def _hold(self) -> None:
        deadline = time.monotonic() + 20
        while (sent := states(self.desk).count("sent")) < LANES + READY and time.monotonic() < deadline:
            time.sleep(0.005)
        self.sent = max(self.sent, sent)
        try:
            if self.full.wait() == 0:
                self.then()
        finally:
            self.full.wait()


def applier(desk: Desk, receive: Counter, truth: Truth) -> Applier:
    desk.plan_all(PEOPLE)
    clock, chance = desk.clock, random.Random(1)
    target = OneByOne(truth, receive)
    performer = AccountPerformer(SYSTEM, target, desk.database, desk.leases, clock, chance, PACE.retry)
    performer.ahead = AHEAD
    return Applier(Workplace(SYSTEM, performer, desk.database, desk.leases, desk.runs, clock, chance, PACE))


def work(desk: Desk, receive: Counter) -> Report:
    return applier(desk, receive, Truth()).run()


def states(desk: Desk) -> list[str]:
    return [state for (state,) in desk.rows("state")]


def test_the_next_batches_stand_ready_and_no_more_calls_are_made_at_once_than_allowed(desk: Desk) -> None:
    calls = Counter(desk)
    report = work(desk, calls)
    assert (calls.most, calls.sent) == (LANES, LANES + READY)
    assert report.counts["done"] == len(PEOPLE)


def test_what_stands_ready_when_a_switch_is_put_on_never_leaves(desk: Desk) -> None:
    def stop() -> None:
        with desk.database.write() as connection:
            desk.runs.engage(connection, "all", "hr-wang", "something is wrong")

    calls = Counter(desk, stop)
    report = work(desk, calls)
    assert (calls.made, report.counts["done"], report.needs_person) == (LANES, LANES, True)
    assert sorted(states(desk)) == ["done"] * LANES + ["planned"] * (len(PEOPLE) - LANES)


def test_what_stands_ready_when_its_action_is_paused_never_leaves(desk: Desk) -> None:
    def pause() -> None:
        with desk.database.write() as connection:
            desk.runs.engage(connection, "action:provision", "hr-wang", "something is wrong")

    calls = Counter(desk, pause)
    work(desk, calls)
    assert (calls.made, states(desk).count("planned")) == (LANES, len(PEOPLE) - LANES)


class Refusing(Counter):
    def _hold(self) -> None:
        super()._hold()
        raise HaltError("the credentials have ended", code="login_refused")


def test_what_stands_ready_when_a_call_says_that_a_person_must_act_never_leaves(desk: Desk) -> None:
    calls = Refusing(desk)
    report = work(desk, calls)
    assert (calls.made, report.needs_person) == (LANES, True)
    assert states(desk) == ["planned"] * len(PEOPLE)


def test_a_lease_that_ends_while_a_batch_stands_ready_loses_and_doubles_nothing(desk: Desk) -> None:
    truth = Truth()
    working = applier(desk, Counter(desk, lambda: desk.clock.sleep(PACE.lease_s + 1)), truth)
    for _ in range(3):  # what was taken over is looked up, and sent again after a back-off
        working.run()
        desk.clock.sleep(3_600)
    assert states(desk) == ["done"] * len(PEOPLE)
    assert sorted(truth.accounts) == PEOPLE
