"""The process that is killed: a real migration, or the way back of one, on database files, resumable at any point."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from baton.clock import Clock
from baton.engine.settle import Verdict
from baton.hub import Hub
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from baton.jobs.migration.waves import WavePlan
from tests.migration.ledger import Body, Ledger, LedgerTarget
from tests.migration.pieces import small_pieces
from tests.rig.clock import START, VirtualClock
from tests.rig.killing import KillAt
from tests.rig.records import Archive, old_row
from tests.rig.stores import url_of

PEOPLE = 260
PAGE_ROWS = 70
MIGRATE = "migrate"
ROLLBACK = "rollback"
_RESTART_S = 10
"""So much later the next attempt begins: long before the leases of the one before have run out."""
UNCLEAN = 3
"""Exit code of an attempt that was not interrupted and is not clean."""


def old_rows() -> list[dict[str, str | None]]:
    """What is to be migrated: some report to others, so that there is an order among them."""
    return [old_row(number, 上级=f"{number // 2:05d}" if number % 4 == 0 else None) for number in range(1, PEOPLE + 1)]


def found_there() -> dict[str, Body]:
    """What the target has before: some of the records in another state, and one that is nobody's business."""
    return {f"{number:05d}": {"name": f"old {number}"} for number in range(3, PEOPLE + 1, 3)} | {"other": {"name": "x"}}


def later_clock(folder: Path) -> VirtualClock:
    """A clock that goes on from where the last process has left it, a little later."""
    file = folder / "clock"
    stopped = datetime.fromisoformat(file.read_text()) if file.exists() else START
    clock = VirtualClock(stopped + timedelta(seconds=_RESTART_S))

    def remember() -> None:
        new = file.with_suffix(".new")
        new.write_text(clock.now().isoformat())
        new.replace(file)

    clock.on_advance = remember
    remember()
    return clock


def site(folder: Path, attempt: int, at: Callable[[str], None], clock: Clock | None = None) -> Archive:
    """The systems and the hub of one attempt."""
    return Archive(
        folder,
        url_of(folder),
        clock or later_clock(folder),
        random.Random(attempt),
        crash_point=at,
        rows=old_rows(),
        page_rows=PAGE_ROWS,
        shelf=Ledger(folder / "truth.sqlite3", at),  # type: ignore[arg-type]
        kind=LedgerTarget,
    )


def drive(folder: Path, attempt: int, task: str, point: str = "", count: int = 0) -> None:
    """Carry on from wherever the last process ended, to the end. Writes the points it passed to ``points``."""
    kill = KillAt(point, count)
    made = site(folder, attempt, kill)
    with small_pieces(page_rows=PAGE_ROWS, segment_rows=32), made.open() as hub:
        done = carry_on(hub, _migration(hub, made) if task == MIGRATE else _way_back(hub))
    if done.verdict is not Verdict.CLEAN:
        (folder / "why").write_text(f"{done.verdict}: {done.reasons}")
        raise SystemExit(UNCLEAN)
    kill.write_down(folder)


def _migration(hub: Hub, made: Archive) -> str:
    """The migration that was saved, or a new plan where the process died before."""
    return newest(hub) or plan_migration(hub, made.request(waves=WavePlan(1, 0.05))).run.id


def newest(hub: Hub, *, undoing: bool = False) -> str | None:
    """The newest run that is a migration (or a rollback), if one was saved."""
    with hub.database.read() as connection:
        known = [(run.id, hub.moves.get(connection, run.id)) for run in hub.runs.latest(connection)]
    return next((run_id for run_id, move in known if move is not None and bool(move.undoes) is undoing), None)


def _way_back(hub: Hub) -> str:
    migrated = newest(hub)
    assert migrated is not None
    return newest(hub, undoing=True) or plan_rollback(hub, migrated, "tester").id
