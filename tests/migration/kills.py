"""SIGKILL at every point a migration and its way back pass, and at random moments; resume; compare with no kill at all."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from baton.hub.migration.retention import purge
from baton.store.tables import effects
from tests.migration.driver import MIGRATE, ROLLBACK, drive, found_there, site
from tests.migration.ledger import Body, Ledger
from tests.rig.killing import ATTEMPTS, Kill, Point, points_passed, said, shared_out, until_through
from tests.rig.processes import outcome_of
from tests.rig.stores import OnSqlite, Store, begun, copied
from tests.simulation.invariants import BrokenInvariantError, audit_faults, left_sent

_TWO_DAYS_S = 2 * 86_400


@dataclass
class Figures:
    """What a campaign came to."""

    task: str
    points: int = 0
    """Distinct (name, count) at which a process was killed first."""
    passed: Counter[str] = field(default_factory=Counter)
    """The points that an undisturbed run passes, by name."""
    killed: Counter[str] = field(default_factory=Counter)
    records: int = 0
    seconds: float = 0.0

    def add(self, other: Figures) -> None:
        """Take a part of the same campaign in."""
        self.killed.update(other.killed)
        self.records += other.records


@dataclass(frozen=True, slots=True)
class Start:
    """What every attempt starts from, and where it must end."""

    task: str
    store: Store
    folder: Path
    wanted: dict[str, Body]
    written: int
    """How many writes it takes."""
    passed: list[Point]


def prepared(task: str, store: Store, before: Path) -> Start:
    """The state before, the points that an undisturbed run passes, and the state after it."""
    Ledger(before / "truth.sqlite3").put(found_there())
    site(before, 0, lambda _: None).open().close()
    untouched = Ledger(before / "truth.sqlite3").truth()
    if task == ROLLBACK:
        _undisturbed(before, MIGRATE)
    with copied(store, before, "after") as after:
        _undisturbed(after, task)
        truth = Ledger(after / "truth.sqlite3")
        if task == ROLLBACK and truth.truth() != untouched:
            raise BrokenInvariantError("an undisturbed rollback does not restore what was there")
        return Start(task, store, before, truth.truth(), len(truth.journal()), points_passed(after))


def _undisturbed(folder: Path, task: str) -> None:
    if outcome_of(drive, folder, 0, task) != 0:
        raise BrokenInvariantError(f"an undisturbed {task} does not end well: {(folder / 'why').read_text()}")


def campaign(task: str, points: int, seed: int, processes: int = 1, store: Store = OnSqlite()) -> Figures:
    """Kill at each of so many distinct named points (half of them twice), and at a fifth as many random moments."""
    began = time.perf_counter()
    chance = random.Random(f"{task}/{seed}")
    replay = f"replay: python -m tests.migration --only kill --seed {seed} --points {points}"
    with said(replay), begun(store, "kill") as folder:
        start = prepared(task, store, folder)
        chosen = chance.sample(start.passed, min(points, len(start.passed)))
        plans: list[list[Kill]] = [[kill, *_second(start, chance)] for kill in chosen]
        plans += [[chance.uniform(0.0, 1.0), chance.uniform(0.0, 1.0)] for _ in range(-(-points // 5))]
        figures = Figures(task, len(chosen), Counter(name for name, _ in start.passed))
        for part in shared_out(_carried_out, [start], plans, processes):
            figures.add(part)
    figures.seconds = time.perf_counter() - began
    return figures


def _second(start: Start, chance: random.Random) -> list[Kill]:
    return [chance.choice(start.passed)] if chance.random() < 0.5 else []


def _carried_out(start: Start, plans: list[list[Kill]]) -> Figures:
    figures = Figures(start.task)
    for kills in plans:
        with said(f"{start.task}: SIGKILL at {kills}"), copied(start.store, start.folder, "killed") as folder:
            figures.killed.update(until_through(drive, folder, [start.task], kills))
            figures.records += _check(folder, start)
    return figures


def _check(folder: Path, start: Start) -> int:
    """The target is as if nothing had happened, each write once; the ledger at rest, the audit log whole."""
    truth = Ledger(folder / "truth.sqlite3")
    found, journal = truth.truth(), truth.journal()
    if found != start.wanted:
        wrong = [code for code in found.keys() | start.wanted.keys() if found.get(code) != start.wanted.get(code)]
        raise BrokenInvariantError(f"{len(wrong)} records are not as after an undisturbed run: {sorted(wrong)[:3]}")
    if len(journal) != start.written:
        raise BrokenInvariantError(f"{len(journal)} writes took effect, {start.written} were needed")
    made = site(folder, ATTEMPTS, lambda _: None)
    with made.open() as hub:
        with hub.database.read() as connection:
            states = Counter(connection.execute(sa.select(effects.c.state)).scalars())
            broken = list(audit_faults(connection))
            kept = hub.moves.kept(connection)
            sent = left_sent(connection)
        for path in hub.staging.folder.rglob("*"):
            os.utime(path, (time.time() - _TWO_DAYS_S,) * 2)
        purge(hub)
        strays = set(hub.staging.folders()) - kept
    if broken or sent or states.keys() - {"done"} or strays:
        raise BrokenInvariantError(f"audit {broken[:3]}, sent {sent}, effects {dict(states)}, stray folders {strays}")
    return len(found)
