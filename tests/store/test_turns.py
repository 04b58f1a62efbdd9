"""Whose turn it is among the threads that write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from baton.store.database import Database
from baton.store.turns import Turns

PATIENCE_S = 20.0


def waiting(turns: Turns, went: list[str], name: str, turn: AbstractContextManager[None]) -> threading.Thread:
    """A thread that waits for its turn, and notes when it has it."""

    def go() -> None:
        with turn:
            went.append(name)

    thread = threading.Thread(target=go)
    thread.start()
    time.sleep(0.02)
    return thread


def test_who_is_brief_goes_before_those_who_have_waited_longer() -> None:
    turns, went = Turns(), list[str]()
    with turns.after_all(PATIENCE_S):
        threads = [waiting(turns, went, f"long {n}", turns.after_all(PATIENCE_S)) for n in range(3)]
        threads.append(waiting(turns, went, "brief", turns.next(PATIENCE_S)))
        assert went == []
    for thread in threads:
        thread.join(PATIENCE_S)
    assert went[0] == "brief"
    assert sorted(went) == ["brief", "long 0", "long 1", "long 2"]


@pytest.mark.parametrize("sort", ["after_all", "next"])
def test_who_waits_in_vain_goes_on_and_leaves_the_turn_to_its_owner(sort: str) -> None:
    turns, went = Turns(), list[str]()
    with turns.after_all(PATIENCE_S):
        with getattr(turns, sort)(0.01):
            went.append("in vain")
        other = waiting(turns, went, "other", turns.after_all(PATIENCE_S))
        assert went == ["in vain"]  # the owner's turn has not ended with the other's
    other.join(PATIENCE_S)
    assert went == ["in vain", "other"]


def test_an_error_ends_the_turn() -> None:
    turns = Turns()
    for turn in (turns.after_all, turns.next):
        with pytest.raises(ValueError, match="no"), turn(PATIENCE_S):
            raise ValueError("no")
    with turns.after_all(0.0):
        pass


def test_a_brief_write_does_not_wait_for_the_long_ones_that_wait(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/hub.sqlite3")
    order: list[str] = []

    def write(name: str, turn: Callable[[], AbstractContextManager[object]]) -> None:
        with turn():
            order.append(name)

    with database.write():
        threads = [threading.Thread(target=write, args=(f"long {n}", database.write)) for n in range(2)]
        threads.append(threading.Thread(target=write, args=("brief", database.write_next)))
        for thread in threads:
            thread.start()
            time.sleep(0.02)
    for thread in threads:
        thread.join(PATIENCE_S)
    database.close()
    assert order[0] == "brief"


def test_who_is_interrupted_while_waiting_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(turns._changed, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt), turns.next(1.0):
            pass
    began = time.monotonic()
    with turns.after_all(5.0):
        assert time.monotonic() - began < 1.0
