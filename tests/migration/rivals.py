"""Two processes resume one run at once: each record is written once, whichever of them believes what about leases."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from baton.clock import SystemClock
from baton.engine.settle import Verdict
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.running import carry_on
from baton.jobs.migration.waves import WavePlan
from tests.migration.driver import PAGE_ROWS, UNCLEAN, found_there, newest, site
from tests.migration.ledger import Ledger
from tests.migration.pieces import small_pieces
from tests.rig.processes import CONTEXT, TOO_LONG_S
from tests.simulation.invariants import BrokenInvariantError, audit_faults, left_sent

HOUR_S = 3600.0


class Ahead(SystemClock):
    """The machine's clock, wrong by so many seconds: other workers' leases seem to have run out."""

    def __init__(self, by_s: float) -> None:
        self.by = timedelta(seconds=by_s)

    def now(self) -> datetime:
        return super().now() + self.by


@dataclass
class Figures:
    """What a campaign came to."""

    pairs: int = 0
    records: int = 0
    ended: Counter[str] = field(default_factory=Counter)


def resume(folder: Path, ahead_s: float) -> None:
    """One of the processes."""
    made = site(folder, 0, lambda _: None, Ahead(ahead_s))
    with made.open() as hub:
        run_id = newest(hub)
        assert run_id is not None
        done = carry_on(hub, run_id)
    if done.verdict is not Verdict.CLEAN:
        raise SystemExit(UNCLEAN)


def campaign(folder: Path, pairs: int) -> Figures:
    """So many pairs; in every other one the second process takes the first for dead."""
    figures = Figures()
    start = folder / "planned"
    start.mkdir()
    Ledger(start / "truth.sqlite3").put(found_there())
    made = site(start, 0, lambda _: None, SystemClock())
    with small_pieces(page_rows=PAGE_ROWS, segment_rows=32), made.open() as hub:
        plan_migration(hub, made.request(waves=WavePlan(1, 0.05)))
    for number in range(pairs):
        where = folder / f"{number}"
        shutil.copytree(start, where)
        _one(where, [0.0, HOUR_S * (number % 2)], figures)
        figures.pairs += 1
    return figures


def _one(folder: Path, clocks: list[float], figures: Figures) -> None:
    both = [CONTEXT.Process(target=resume, args=(folder, ahead_s)) for ahead_s in clocks]
    for process in both:
        process.start()
    for process in both:
        process.join(TOO_LONG_S)
        if process.exitcode not in (0, UNCLEAN):
            process.kill()
            raise BrokenInvariantError(f"clocks {clocks}: one process ended with {process.exitcode}")
        figures.ended["clean" if process.exitcode == 0 else "not finished"] += 1
    if len(set(clocks)) == 1 and any(process.exitcode for process in both):
        raise BrokenInvariantError("a process that agrees on the time did not wait for the other one")
    made = site(folder, 0, lambda _: None, Ahead(2 * HOUR_S))
    with made.open() as hub:
        done = carry_on(hub, newest(hub) or "")
        with hub.database.read() as connection:
            broken, sent = list(audit_faults(connection)), left_sent(connection)
    written = Counter(code for _, code in Ledger(folder / "truth.sqlite3").journal())
    figures.records += len(written)
    twice = [code for code, times in written.items() if times > 1]
    if done.verdict is not Verdict.CLEAN or len(written) != len(made.rows) or twice or broken or sent:
        raise BrokenInvariantError(
            f"clocks {clocks}: {done.verdict} {done.reasons}, {len(written)} written, twice {twice[:3]}, {broken[:3]}"
        )
