"""One seed: people leave, everything goes wrong at once, then it calms down and everybody does what is theirs."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from baton.hub.offboarding import hourly, moving, refreshing, settling
from baton.model.case import CaseState
from tests.offboarding.invariants import check_always, check_finally
from tests.offboarding.people import People
from tests.offboarding.systems import HUB
from tests.offboarding.world import LEAVING, SYSTEMS, World
from tests.rig.processes import scratch_folder
from tests.simulation.trouble import Crash

ROUNDS = 25
HOLDINGS = 5
_LATER = timedelta(minutes=20)
"""Nothing is later than this: a write that was on its way has arrived, or never will."""
_DAYS = 12
"""So many calm half-days everybody has to bring the cases to their end."""


@dataclass
class Figures:
    """What one seed came to."""

    seed: int
    moves: int = 0
    by_others: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    trace: str = ""
    seconds: float = 0.0


class Simulation:
    """One world, one seed."""

    def __init__(self, seed: int, folder: Path, *, deaf_share: float = 0.0, holdings: int = HOLDINGS) -> None:
        self.world = World(seed, folder, f"sqlite:///{folder}/hub.sqlite3", deaf_share=deaf_share)
        self.figures = Figures(seed)
        self.people = People(self.world)
        self.world.settle_in(holdings)
        self.world.people_act = self.people.act
        self.world.overtake = self.people.overtake

    def run(self, rounds: int) -> Figures:
        """Live through so many rounds of trouble, calm down, check. Raises on any violation."""
        began = time.perf_counter()
        world = self.world
        try:
            self.people.open_cases()
            world.trouble.fault_share, world.trouble.crash_share = 0.15, 0.01
            for _ in range(rounds):
                self._round()
            self._calm_down()
            self._check(check_finally)
        finally:
            world.hub.close()
        self._count()
        self.figures.seconds = time.perf_counter() - began
        return self.figures

    def _round(self) -> None:
        world, chance = self.world, self.world.chance
        for _ in range(chance.randint(1, 6)):
            with self._mortal():
                self.people.act()
        for _ in range(chance.randint(0, 3)):
            world.others_act()
        with self._mortal():
            self._work()
        if chance.random() < 0.5:
            world.clients_answer(refusing=0.2)
        for case in self.people.cases(CaseState.OPEN):
            if (last := case.dates.last_working_at) is not None and last <= world.clock.now():
                world.close_account(case.number)
        self._check(check_always)
        world.clock.advance(timedelta(hours=chance.choice((0.05, 0.5, 2, 8)) * chance.random()))

    def _work(self) -> None:
        """An hour of the schedule, or what somebody starts by hand in between."""
        world, lot = self.world, self.world.chance.random()
        if lot < 0.6:
            hour = hourly.tick(world.hub)
            world.note(f"tick {hour.moved} {hour.done} {hour.stuck} {sorted(hour.troubles)} {hour.reopened}")
            return
        cases = [case.id for case in self.people.cases(CaseState.OPEN)]
        for case_id in cases:
            if lot < 0.75:
                refreshing.refresh(world.hub, case_id)
            elif lot < 0.85:
                moving.plan(world.hub, case_id)
            elif lot < 0.95:
                settling.settle(world.hub, case_id)
        reports = moving.perform(world.hub) if lot >= 0.9 else []
        world.note(f"by hand {lot:.3f} {[(r.system, sorted(r.counts.items())) for r in reports]}")

    @contextmanager
    def _mortal(self) -> Iterator[None]:
        """Whoever crashes inside is restarted on the same database."""
        try:
            yield
        except Crash:
            self.world.restart()

    def _check(self, check: object) -> None:
        check(self.world, self.people, {system: self._clients(system) for system in SYSTEMS})  # type: ignore[operator]

    def _clients(self, system: str) -> int:
        """As many clients as were ever put there: none is made or lost on the way."""
        return sum(ref.kind.value == "client" for ref in self.world.things(system).contents)

    # --- the end

    def _calm_down(self) -> None:
        world = self.world
        world.trouble.calm()
        world.calm = True
        world.restart()
        for number in LEAVING:
            world.close_account(number)
        world.clock.advance(timedelta(days=5))
        for _ in range(_DAYS):
            hour = hourly.tick(world.hub)
            world.note(f"calm tick {hour.moved} {hour.done} {hour.stuck} {sorted(hour.troubles)}")
            world.clients_answer(refusing=0.0)
            world.clock.advance(_LATER)
            hourly.tick(world.hub)
            self.people.bring_to_an_end()
            world.clock.advance(timedelta(hours=12))
        for _ in range(3):  # what was taken back at the very end
            hourly.tick(world.hub)
            world.clients_answer(refusing=0.0)
            world.clock.advance(timedelta(hours=1))

    def _count(self) -> None:
        world, figures = self.world, self.figures
        figures.faults, figures.crashes = world.trouble.faults, world.trouble.crashes
        figures.said, figures.refused = self.people.done, self.people.refused
        for system in SYSTEMS:
            figures.moves += sum(move.by == HUB for move in world.things(system).history)
            figures.by_others += sum(move.by != HUB for move in world.things(system).history)
        hub = world.company.open()
        with hub.database.read() as connection:
            for case in hub.cases.listed(connection):
                figures.ended[case.state.value] += 1
                figures.items.update(item.state.value for item in hub.cases.items(connection, case.id))
        hub.close()
        figures.trace = world.trace


def simulate(seed: int, rounds: int = ROUNDS, deaf_share: float = 0.0) -> Figures:
    """One seed. The error of a violation names the seed that replays it."""
    for name in ("baton.engine", "baton.offboarding", "baton.contracts", "baton.hub"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with scratch_folder("offboarding") as folder:
        try:
            return Simulation(seed, folder, deaf_share=deaf_share).run(rounds)
        except AssertionError as error:
            error.add_note(
                f"replay: python -m tests.offboarding --only simulation --seed {seed} --rounds {rounds} --deaf {deaf_share}"
            )
            raise
