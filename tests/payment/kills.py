"""SIGKILL at every point a month's pay passes, and at random moments; the same steps again; everybody paid once or not."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.payment.driver import drive, prepare
from tests.payment.steps import AGAIN, ONWARDS
from tests.payment.verdict import Account, check
from tests.rig.killing import Kill, Point, points_passed, said, shared_out, until_through
from tests.rig.processes import outcome_of
from tests.rig.stores import OnSqlite, Store, begun, copied
from tests.simulation.invariants import BrokenInvariantError

WAYS = (AGAIN, ONWARDS)


@dataclass
class Figures:
    """What a campaign came to."""

    points: int = 0
    """Distinct (name, count) at which a process was killed first."""
    runs: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    """The points that an undisturbed month passes, by name."""
    killed: Counter[str] = field(default_factory=Counter)
    account: Account = field(default_factory=Account)
    seconds: float = 0.0

    def add(self, other: Figures) -> None:
        """Take a part of the same campaign in."""
        self.killed.update(other.killed)
        self.runs += other.runs
        self.account.add(other.account)


@dataclass(frozen=True, slots=True)
class Plan:
    """One month: how people go on after an interruption, and where it is interrupted."""

    way: str
    kills: tuple[Kill, ...]


def undisturbed(store: Store, before: Path) -> list[Point]:
    """The points that a month passes in which nothing goes wrong here. Leaves the state before it in ``before``."""
    prepare(before)
    with copied(store, before, "after") as after:
        if outcome_of(drive, after, 1, AGAIN) != 0:
            raise BrokenInvariantError("an undisturbed month does not end well")
        check(after)
        return points_passed(after)


def campaign(runs: int, points: int, seed: int, processes: int = 1, store: Store = OnSqlite()) -> Figures:
    """Kill ``runs`` months: each of ``points`` distinct points first, then points again, pairs, and random moments."""
    began = time.perf_counter()
    chance = random.Random(seed)
    replay = f"replay: python -m tests.payment --only kill --seed {seed} --runs {runs} --points {points}"
    with said(replay), begun(store, "pay") as before:
        passed = undisturbed(store, before)
        chosen = chance.sample(passed, min(points, len(passed)))
        plans = [Plan(WAYS[n % 2], (kill, *_more(passed, chance))) for n, kill in enumerate(chosen)]
        while len(plans) < runs:
            way = chance.choice(WAYS)
            first: Kill = chance.choice(passed) if chance.random() < 0.8 else chance.uniform(0.05, 0.9)
            plans.append(Plan(way, (first, *_more(passed, chance))))
        figures = Figures(len(chosen), passed=Counter(name for name, _ in passed))
        for part in shared_out(_carried_out, [store, before], plans, processes):
            figures.add(part)
    figures.seconds = time.perf_counter() - began
    return figures


def _more(passed: list[Point], chance: random.Random) -> list[Point]:
    return [chance.choice(passed)] if chance.random() < 0.3 else []


def _carried_out(store: Store, before: Path, plans: list[Plan]) -> Figures:
    figures = Figures()
    for plan in plans:
        with said(f"{plan.way}: SIGKILL at {plan.kills}"), copied(store, before, "paid") as folder:
            figures.killed.update(until_through(drive, folder, [plan.way], plan.kills))
            figures.account.add(check(folder))
            figures.runs += 1
    return figures
