"""A worker stopped for longer than its lease, and let go on: whoever took over has done its work, and it changes nothing."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from baton.store.database import Database
from baton.store.tables import effects
from tests.crash.campaign import check
from tests.crash.driver import begin, drive
from tests.crash.ledger import Ledger
from tests.rig.killing import Point, points_passed, said, shared_out
from tests.rig.processes import outcome_of, stopped
from tests.rig.stores import OnSqlite, Store, begun, copied, url_of
from tests.simulation.invariants import BrokenInvariantError

IN_HAND = frozenset({"claimed", "sending", "after_acting", "sent", "stored"})
"""Where a worker holds effects, or has just given them back, and no transaction is open."""


@dataclass
class Figures:
    """What a campaign came to."""

    points: int = 0
    where: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    """Outcomes that a worker wanted to store when the effects were not its own any more."""
    effects: int = 0
    seconds: float = 0.0

    def add(self, other: Figures) -> None:
        """Take a part of the same campaign in."""
        self.where.update(other.where)
        self.lost += other.lost
        self.effects += other.effects


def campaign(points: int, seed: int, processes: int = 1, store: Store = OnSqlite()) -> Figures:
    """Stop a worker at so many distinct points at which it has something in hand."""
    began = time.perf_counter()
    replay = f"replay: python -m tests.crash --only stopped --seed {seed} --points {points}"
    with said(replay), begun(store, "stopped") as empty:
        passed = [point for point in _undisturbed(store, empty) if point[0] in IN_HAND]
        chosen = random.Random(f"stopped/{seed}").sample(passed, min(points, len(passed)))
        figures = Figures(len(chosen))
        for part in shared_out(_carried_out, [store, empty], chosen, processes):
            figures.add(part)
    figures.seconds = time.perf_counter() - began
    return figures


def _undisturbed(store: Store, empty: Path) -> list[Point]:
    with copied(store, empty, "begun") as folder:
        if outcome_of(begin, folder, 0) != 0:
            raise BrokenInvariantError("an undisturbed worker does not end well")
        return points_passed(folder)


def _carried_out(store: Store, empty: Path, points: Sequence[Point]) -> Figures:
    figures = Figures()
    for name, count in points:
        with said(f"SIGSTOP at {name} {count}"), copied(store, empty, "stopped") as folder:
            figures.lost += _overtaken(folder, name, count)
            figures.where[name] += 1
            figures.effects += check(folder)
    return figures


def _overtaken(folder: Path, name: str, count: int) -> int:
    """Another worker does everything meanwhile; returns how many outcomes the first could not store afterwards."""
    with stopped(begin, folder, 0, name, count) as let_go:
        if outcome_of(drive, folder, 1) != 0:
            raise BrokenInvariantError("whoever takes over does not end well")
        before = _written(folder)
        code = let_go()
    if code != 0:
        raise BrokenInvariantError(f"the worker that was stopped ended with {code}")
    if _written(folder) != before:
        raise BrokenInvariantError("a worker whose lease had run out has changed what others had done")
    return int((folder / "lost").read_text())


def _written(folder: Path) -> tuple[object, ...]:
    """Everything that is known of effects, and what took effect in the target."""
    database = Database(url_of(folder))
    with database.read() as connection:
        rows = connection.execute(sa.select(effects).order_by(effects.c.id)).all()
    database.close()
    return tuple(rows), Ledger(folder / "truth.sqlite3").truth().journal
