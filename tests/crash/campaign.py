"""SIGKILL at every point a sync passes, and at random moments; restart until it is through; check everything."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from baton.store.tables import effects
from tests.crash.driver import FEEDS, SYSTEM, company, drive, feed
from tests.crash.ledger import Ledger
from tests.rig.processes import outcome_of, scratch_folder
from tests.simulation.invariants import BrokenInvariantError, check_finally
from tests.simulation.people import faults_of

_ATTEMPTS = 40


@dataclass
class Figures:
    """What a campaign came to."""

    points: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    effects: int = 0
    seconds: float = 0.0


def points_passed() -> list[tuple[str, int]]:
    """Every point an undisturbed sync passes: (name, how often already)."""
    with scratch_folder("crash") as folder:
        if _attempt(folder, 0) != 0:
            raise BrokenInvariantError("an undisturbed sync does not end well")
        check(folder)
        lines = [line.split() for line in (folder / "points").read_text().splitlines()]
    return [(name, count) for name, times in lines for count in range(1, int(times) + 1)]


def campaign(points: int, seed: int) -> Figures:
    """Kill one sync at each of so many distinct named points, and a third as many at random moments as well."""
    began = time.perf_counter()
    chance = random.Random(seed)
    figures = Figures()
    passed = points_passed()
    chosen = chance.sample(passed, min(points, len(passed)))
    for point, count in chosen:
        again = chance.choice(passed) if chance.random() < 0.5 else None
        with _said(f"SIGKILL at {point} number {count}, then {again}"), scratch_folder("crash") as folder:
            plan = [(point, count), *([again] if again else [])]
            figures.restarts += _until_through(folder, plan, figures)
            figures.effects += check(folder)
    for _ in range(points // 3):
        after_s = chance.uniform(0.0, 0.6)
        with _said(f"SIGKILL after {after_s:.3f} s"), scratch_folder("crash") as folder:
            figures.restarts += _until_through(folder, [after_s, after_s / 2], figures)
            figures.effects += check(folder)
    figures.points = len(chosen)
    figures.seconds = time.perf_counter() - began
    return figures


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    try:
        yield
    except BrokenInvariantError as error:
        error.add_note(what)
        raise


def _until_through(folder: Path, kills: list[tuple[str, int] | float], figures: Figures) -> int:
    """Start, be killed, start again; returns how many starts it took beyond the first."""
    for attempt in range(_ATTEMPTS):
        kill = kills[attempt] if attempt < len(kills) else None
        code = _attempt(folder, attempt, kill)
        if code == 0:
            return attempt
        if code != -signal.SIGKILL:
            raise BrokenInvariantError(f"attempt {attempt} ended with {code}")
        figures.killed[kill[0] if isinstance(kill, tuple) else "at a random moment"] += 1
    raise BrokenInvariantError(f"not through after {_ATTEMPTS} attempts")


def _attempt(folder: Path, attempt: int, kill: tuple[str, int] | float | None = None) -> int:
    """One process; returns its exit code (negative: the signal that ended it)."""
    if isinstance(kill, tuple):
        return outcome_of(drive, folder, attempt, *kill)
    return outcome_of(drive, folder, attempt, kill_after_s=kill)


def check(folder: Path) -> int:
    """Nothing lost, nothing repeated, no effect left in between, the audit log whole. Returns how many effects."""
    truth = Ledger(folder / "truth.sqlite3").truth()
    made = company(folder, _ATTEMPTS, lambda _: None)
    with made.open() as hub:
        check_finally(hub, truth, exact=True)
        with hub.database.read() as connection:
            states = Counter(connection.execute(sa.select(effects.c.state)).scalars())
    if states.keys() - {"done", "superseded"}:
        raise BrokenInvariantError(f"effects that are not finished: {dict(states)}")
    managers = {number: record.external_id for number, record in truth.accounts.items()}
    for person in feed(FEEDS):
        found = faults_of(person, truth.accounts.get(person["number"]), managers, made.clock.now())
        if found:
            raise BrokenInvariantError(f"{SYSTEM} has {person['number']} wrong: {found}")
    return states["done"]
