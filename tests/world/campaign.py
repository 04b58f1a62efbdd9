"""One seed: all four jobs for the same people on one store, through trouble, until it calms down and all is checked."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from baton.errors import BatonError
from baton.hub.payment.answering import take_answers
from baton.hub.sync import SyncRequest, plan_sync, preview_sync
from baton.model.case import CaseState
from baton.model.effect import OPEN_STATES
from baton.model.payable import Component
from baton.store.tables import effects
from tests.migration.pieces import small_pieces
from tests.offboarding.people import People
from tests.offboarding.world import SYSTEMS
from tests.rig.payroll import BANK
from tests.rig.processes import scratch_folder
from tests.simulation.invariants import BrokenInvariantError
from tests.simulation.trouble import Crash
from tests.world.desk import Desk
from tests.world.hr import Personnel
from tests.world.invariants import check_always, check_finally
from tests.world.watch import Watch
from tests.world.world import WORK, Whole

ROUNDS = 12
HOLDINGS = 2
_CALM_HALF_DAYS = 18
"""Longer than until the latest end of a contract: four days on, told by a clock that is a day ahead. Mostly far fewer do."""
_DAY = timedelta(days=1)
PAGES = "baton.jobs.offboarding.certificate.pages"


@dataclass
class Figures:
    """What one seed came to."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    trace: str = ""
    seconds: float = 0.0


class Simulation:
    """One world, one seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.figures = Figures(seed)
        self.world = Whole(seed, folder)
        self.people = People(self.world)
        self.personnel = Personnel(self.world)
        self.desk = Desk(self.world)
        self.world.settle_in(HOLDINGS)
        self.world.people_act = self._somebody
        self._wrong_by = timedelta()
        self.watch = Watch(self.world)

    def run(self, rounds: int) -> Figures:
        """Live through so many rounds of trouble, calm down, check. Raises on any violation."""
        began, world = time.perf_counter(), self.world
        try:
            world.trouble.fault_share, world.trouble.crash_share = 0.2, 0.005
            for _ in range(rounds):
                self._round()
            self._calm_down()
            check_finally(world, self.people, self.personnel, self.watch)
            self._count()
        finally:
            world.hub.close()
        self.figures.seconds = time.perf_counter() - began
        return self.figures

    # --- living

    def _round(self) -> None:
        world, chance = self.world, self.world.chance
        for _ in range(chance.randint(4, 12)):
            with self._mortal():
                self._somebody()
        for what in chance.choices(list(WORK), k=chance.randint(2, 4)):
            with self._mortal():
                world.work(world.hub, what)
        with self._mortal():
            self._rehearsal()
        world.clock.advance(timedelta(hours=chance.choice((0.05, 0.5, 2, 8)) * chance.random()))

    def _somebody(self) -> None:
        """One person does one thing; now and then somebody sets a clock, or stops everything."""
        world, lot = self.world, self.world.chance.random()
        if lot < 0.22:
            self.personnel.act()
        elif lot < 0.30:
            self.personnel.call(world.hub)
        elif lot < 0.48:
            self.people.act()
        elif lot < 0.64:
            self.desk.pay()
        elif lot < 0.74:
            self.desk.migrate()
        elif lot < 0.82:
            self.desk.decide(yes=0.7)
        elif lot < 0.88:
            world.others_act()
        elif lot < 0.92:
            world.others_edit()
        elif lot < 0.96:
            world.clients_answer(refusing=0.2)
        elif lot < 0.98:
            self._set_clock()
        elif not world.is_meddling:
            self.desk.switch()

    def _set_clock(self) -> None:
        """A day on or back, and at the next opportunity right again."""
        by = -self._wrong_by or self.world.chance.choice((_DAY, -_DAY))
        self._wrong_by += by
        self.world.set_clock_wrong(by)

    def _rehearsal(self) -> None:
        """I12: a dry run keeps nothing and has the hash of what would be saved."""
        world = self.world
        if world.chance.random() > 0.15:
            return
        before = self._rows()
        rehearsed = preview_sync(world.hub, SyncRequest())
        if self._rows() != before:
            raise BrokenInvariantError("a dry run has left something")
        planned = plan_sync(world.hub, SyncRequest())
        if planned.run.plan_hash != rehearsed.run.plan_hash:
            raise BrokenInvariantError("a dry run and the plan after it differ")
        world.note(f"rehearsed {planned.run.plan_hash[:12]}")

    def _rows(self) -> int:
        with self.world.hub.database.read() as connection:
            return len(self.world.hub.effects.read(connection))

    @contextmanager
    def _mortal(self) -> Iterator[None]:
        """One step: whoever crashes inside is restarted on the same database, and everything is as it always has to be."""
        try:
            yield
        except Crash:
            self.world.restart()
        except BatonError as error:
            self.world.note(f"gave up: {error.code}")
        check_always(self.world, self.people, self.personnel, self.watch)

    # --- the end

    def _calm_down(self) -> None:
        world = self.world
        world.trouble.calm()
        world.calm = True
        if self._wrong_by:
            self._set_clock()
        world.restart()
        if self.desk.is_stopped():
            self.desk.switch()
        self.personnel.conclude()
        self.personnel.call(world.hub)
        world.clock.advance(timedelta(hours=2))
        for _ in range(_CALM_HALF_DAYS):
            self._half_day()
            if self._all_is_done():
                return

    def _half_day(self) -> None:
        world = self.world
        for what in ("plan", "apply", "tick", "deliver"):
            world.work(world.hub, what)
        self.desk.decide(yes=1.0)
        world.clients_answer(refusing=0.0)
        if not self.desk.at_rest():
            self._pay()
        world.work(world.hub, "migrate")
        world.clock.advance(timedelta(minutes=20))
        for what in ("apply", "tick"):
            world.work(world.hub, what)
        self.people.bring_to_an_end()
        world.clock.advance(timedelta(hours=8))

    def _pay(self) -> None:
        world, bank = self.world, self.world.company.office
        self.desk.see_through()
        if not self.desk.nothing_to_draft():
            self.desk.draft(Component.SALARY)
            self.desk.see_through()
        world.work(world.hub, "deliver")
        for work in (bank.morning, bank.afternoon, bank.evening):
            work()
        take_answers(world.hub, BANK)

    def _all_is_done(self) -> bool:
        world = self.world
        hub = world.hub
        with hub.database.read() as connection:
            still = hub.effects.read(connection, effects.c.state.in_(OPEN_STATES), limit=1)
            # Whose write was in doubt when the last plan was made is planned by the next one.
            unplanned = any(
                list(hub.people.candidates(connection, each, hub.mappings[each].digest, None)) for each in SYSTEMS
            )
        return not still and not unplanned and not self.people.cases(CaseState.OPEN, CaseState.PAUSED)

    def _count(self) -> None:
        world, figures = self.world, self.figures
        figures.faults, figures.crashes = world.trouble.faults, world.trouble.crashes
        figures.did = self.people.done + self.desk.done + self.personnel.did
        figures.refused = self.people.refused + self.desk.refused
        counts = figures.counts
        with world.hub.database.read() as connection:
            for effect in world.hub.effects.read(connection):
                counts[f"{effect.action} {effect.state}"] += 1
            counts.update(f"case {case.state}" for case in world.hub.cases.listed(connection, limit=None))
        counts["lines booked"] = sum(
            times for (_, way), times in world.company.office.bookings().items() if way == "DBIT"
        )
        counts["records written"] = sum(change.by == "the hub" for change in world.records)
        counts["written to accounts"] = sum(len(world.company.truths[system].journal) for system in SYSTEMS)
        figures.trace = world.trace


def _undrawn(_document: object, manifest: bytes) -> bytes:
    return b"%PDF-1.4\n" + manifest + b"nothing is drawn here\n"


def simulate(seed: int, rounds: int = ROUNDS) -> Figures:
    """One seed. The error of a violation names the seed that replays it."""
    logging.getLogger("baton").setLevel(logging.CRITICAL)
    # A certificate's pages take longer to draw than all the rest of a seed, and are tried by themselves.
    undrawn = mock.patch.dict(sys.modules, {PAGES: SimpleNamespace(pages=_undrawn)})
    with scratch_folder("world") as folder, small_pieces(page_rows=5, segment_rows=4), undrawn:
        try:
            return Simulation(seed, folder).run(rounds)
        except AssertionError as error:
            error.add_note(f"replay: python -m tests.world --seed {seed} --rounds {rounds}")
            raise
