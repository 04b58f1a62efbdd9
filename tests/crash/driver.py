"""The process that is killed: a real sync over several feeds, on a database file, resumable at any point."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from baton.errors import ConfigurationError
from baton.hub import Hub
from baton.hub.decisions import release
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncRequest, plan_sync
from baton.store.runs import RunState
from tests.crash.ledger import Ledger
from tests.rig.clock import START, VirtualClock
from tests.rig.company import Company, row
from tests.rig.killing import KillAt, StopAt
from tests.rig.stores import url_of
from tests.rig.targets import KeyTarget

SYSTEM = "target"
PEOPLE = 30
FEEDS = 3
LEASE_S = 301
DOWN = 5
"""Exit code of who has lost the database."""


class Target(KeyTarget):
    batch_limit = 4


def feed(which: int) -> list[dict[str, str]]:
    """The HR feed of one day: hires, then changes and leavers, then a return and a late hire."""
    people = [
        row(f"{n:04d}", name=f"测试䶮{n}", manager="0001" if n > 1 else "", mobile=f"138{n:08d}")
        for n in range(1, PEOPLE + which)
    ]
    for person in people if which > 1 else ():
        number = int(person["number"])
        if number % 3 == which % 3:
            person["title"] = f"第{which}天"
        if number % 11 == 0:
            left = {"status": "departed", "last_day": "2026-11-01", "contract_end": "2026-11-02"}
            person.update(left if which == 2 else {"status": "rehired", "department": "D9"})
    return people


def company(folder: Path, attempt: int, at: Callable[[str], None]) -> Company:
    """The hub of one attempt. Every attempt is later than the leases of the one before."""
    made = Company(
        folder,
        url_of(folder),
        VirtualClock(START + timedelta(seconds=attempt * (LEASE_S + 60))),
        {SYSTEM: Target},
        chance=random.Random(attempt),
        crash_point=at,
    )
    made.truths[SYSTEM] = Ledger(folder / "truth.sqlite3", at)  # type: ignore[assignment]
    return made


def drive(folder: Path, attempt: int, point: str = "", count: int = 0) -> None:
    """Carry on from wherever the last process ended, to the end. Writes the points it passed to ``points``."""
    kill = KillAt(point, count)
    made = company(folder, attempt, kill)
    with made.open() as hub:
        for which in range(feeds_done(folder) + 1, FEEDS + 1):
            made.rows = feed(which)
            _one_feed(hub)
            kill("between_feeds")
            _note_done(folder, which)
    kill.write_down(folder)


def keep_on(folder: Path, attempt: int) -> None:
    """One feed after the other until there is a file ``stop``, as a schedule does; ends with `DOWN` without a database."""
    made = company(folder, attempt, lambda _: None)
    try:
        with made.open() as hub:
            while not (folder / "stop").exists():
                which = feeds_done(folder) + 1
                made.rows = feed(which)
                _one_feed(hub)
                _note_done(folder, which)
    except (sa.exc.DBAPIError, ConfigurationError) as error:  # while it works, and while it is being opened
        raise SystemExit(DOWN) from error


def once_more(folder: Path, attempt: int) -> None:
    """The newest feed again: the next hour of the schedule."""
    made = company(folder, attempt, lambda _: None)
    made.rows = feed(feeds_done(folder))
    with made.open() as hub:
        _one_feed(hub)


def feeds_done(folder: Path) -> int:
    """The newest feed that has been gone through."""
    done = folder / "feeds_done"
    return int(done.read_text()) if done.exists() else 0


def _note_done(folder: Path, which: int) -> None:
    done = folder / "feeds_done"
    done.with_suffix(".new").write_text(str(which))
    done.with_suffix(".new").replace(done)


def _one_feed(hub: Hub) -> None:
    _planned(hub)
    apply(hub)
    with hub.database.read() as connection:
        ready = [run.id for run in hub.runs.latest(connection) if run.state is RunState.READY]
    for run_id in ready:
        settle(hub, run_id)


def _planned(hub: Hub) -> None:
    plan_sync(hub, SyncRequest())
    with hub.database.read() as connection:
        held = [run.id for run in hub.runs.latest(connection) if run.state is RunState.HELD]
    for run_id in held:
        release(hub, run_id, "reviewer", "looked at it")


def begin(folder: Path, attempt: int, point: str = "", count: int = 0) -> None:
    """Send the first feed and nothing more, stopped for a while at a point; says in ``lost`` what was not its own any more."""
    stop = StopAt(point, count)
    made = company(folder, attempt, stop)
    made.rows = feed(1)
    with made.open() as hub:
        _planned(hub)
        reports = apply(hub)
    (folder / "lost").write_text(str(sum(report.counts["lost"] for report in reports)))
    stop.write_down(folder)
