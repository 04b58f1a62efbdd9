"""Random batches, migrated and taken back with interruptions, while other people edit: theirs stays, ours goes.

Between the two times that each is taken back they go on working: what was taken back they enter again just as it was
migrated, which stays; some of what was left they settle, which goes.
"""

from __future__ import annotations

import copy
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import polars as pl

from baton.engine.settle import Verdict
from baton.hub import Hub
from baton.hub.migration.findings import refusals
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import Migrated, carry_on
from baton.jobs.migration.waves import WavePlan
from baton.model.effect import LATEST_COPY
from tests.migration.pieces import small_pieces
from tests.rig.clock import VirtualClock
from tests.rig.records import STAFF, Archive, NewSystem, Shelf, old_row
from tests.simulation.invariants import BrokenInvariantError, audit_faults

FIRST_ROW = 2
PAGE_ROWS = 150
Rows = dict[str, dict[str, Any]]
T = TypeVar("T")


class Interruption(BaseException):
    """The process ends here, as far as anybody can tell."""


class Target(NewSystem):
    record_batch_limit: ClassVar[int] = 37


@dataclass
class Figures:
    """What a campaign came to."""

    batches: int = 0
    records: int = 0
    written: int = 0
    edited: int = 0
    listed: int = 0
    entered: int = 0
    """Records that people entered or corrected by hand after the first rollback had taken them back."""
    settled: int = 0
    """Records that the first rollback left, and the second could take back."""
    half_done: int = 0
    """Batches that were taken back before they were through."""
    interruptions: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass
class Breaker:
    """Ends the process at the n-th point it passes, once."""

    after: int
    figures: Figures

    def __call__(self, name: str) -> None:
        self.after -= 1
        if self.after == 0:
            self.figures.interruptions[name] += 1
            raise Interruption


class Batch:
    """One migration and its way back."""

    def __init__(self, folder: Path, name: str, clock: VirtualClock, figures: Figures) -> None:
        self.chance = random.Random(name)
        self.figures = figures
        self.site = Archive(
            folder,
            f"sqlite:///{folder}/hub.sqlite3",
            clock,
            random.Random(name),
            page_rows=PAGE_ROWS,
            kind=Target,
            shelf=Shelf(),
        )
        size = int(2 ** self.chance.uniform(0, 9))
        self.site.rows = [old_row(number, 上级=self._boss(number)) for number in range(1, size + 1)]
        self._fill()
        self.before: Rows = copy.deepcopy(self.site.shelf.rows)
        self.listed: set[int] = set()
        self.run_id = ""
        figures.batches += 1
        figures.records += size

    def _boss(self, number: int) -> str | None:
        return f"{self.chance.randrange(1, number):05d}" if number > 1 and self.chance.random() < 0.3 else None

    def _fill(self) -> None:
        """Some records are there already, in another state; and some that are nobody's business."""
        share = self.chance.random()
        for row in self.site.rows:
            if self.chance.random() < share:
                empty: dict[str, Any] = dict.fromkeys(STAFF)
                self.site.shelf.rows[row["工号"]] = {**empty, "code": row["工号"], "name": self.chance.choice("甲乙丙")}
        self.site.shelf.rows["other"] = {**dict.fromkeys(STAFF), "code": "other", "name": "丁"}

    def through(self, task: Callable[[Hub], T], breaks: int) -> T | None:
        """Do something to the end, with so many interruptions at most; None when it was interrupted last."""
        breaker = Breaker(self.chance.randrange(1, 25) if breaks else 0, self.figures)
        self.site.crash_point = breaker
        self.site.shelf.after_write = lambda *_: breaker("after a write")
        with closing(self.site.open()) as hub:
            try:
                return task(hub)
            except Interruption:
                return None

    def run(self) -> None:
        """All of it."""
        done = self._migrate()
        if done is None:
            self.figures.half_done += 1
        elif done.verdict is not Verdict.CLEAN:
            raise BrokenInvariantError(f"the migration is {done.verdict}: {done.reasons}")
        touched = sorted(code for code, row in self.site.shelf.rows.items() if row != self.before.get(code))
        self.figures.written += len(touched)
        migrated = {code: copy.deepcopy(self.site.shelf.rows[code]) for code in touched}
        self._edit(touched)
        wanted = {**self.before, **{code: self.site.shelf.rows[code] for code in self._theirs}}
        for code in self._removed:
            wanted.pop(code, None)
        wanted = copy.deepcopy(wanted)
        self._take_back()
        self._check(wanted, "once")
        self._go_on_working(migrated, wanted)
        self._take_back()
        self._check(wanted, "twice")

    def _migrate(self) -> Migrated | None:
        for breaks in range(self.chance.randrange(3), -1, -1):
            done = self.through(self._go_on, breaks)
            if done is not None:
                return done
            if self.run_id and self.chance.random() < 0.4:
                return None
        raise AssertionError("the last attempt is never interrupted")

    def _go_on(self, hub: Hub) -> Migrated:
        if not self.run_id:
            waves = WavePlan(self.chance.randrange(3), self.chance.choice((0, 0.05)))
            self.run_id = plan_migration(hub, self.site.request(waves=waves)).run.id
            self.site.clock.advance(LATEST_COPY)  # what the rollback before it may have left under way
        return carry_on(hub, self.run_id)

    def _edit(self, touched: list[str]) -> None:
        """One record in twenty is edited or deleted by somebody else."""
        shelf = self.site.shelf.rows
        self._theirs: set[str] = set()
        self._removed: set[str] = set()
        for code in touched:
            if self.chance.random() >= 0.05:
                continue
            self.figures.edited += 1
            if self.chance.random() < 0.2:
                del shelf[code]
                self._removed.add(code)
                if code in self.before:  # what we created and is gone needs no way back
                    self.listed.add(int(code) - 1 + FIRST_ROW)
            else:
                shelf[code] = {**shelf[code], self.chance.choice(("note", "name")): "edited by another person"}
                self._theirs.add(code)
                self.listed.add(int(code) - 1 + FIRST_ROW)
        self.figures.listed += len(self.listed)

    def _go_on_working(self, migrated: Rows, wanted: Rows) -> None:
        """Some of what went is entered again, and is to stay; some of what others had edited is as migrated again."""
        shelf = self.site.shelf.rows
        for code, row in migrated.items():
            settled = code in self._theirs
            if code in self._removed or self.chance.random() >= (0.5 if settled else 0.1):
                continue
            shelf[code] = copy.deepcopy(row)
            wanted.pop(code, None)
            if not settled:
                wanted[code] = copy.deepcopy(row)
            elif code in self.before:
                wanted[code] = self.before[code]
            self.listed -= {int(code) - 1 + FIRST_ROW} if settled else set()
            self.figures.settled += settled
            self.figures.entered += not settled

    def _take_back(self) -> None:
        undo: list[str] = []

        def back(hub: Hub) -> Migrated:
            if not undo:
                undo.append(plan_rollback(hub, self.run_id, "tester").id)
                self.site.clock.advance(LATEST_COPY)
            return carry_on(hub, undo[0])

        for breaks in range(self.chance.randrange(3), -1, -1):
            if self.through(back, breaks) is not None:
                break
        self.undo = undo[0]

    def _check(self, wanted: Rows, time_: str) -> None:
        found = self.site.shelf.rows
        if found != wanted:
            wrong = [code for code in found.keys() | wanted.keys() if found.get(code) != wanted.get(code)]
            raise BrokenInvariantError(
                f"rolled back {time_}: {len(wrong)} records are not as they should be: {wrong[:3]}"
            )
        with closing(self.site.open()) as hub:
            left: pl.DataFrame = refusals(hub, self.undo)
        if set(left["row"].to_list()) != self.listed:
            raise BrokenInvariantError(f"rolled back {time_}: listed {left['row'].to_list()}, edited {self.listed}")


def campaign(folder: Path, batches: int, seed: int) -> Figures:
    """So many batches on one database; the audit log must be whole at the end. An error names what replays it."""
    began = time.perf_counter()
    figures = Figures()
    clock = VirtualClock()
    with small_pieces(page_rows=PAGE_ROWS, segment_rows=60):
        for number in range(batches):
            name = f"{seed}/{number}"
            try:
                batch = Batch(folder, name, clock, figures)
                batch.run()
            except Exception as error:
                error.add_note(f"batch {name}; replay: python -m tests.migration --only rollback --seed {seed}")
                raise
        with closing(batch.site.open()) as hub, hub.database.read() as connection:
            broken = list(audit_faults(connection))
    if broken:
        raise BrokenInvariantError(f"the audit log: {broken[:3]}")
    figures.seconds = time.perf_counter() - began
    return figures
