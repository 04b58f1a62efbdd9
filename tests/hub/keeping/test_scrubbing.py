"""What was erased is in no file of the database either, also where its log could not be emptied at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from baton.hub.keeping import erasing, ledger, restoring
from baton.hub.sync import SyncRequest, preview_sync
from baton.store import database
from tests.hub.keeping.conftest import OPERATOR, OTHER, World
from tests.hub.keeping.leaver import erase, lived, sync
from tests.hub.keeping.test_erasing import KilledError, at_rest, sealed_of

LEFT = "the log of the database still holds what was erased: the next sync empties it"
Make = Callable[..., World]


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_SCRUB_S", 0.2)


@contextmanager
def read_for_long(it: World) -> Iterator[None]:
    """Somebody reads from the database all the while: an export of the audit log, a plan, a page that hangs."""
    reader = sqlite3.connect(it.folder / "state" / "hub.sqlite3", isolation_level=None)
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchone()
        yield
    finally:
        reader.close()


def left(it: World, before: list[bytes]) -> int:
    data = at_rest(it.folder / "state")
    return sum(each in data for each in before)


def test_while_somebody_reads_an_erasure_says_what_is_left_and_the_next_sync_ends_it(world: Make) -> None:
    it = world()
    lived(it)
    before = sealed_of(it)
    with read_for_long(it):
        assert erase(it).scrubbed is False
        assert erasing.replay(it.hub).numbers == []
        assert left(it, before) == len(before) > 0
    sync(it)
    assert left(it, before) == 0


def test_while_somebody_reads_a_restore_and_a_sync_say_what_is_left(world: Make) -> None:
    it = world()
    lived(it)
    before = sealed_of(it)
    ledger.note(it.hub, ledger.Forgotten("0001", it.hub.clock.now(), OTHER))
    with read_for_long(it):
        assert preview_sync(it.hub, SyncRequest()).notes == [LEFT]
        restored = restoring.begin(it.hub, OPERATOR, "by a tool of its own")
        assert (restored.erased, restored.scrubbed) == ([], False)
        assert left(it, before) == len(before) > 0
    assert preview_sync(it.hub, SyncRequest()).notes == []
    assert left(it, before) == 0
    assert restoring.begin(it.hub, OPERATOR, "once more").scrubbed is True


def test_an_erasure_during_which_nobody_reads_leaves_nothing_to_be_done(world: Make) -> None:
    it = world()
    lived(it)
    before = sealed_of(it)
    assert erase(it).scrubbed is True
    assert left(it, before) == 0
    with read_for_long(it):
        assert it.hub.database.scrub() is True, "nothing is owed, and nobody is waited for"


def test_one_that_was_killed_before_the_log_was_emptied_is_carried_on(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = world()
    lived(it)
    before = sealed_of(it)

    def killed() -> None:
        raise KilledError

    with read_for_long(it), monkeypatch.context() as dying:
        dying.setattr(it.hub.database, "scrub", killed)
        with pytest.raises(KilledError):
            erase(it)
    assert left(it, before) == len(before)
    assert erasing.replay(it.hub).numbers == []
    assert left(it, before) == 0


def test_what_another_takes_out_meanwhile_stays_owed(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    it = world()
    emptied = database._emptied

    def overtaken(raw: Any) -> bool:
        monkeypatch.setattr(database, "_emptied", emptied)
        return emptied(_Overtaken(raw, it))

    monkeypatch.setattr(database, "_emptied", overtaken)
    with it.hub.database.write() as connection:
        it.hub.database.owe_scrub(connection)
    assert it.hub.database.scrub() is True
    assert owed(it) > 0
    assert it.hub.database.scrub() is True
    assert owed(it) == 0


def owed(it: World) -> int:
    with it.hub.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 60_000
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


class _Overtaken:
    """A connection between two of whose statements another process has taken something out."""

    def __init__(self, raw: Any, it: World) -> None:
        self.raw = raw
        self.place = it.folder / "state" / "hub.sqlite3"

    def execute(self, statement: str) -> Any:
        if statement == "BEGIN IMMEDIATE":
            other = sqlite3.connect(self.place, isolation_level=None)
            (owed,) = other.execute("PRAGMA user_version").fetchone()
            other.execute(f"PRAGMA user_version = {owed + 1}")
            other.close()
        return self.raw.execute(statement)
