"""Since when an effect has stood where it stands: every step says so, and nothing that leaves it there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.store import tallies
from baton.store.restores import RestoreStore
from tests.store.desk import SYSTEM, Desk

HOUR = timedelta(hours=1)


def held(desk: Desk) -> None:
    with desk.database.write() as connection:
        desk.effects.hold(connection, "run-1")


def released(desk: Desk) -> None:
    with desk.database.write() as connection:
        run = desk.runs.get(connection, "run-1")
        assert run is not None
        desk.effects.release(connection, "run-1")
        desk.runs.decide(connection, run, "release", "b", "looked")


def given_up(desk: Desk) -> None:
    with desk.database.write() as connection:
        desk.effects.cancel(connection, "run-1", why="no")


def restored(desk: Desk) -> None:
    with desk.database.write() as connection:
        RestoreStore(desk.effects, desk.links).begin(connection, "ops", "the disk", "")


def read_back(desk: Desk) -> None:
    with desk.database.write() as connection:
        RestoreStore(desk.effects, desk.links).overtaken(connection, SYSTEM)


def sent(desk: Desk) -> None:
    assert desk.claim()


def answered(receipt: Receipt) -> Callable[[Desk], None]:
    def step(desk: Desk) -> None:
        with desk.database.read() as connection:
            assert None not in desk.settle(desk.effects.read(connection), receipt)

    return step


def crashed(desk: Desk) -> None:
    assert desk.crash()


def looked_up_again(desk: Desk) -> None:
    assert desk.settle(desk.doubtful(), Receipt.in_doubt("away", "no answer")) == [EffectState.IN_DOUBT]


doubted = answered(Receipt.in_doubt("lost", "no answer"))
not_done = answered(Receipt.not_performed("busy", "later"))
promised = answered(Receipt.accepted())
done = answered(Receipt.done("x1"))
refused = answered(Receipt.refused("no", "no"))

WAYS = {
    "held, released, done": (held, released, sent, done),
    "held, given up": (held, given_up),
    "refused": (sent, refused),
    "tried again": (sent, not_done, sent, promised, done),
    "in doubt, then not there": (sent, doubted, not_done, sent, crashed, promised, doubted, refused),
    "restored from a backup": (sent, restored, read_back),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_step_says_since_when(desk: Desk, way: str) -> None:
    desk.plan("0001")
    assert desk.rows("state_since") == [(desk.clock.now(),)]
    for step in WAYS[way]:
        desk.clock.advance(HOUR)
        ((before, since),) = desk.rows("state", "state_since")
        step(desk)
        ((after, now),) = desk.rows("state", "state_since")
        assert (after != before, now) == (True, desk.clock.now()), f"{before} to {after}, since {since}"


@pytest.mark.parametrize("way", [(sent, doubted, looked_up_again), (sent, promised, promised)])
def test_what_stays_where_it_is_keeps_its_time(desk: Desk, way: tuple[Callable[[Desk], None], ...]) -> None:
    desk.plan("0001")
    *there, again = way
    for step in there:
        desk.clock.advance(HOUR)
        step(desk)
    before = desk.rows("state", "state_since")
    desk.clock.advance(HOUR)
    again(desk)
    assert desk.rows("state", "state_since") == before


def oldest(desk: Desk) -> list[tuple[str, int, float]]:
    """(state, how many, hours the oldest has waited) of what is not over."""
    now = desk.clock.now()
    with desk.database.read() as connection:
        waiting = tallies.waiting(connection, SYSTEM, now)
    return sorted((each.state.value, each.due, (now - each.oldest) / HOUR) for each in waiting)


@pytest.mark.parametrize(("outcome", "state"), [(doubted, "in_doubt"), (promised, "accepted")])
def test_a_doubt_and_a_promise_are_as_old_as_they_are_and_not_as_what_they_are_about(
    desk: Desk, outcome: Callable[[Desk], None], state: str
) -> None:
    desk.plan("0001")
    desk.clock.advance(60 * HOUR)
    sent(desk)
    outcome(desk)
    assert oldest(desk) == [(state, 1, 0.0)]
    desk.clock.advance(3 * HOUR)
    outcome(desk)
    assert oldest(desk) == [(state, 1, 3.0)]


def test_what_was_held_is_due_from_its_release_on(desk: Desk) -> None:
    desk.plan("0001")
    desk.plan("0002", run="run-2")
    held(desk)
    desk.clock.advance(23 * HOUR)
    desk.plan("0003", due_in=HOUR.total_seconds())
    released(desk)
    assert oldest(desk) == [("planned", 2, 23.0)], "that of the other run was never held"
    with desk.database.write() as connection:
        desk.effects.cancel(connection, "run-2", why="no")
    assert oldest(desk) == [("planned", 1, 0.0)]
    desk.clock.advance(2 * HOUR)
    assert oldest(desk) == [("planned", 2, 2.0)]


def test_a_try_that_came_to_nothing_makes_nothing_less_due(desk: Desk) -> None:
    desk.plan("0001")
    held(desk)
    desk.clock.advance(10 * HOUR)
    released(desk)
    for step in (sent, not_done, sent, doubted, not_done):
        desk.clock.advance(HOUR)
        step(desk)
    assert oldest(desk) == [("planned", 1, 5.0)]
