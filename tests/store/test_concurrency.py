"""Several at once: nothing is lost, nothing is done twice, and all keep one pace."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from baton.contracts import Hint, Rate
from baton.engine.limiter import SharedLimiter
from baton.model.account import Action, Receipt
from baton.model.effect import Link
from baton.store.database import Database
from baton.store.links import LinkStore
from baton.store.migrate import upgrade
from baton.store.tables import allowances, effects, metadata
from baton.store.trail import log
from tests.rig.clock import START, VirtualClock
from tests.store.desk import SYSTEM, Desk, desk_on

THREADS = 4
EACH = 100
RATE = Rate(10, per_s=1.0, burst=5)
TENTH = timedelta(seconds=0.1)


def together(work: Callable[[int], object], threads: int = THREADS) -> None:
    """Run it in so many threads that start at the same moment; raise what one of them raises."""
    gate = threading.Barrier(threads)

    def started(which: int) -> None:
        gate.wait()
        work(which)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(started, which) for which in range(threads)]:
            done.result()


class StoppedClock(VirtualClock):
    """Nobody's waiting moves it: every call competes at the same moment."""

    def sleep(self, seconds: float) -> None:
        self.waits = [*getattr(self, "waits", []), seconds]


def reserved_until(database: Database) -> sa.Row:
    with database.read() as connection:
        return connection.execute(sa.select(allowances.c.next_free)).scalar_one()


def test_no_update_is_lost_between_threads(desk: Desk) -> None:
    clock = StoppedClock()
    limiter = SharedLimiter(desk.database, SYSTEM, RATE, clock)
    together(lambda _: [limiter.acquire() for _ in range(EACH)])
    assert reserved_until(desk.database) == START + THREADS * EACH * TENTH


def test_the_very_first_calls_to_a_system_can_come_at_once(desk: Desk) -> None:
    systems = [f"new-{number}" for number in range(10)]
    for system in systems:
        together(lambda _, system=system: SharedLimiter(desk.database, system, RATE, StoppedClock()).acquire())
    with desk.database.read() as connection:
        stored = connection.execute(sa.select(allowances.c.next_free)).scalars().all()
    assert stored == [START + THREADS * TENTH] * len(systems)


def test_the_pace_holds_over_all_threads_whose_bursts_are_one_burst(desk: Desk) -> None:
    clock = StoppedClock()
    limiters = [SharedLimiter(desk.database, SYSTEM, RATE, clock) for _ in range(THREADS)]
    together(lambda which: [limiters[which].acquire() for _ in range(6)])
    waits = sorted(clock.waits)
    assert len(waits) == THREADS * 6 - RATE.burst
    assert waits == pytest.approx([0.1 * n for n in range(1, len(waits) + 1)])


ANOTHER_PROCESS = """
import sys
from baton.clock import SystemClock
from baton.contracts import Rate
from baton.engine.limiter import SharedLimiter
from baton.store.database import Database
limiter = SharedLimiter(Database(sys.argv[1]), "crm", Rate(10, per_s=1.0, burst=100000), SystemClock())
for _ in range(50):
    limiter.acquire()
"""


def test_two_processes_share_one_allowance(desk: Desk) -> None:
    clock = StoppedClock(datetime.now(UTC) + timedelta(hours=1))  # so that nothing lapses while the other one starts
    limiter = SharedLimiter(desk.database, SYSTEM, Rate(10, per_s=1.0, burst=1000), clock)
    limiter.acquire()
    url = desk.database.url.render_as_string(hide_password=False)
    with subprocess.Popen([sys.executable, "-c", ANOTHER_PROCESS, url]) as other:
        ours = 1
        while other.poll() is None and ours < 400:
            limiter.acquire()
            ours += 1
            time.sleep(0.01)
        assert other.wait(60) == 0
    assert reserved_until(desk.database) == clock.now() + (50 + ours) * TENTH


def test_claims_of_four_workers_never_overlap_and_leave_nothing(desk: Desk) -> None:
    people = [f"{number:04d}" for number in range(1, THREADS * EACH + 1)]
    desk.plan_all(people, (Action.UPDATE,))
    seen: Counter[int] = Counter()
    lock = threading.Lock()

    def work(which: int) -> None:
        idle = 0
        while idle < 3:  # on PostgreSQL a batch that another worker is just taking is passed over
            batch = desk.claim(f"w{which}", 9)
            idle = 0 if batch else idle + 1
            with lock:
                seen.update(effect.id for effect in batch)
            desk.settle(batch, Receipt.done("x"))

    together(work)
    assert len(seen) == len(people)
    assert set(seen.values()) == {1}
    assert set(desk.rows("state", "epoch", "attempts")) == {("done", 1, 1)}
    with desk.database.read() as connection:
        assert log.verify_database(connection).findings == ()
        assert log.head(connection).size == len(people) * 3 + 1


def test_a_receipt_and_a_takeover_at_once_have_one_winner(desk: Desk) -> None:
    people = [f"{number:04d}" for number in range(1, 21)]
    desk.plan_all(people, (Action.UPDATE,))
    claimed = [desk.claim(limit=1) for _ in people]
    desk.clock.sleep(61)
    stored: list[object] = []

    def work(which: int) -> None:
        if which == 0:
            with desk.database.write() as connection:
                desk.leases.recover(connection, SYSTEM)
        else:
            stored.extend(state for batch in claimed for state in desk.settle(batch, Receipt.done("x1")))

    together(work, 2)
    done = [row for row in desk.rows("state", "epoch") if row == ("done", 1)]
    doubtful = [row for row in desk.rows("state", "epoch") if row == ("in_doubt", 2)]
    assert len(done) + len(doubtful) == len(people)
    assert Counter(stored) == Counter({"done": len(done), None: len(doubtful)}) - Counter()


def test_planning_while_workers_send_supersedes_only_what_was_not_sent(desk: Desk) -> None:
    people = [f"{number:04d}" for number in range(1, 61)]
    desk.plan_all(people, (Action.UPDATE,))
    sent: set[int] = set()

    def work(which: int) -> None:
        if which == 0:
            desk.plan_all(people, (Action.UPDATE,), run="run-2")
            return
        for _ in range(10):
            sent.update(effect.id for effect in desk.claim(f"w{which}", 3) if effect.run_id == "run-1")

    together(work, 3)
    with desk.database.read() as connection:
        query = sa.select(effects.c.id, effects.c.state).where(effects.c.run_id == "run-1")
        states = {row.id: row.state for row in connection.execute(query)}
    assert {key for key, state in states.items() if state == "sent"} == sent
    assert set(states.values()) <= {"sent", "superseded"}


def test_what_is_proven_while_an_older_proof_falls_is_not_written_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.plan("0001", Action.PROVISION, fields={"name": "old", "title": "wrong"})
    desk.settle(desk.claim(), Receipt.done("x1"))
    desk.plan("0001", Action.UPDATE, fields={"name": "new"})
    newer = [replace(effect, digests={"name": "newer"}) for effect in desk.claim()]
    worker = threading.Thread(target=desk.settle, args=(newer, Receipt.done("x1")))

    def beside(read: Callable[..., dict[str, Link]]) -> Callable[..., dict[str, Link]]:
        def reading(*given: object) -> dict[str, Link]:
            found = read(*given)
            if worker.ident is None:  # the first to read: the worker comes in between, if it can
                worker.start()
                worker.join(0.5)
            return found

        return reading

    for name in ("of", "locked"):
        monkeypatch.setattr(LinkStore, name, beside(getattr(LinkStore, name)))
    with desk.database.write() as connection:
        desk.links.disprove(connection, SYSTEM, {"0001": ["title"]})
    worker.join()
    with desk.database.read() as connection:
        assert desk.links.of(connection, SYSTEM, ["0001"])["0001"].applied == {"name": "newer"}


def test_the_same_hint_from_two_callbacks_at_once_is_stored_once(desk: Desk) -> None:
    new: list[int] = []

    def receive(_: int) -> None:
        for event in range(10):
            with desk.database.write() as connection:
                new.append(desk.runs.add_hints(connection, "oa", [Hint(event_id=f"e{event}", kind="changed")]))

    together(receive)
    with desk.database.read() as connection:
        assert desk.runs.waiting_hints(connection) == 10
    assert sum(new) == 10


def test_several_processes_starting_at_once_make_the_schema_once(empty_url: str) -> None:
    def start(_: int) -> None:
        database = Database(empty_url)
        upgrade(database)
        database.close()

    together(start, 2)
    with desk_on(empty_url) as desk:
        assert set(metadata.tables) <= set(sa.inspect(desk.database.engine).get_table_names())
