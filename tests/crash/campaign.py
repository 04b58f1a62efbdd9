"""SIGKILL at every point a sync passes, and at random moments; restart until it is through; check everything."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from baton.store.tables import effects
from tests.crash.driver import FEEDS, SYSTEM, company, drive, feed
from tests.crash.ledger import Ledger
from tests.rig.killing import ATTEMPTS, Kill, Point, points_passed, said, shared_out, until_through
from tests.rig.processes import outcome_of
from tests.rig.stores import OnSqlite, Store, begun, copied
from tests.simulation.invariants import BrokenInvariantError, check_finally
from tests.simulation.people import faults_of


@dataclass
class Figures:
    """What a campaign came to."""

    points: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    """The points that an undisturbed sync passes, by name."""
    killed: Counter[str] = field(default_factory=Counter)
    effects: int = 0
    seconds: float = 0.0

    def add(self, other: Figures) -> None:
        """Take a part of the same campaign in."""
        self.killed.update(other.killed)
        self.effects += other.effects


def undisturbed(store: Store, empty: Path) -> list[Point]:
    """Every point an undisturbed sync passes."""
    with copied(store, empty, "crash") as folder:
        if outcome_of(drive, folder, 0) != 0:
            raise BrokenInvariantError("an undisturbed sync does not end well")
        check(folder)
        return points_passed(folder)


def campaign(points: int, seed: int, processes: int = 1, store: Store = OnSqlite()) -> Figures:
    """Kill one sync at each of so many distinct named points, and a third as many at random moments as well."""
    began = time.perf_counter()
    chance = random.Random(seed)
    replay = f"replay: python -m tests.crash --only sync --seed {seed} --points {points}"
    with said(replay), begun(store, "crash") as empty:
        passed = undisturbed(store, empty)
        chosen = chance.sample(passed, min(points, len(passed)))
        plans: list[list[Kill]] = [
            [kill, *([chance.choice(passed)] if chance.random() < 0.5 else [])] for kill in chosen
        ]
        plans += [[chance.uniform(0.0, 0.6), chance.uniform(0.0, 0.3)] for _ in range(points // 3)]
        figures = Figures(len(chosen), passed=Counter(name for name, _ in passed))
        for part in shared_out(_carried_out, [store, empty], plans, processes):
            figures.add(part)
    figures.seconds = time.perf_counter() - began
    return figures


def _carried_out(store: Store, empty: Path, plans: Sequence[list[Kill]]) -> Figures:
    figures = Figures()
    for kills in plans:
        with said(f"SIGKILL at {kills}"), copied(store, empty, "crash") as folder:
            figures.killed.update(until_through(drive, folder, [], kills))
            figures.effects += check(folder)
    return figures


def check(folder: Path, newest: int = FEEDS) -> int:
    """Nothing lost, nothing repeated, no effect left in between, the audit log whole. Returns how many effects."""
    truth = Ledger(folder / "truth.sqlite3").truth()
    made = company(folder, ATTEMPTS, lambda _: None)
    with made.open() as hub:
        check_finally(hub, truth, exact=True)
        with hub.database.read() as connection:
            states = Counter(connection.execute(sa.select(effects.c.state)).scalars())
    if states.keys() - {"done", "superseded"}:
        raise BrokenInvariantError(f"effects that are not finished: {dict(states)}")
    managers = {number: record.external_id for number, record in truth.accounts.items()}
    for person in feed(newest):
        found = faults_of(person, truth.accounts.get(person["number"]), managers, made.clock.now())
        if found:
            raise BrokenInvariantError(f"{SYSTEM} has {person['number']} wrong: {found}")
    return states["done"]
