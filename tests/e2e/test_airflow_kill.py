"""Workers of LocalExecutor are killed in the middle of an apply; running the DAG again loses and repeats nothing."""

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.hub import Hub
from baton.sandbox.demo.company import publish
from baton.sandbox.demo.expected import compare
from baton.sandbox.demo.narrator import Narrator
from baton.sandbox.demo.scheduler import STORY_SETTINGS, SYNC
from baton.sandbox.demo.seen import look
from baton.sandbox.demo.story import Story
from baton.sandbox.demo.surroundings import Surroundings
from baton.sandbox.demo.workplace import Workplace
from baton.settings import load
from baton.store.tables import effects

SETTINGS = {
    **STORY_SETTINGS,
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
}
MIDDLE = 60
"""So many of 200 accounts are there when the workers die."""


@pytest.fixture
def around(tmp_path):
    place = Workplace(tmp_path / "demo")
    place.make()
    surroundings = Surroundings(place, Narrator(), SETTINGS)
    try:
        surroundings.start()
        place.describe_systems(surroundings.connections())
        yield surroundings
    finally:
        surroundings.stop()


def _kill_busy_workers(scheduler: int) -> int:
    """The workers that supervise a task, and their tasks.

    Not the idle ones: one of them holds the lock of the executor's queue while it waits, and killed with it would leave
    Airflow 3.3.2 unable to start any further task.
    """
    parents, busy = {}, set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, parent, _, session = stat.read_text(errors="replace").rpartition(")")[2].split()[:4]
            title = (stat.parent / "cmdline").read_text(errors="replace")
        except (OSError, ValueError):
            continue
        if int(session) == scheduler:
            pid = int(stat.parent.name)
            parents[pid] = int(parent)
            if "LocalExecutor: " in title and "<idle>" not in title:
                busy.add(pid)
    doomed = busy | {pid for pid, parent in parents.items() if parent in busy}
    killed = {pid for pid in doomed - {scheduler} if _kill(pid)}
    return len(killed & busy)


def _kill(pid):
    """Whether it was there to be killed: a task may end with the worker above it."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.server
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the workers in /proc")
def test_killed_workers_lose_nothing_and_repeat_nothing(around):
    story = Story.begin()
    publish(story.people.values(), around.place.feed)
    around.sandbox.arrange("oa", "slow", calls=100_000, delay_s=0.1)
    ended = []
    first = threading.Thread(target=lambda: ended.append(around.airflow.run(SYNC)))
    first.start()
    end = time.monotonic() + 60
    while len(around.oa.journal) < MIDDLE and time.monotonic() < end:
        time.sleep(0.02)
    assert _kill_busy_workers(around.processes.pid("airflow scheduler")) > 0
    reached = len(around.oa.journal)
    assert MIDDLE <= reached < len(story.people)
    first.join(120)
    assert [run.state for run in ended] == ["failed"]
    around.sandbox.clear("oa")
    with Hub(load(around.place.systems)) as hub, hub.database.write() as connection:
        assert hub.effects.count(connection, hub.runs.latest(connection, 1)[0].id)
        # The leases of the dead: their time is let pass here instead of being waited for.
        connection.execute(sa.update(effects).values(lease_until=hub.clock.now()).where(effects.c.state == "sent"))
    assert around.airflow.run(SYNC).state == "success"
    for simulator in (around.crm, around.oa, around.bank):
        made = Counter(entry.number for entry in simulator.journal if entry.action == "provision")
        assert made == dict.fromkeys(story.people, 1), type(simulator)
    cells = compare(story.people, {}, look(around, list(story.people)))
    assert [cell for cell in cells if not cell.right] == []
