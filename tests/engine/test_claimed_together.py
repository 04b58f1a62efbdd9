"""Calls that are claimed and stored together, because the target answers faster than the database could follow."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from baton.contracts import Promise
from baton.engine.accounts import AccountPerformer
from baton.engine.apply import Applier
from baton.engine.report import Report
from baton.engine.workplace import Pace, Workplace
from baton.errors import HaltError
from baton.model.account import Receipt
from tests.rig.targets import FakeTarget, KeyTarget, obey
from tests.rig.truth import Truth
from tests.store.desk import SYSTEM, Desk

PEOPLE = [f"{number:04d}" for number in range(1, 31)]
PACE = Pace(threads=1, lease_s=60.0, patience_s=0.0)


class OneByOne(KeyTarget):
    batch_limit = 1


class NobodyCanTell(OneByOne):
    promise = Promise.BLIND


class Watching:
    """Takes ``call_s`` for each call and notes how many effects were claimed while it was made."""

    def __init__(self, desk: Desk, call_s: float, then: Callable[[int], None] = lambda _: None) -> None:
        self.desk = desk
        self.call_s = call_s
        self.then = then
        self.claimed: list[int] = []
        self.batches: list[str] = []

    def __call__(self, target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        self.claimed.append(states(self.desk).count("sent"))
        self.batches.append(writes[0].batch_id)
        self.desk.clock.sleep(self.call_s)
        self.then(len(self.claimed))
        return obey(target, writes)


def work(desk: Desk, receive: Watching, kind: type[FakeTarget] = OneByOne, truth: Truth | None = None) -> Report:
    clock, chance = desk.clock, random.Random(1)
    performer = AccountPerformer(
        SYSTEM, kind(truth or Truth(), receive), desk.database, desk.leases, clock, chance, PACE.retry
    )
    place = Workplace(SYSTEM, performer, desk.database, desk.leases, desk.runs, clock, chance, PACE)
    return Applier(place).run()


def states(desk: Desk) -> list[str]:
    return [state for (state,) in desk.rows("state")]


@pytest.mark.parametrize(("call_s", "together"), [(0.02, 12), (0.001, 16), (0.1, 2), (0.3, 1)])
def test_as_many_are_claimed_as_fit_into_a_moment(desk: Desk, call_s: float, together: int) -> None:
    desk.plan_all(PEOPLE)
    watching = Watching(desk, call_s)
    report = work(desk, watching)
    assert report.counts["done"] == len(PEOPLE)
    assert watching.claimed[0] == 1  # nothing is known of the target yet
    assert max(watching.claimed) == together
    assert len(set(watching.batches)) == len(PEOPLE)  # each call has a name of its own all the same


def test_one_at_a_time_where_nobody_can_look_up_what_was_claimed(desk: Desk) -> None:
    desk.plan_all(PEOPLE)
    watching = Watching(desk, 0.02)
    work(desk, watching, NobodyCanTell)
    assert set(watching.claimed) == {1}


def test_a_call_that_needs_a_person_stops_what_was_claimed_with_it(desk: Desk) -> None:
    def refuse(call: int) -> None:
        if call == 4:
            raise HaltError("the credentials have ended", code="login_refused")

    desk.plan_all(PEOPLE)
    watching = Watching(desk, 0.02, refuse)
    report = work(desk, watching)
    assert (len(watching.claimed), report.counts["done"], report.needs_person) == (4, 3, True)
    assert sorted(set(states(desk))) == ["done", "planned"]


def test_a_switch_is_seen_within_a_second_of_slowing_calls(desk: Desk) -> None:
    def slow_and_off(call: int) -> None:
        if call == 3:
            with desk.database.write() as connection:
                desk.runs.engage(connection, "all", "hr-wang", "something is wrong")
        if call >= 3:
            desk.clock.sleep(0.6)

    desk.plan_all(PEOPLE)
    watching = Watching(desk, 0.02, slow_and_off)
    report = work(desk, watching)
    assert (len(watching.claimed), report.counts["done"], report.needs_person) == (4, 4, True)


def test_what_is_done_is_stored_before_slow_calls_outlast_its_lease(desk: Desk) -> None:
    done: list[int] = []

    def slow(call: int) -> None:
        done.append(states(desk).count("done"))
        if call >= 4:
            desk.clock.sleep(PACE.lease_s / 4)

    desk.plan_all(PEOPLE)
    work(desk, Watching(desk, 0.02, slow))
    assert done[:7] == [0, 1, 1, 1, 4, 5, 6], "from the first slow call on each is stored before the next"
    assert states(desk) == ["done"] * len(PEOPLE)


class Died(BaseException):
    """What ends the process in the middle of a call."""


def test_a_process_that_dies_between_calls_leaves_doubt_and_nothing_is_doubled(desk: Desk) -> None:
    def die(call: int) -> None:
        if call == 5:
            raise Died

    desk.plan_all(PEOPLE)
    truth = Truth()
    with pytest.raises(Died):
        work(desk, Watching(desk, 0.02, die), truth=truth)
    assert (len(truth.accounts), states(desk).count("sent")) == (4, 12)
    for _ in range(3):
        desk.clock.sleep(3_600)
        work(desk, Watching(desk, 0.02), truth=truth)
    assert states(desk) == ["done"] * len(PEOPLE)
    assert sorted(truth.accounts) == PEOPLE
    assert truth.repeated() == []
