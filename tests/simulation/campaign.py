"""One seed: a company lives through trouble and crashes, then calms down, and everything is checked."""

from __future__ import annotations

import hashlib
import logging
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from baton.hub import Hub
from baton.hub.decisions import Resolution, reject, release, resolve
from baton.hub.execution import apply
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.model.effect import OPEN_STATES, EffectState
from baton.settings_shape import GatePart, WindowLimit
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.rig.clock import VirtualClock
from tests.rig.company import TARGET_MAPPING, Company
from tests.rig.targets import AskedByKeyTarget, BlindTarget, ConditionTarget, FakeTarget, KeyTarget, UpsertTarget
from tests.rig.truth import Truth
from tests.simulation.invariants import BrokenInvariantError, check_always, check_finally
from tests.simulation.people import Staff, faults_of
from tests.simulation.trouble import Crash, Trouble

KINDS: Mapping[str, type[FakeTarget]] = {
    "A": KeyTarget,
    "A?": AskedByKeyTarget,
    "B": ConditionTarget,
    "C": UpsertTarget,
    "D": BlindTarget,
}
EXACT = frozenset({"A", "A?", "B", "D"})
"""Classes with one effect per change, never an older one over a newer."""
SYSTEM = "target"
PEOPLE = 300
SHARE = 0.4
BATCH = 10
_MANAGER = "  manager: {from: manager_number}\n"
LEASE = timedelta(seconds=301)
GATE = GatePart(
    run=WindowLimit(share=Decimal("0.02"), at_least=0, at_most=1000),
    day=WindowLimit(share=Decimal("0.5"), at_least=0, at_most=1000),
    week=WindowLimit(share=Decimal(1), at_least=0, at_most=1000),
)


@dataclass
class Figures:
    """What one seed came to."""

    seed: int
    kind: str
    planned: int = 0
    rounds: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    trace: str = ""
    seconds: float = 0.0


class Simulation:
    """One company, one target, one seed."""

    def __init__(self, seed: int, kind: str, folder: Path, people: int = PEOPLE) -> None:
        self.figures = Figures(seed, kind)
        self.chance = random.Random(f"world {seed} {kind}")
        self.clock = VirtualClock()
        self._trace = hashlib.sha256()
        self.trouble = Trouble(self.chance, self.clock, self.note, rival=self._rival)
        self.truth = Truth()
        self.staff = Staff(self.chance, people)
        self.company = Company(
            folder,
            f"sqlite:///{folder}/hub.sqlite3",
            self.clock,
            {SYSTEM: type("Target", (KINDS[kind],), {"batch_limit": BATCH})},
            chance=random.Random(f"hub {seed} {kind}"),
            gate=GATE,
            crash_point=self.trouble.crash_point,
            rows=self.staff.rows,
            truths={SYSTEM: self.truth},
            prepare=self._trouble_for,
        )
        if kind == "D":  # nobody can refer to accounts whose ids nobody ever learns
            self.company.write_mapping(
                SYSTEM, TARGET_MAPPING.replace("TARGET", f"crm/fake_{SYSTEM}").replace(_MANAGER, "")
            )
        self.hub: Hub = self.company.open()

    def _trouble_for(self, _name: str, target: FakeTarget) -> None:
        target.receive, target.look = self.trouble.receive, self.trouble.look

    def note(self, what: str) -> None:
        """One line of the trace: two runs of one seed must agree on every byte of it."""
        self._trace.update(f"{self.clock.now():%d %H:%M:%S.%f} {what}\n".encode())

    def run(self, deliveries: int) -> Figures:
        """Live through trouble until so many effects have been planned, calm down, check. Raises on any violation."""
        began = time.perf_counter()
        try:
            while len(self.truth.journal) < deliveries:
                self._round()
            self._calm_down()
            check_finally(self.hub, self.truth, exact=self.figures.kind in EXACT)
        finally:
            self.hub.close()
        self.figures.faults, self.figures.crashes = self.trouble.faults, self.trouble.crashes
        self.figures.counts["applied"] = len(self.truth.journal)
        self.figures.counts["repeated"] = len(self.truth.repeated())
        self.figures.counts["stale"] = len(self.truth.stale())
        self.figures.trace = self._trace.hexdigest()
        self.figures.seconds = time.perf_counter() - began
        return self.figures

    # --- living

    def _round(self) -> None:
        self.figures.rounds += 1
        with self._mortal():
            self._plan()
        with self._mortal():
            self._decide(self.chance.random() < 0.7)
        for _ in range(self.chance.randint(1, 6)):
            with self._mortal():
                if not self._apply():
                    break
        self._look_into_doubts(share=0.3)
        check_always(self.hub, self.truth, exact=self.figures.kind in EXACT)
        self.staff.change(SHARE, self.clock.now())
        self.clock.advance(timedelta(hours=self.chance.choice((0.01, 0.1, 1, 8)) * self.chance.random()))

    @contextmanager
    def _mortal(self) -> Iterator[None]:
        """Whoever crashes inside is restarted on the same database, after the leases have run out."""
        try:
            yield
        except Crash:
            self._restart()

    def _restart(self) -> None:
        self.hub.close()
        self.clock.advance(LEASE)
        self.hub = self.company.open()

    def _plan(self) -> int:
        plan = plan_sync(self.hub, SyncRequest())
        self.figures.planned += len(plan.drafted)
        self.note(f"plan {plan.run.id} {plan.run.state} {len(plan.drafted)} {plan.run.plan_hash[:16]}")
        return len(plan.drafted)

    def _decide(self, yes: bool) -> None:
        with self.hub.database.read() as connection:
            held = [run.id for run in self.hub.runs.latest(connection, 5) if run.state is RunState.HELD]
        for run_id in held:
            count = (release if yes else reject)(self.hub, run_id, "reviewer", "looked at it")
            self.figures.counts["released" if yes else "rejected"] += count
            self.note(f"decided {run_id} {yes} {count}")

    def _apply(self) -> bool:
        """Whether it was stopped before all was done."""
        (report,) = apply(self.hub)
        self.note(f"applied {sorted(report.counts.items())} {report.halted}")
        return bool(report.halted)

    def _rival(self) -> None:
        """Another process works on the same system meanwhile (and may die as well)."""
        self.trouble.rival = lambda: None
        rival = self.company.open()
        try:
            apply(rival)
        except Crash:
            self.note("the rival crashed")
        finally:
            rival.close()
            self.trouble.rival = self._rival

    def _look_into_doubts(self, share: float) -> None:
        """A person asks the target's own people what became of what nobody can look up (class D)."""
        if self.figures.kind != "D":
            return
        with self.hub.database.read() as connection:
            doubts = self.hub.effects.read(connection, effects.c.state == EffectState.IN_DOUBT.value)
        for effect in doubts:
            if self.chance.random() < share:
                self.figures.counts["decided by a person"] += 1
                self.clock.advance(timedelta(minutes=16))  # nothing is later than this
                arrived = effect.key in self.truth.keys
                resolve(self.hub, effect.key, Resolution.DONE if arrived else Resolution.RESEND, "reviewer", "asked")

    # --- the end

    def _calm_down(self) -> None:
        self.trouble.calm()
        self.staff.conclude()
        self.clock.advance(timedelta(days=10))
        self._restart()
        if self.figures.kind == "D":
            self.figures.counts["in doubt at the end"] = self._open(EffectState.IN_DOUBT)
        for _ in range(30):
            self._plan()
            self._decide(yes=True)
            self._apply()
            self._look_into_doubts(share=1.0)
            if self.figures.kind == "C":
                self.figures.counts["mended by reconcile"] += reconcile(self.hub, SYSTEM).counts["drifted"]
            self.clock.advance(timedelta(hours=2))
            if not self._plan() and not self._open(*map(EffectState, OPEN_STATES)):
                break
        self._count_states()
        stuck = self.figures.counts.keys() & {f"finally {state}" for state in OPEN_STATES}
        if stuck:
            raise BrokenInvariantError(
                f"stuck after calming down: { ({name: self.figures.counts[name] for name in stuck}) }"
            )
        self._compare()

    def _open(self, *states: EffectState) -> int:
        with self.hub.database.read() as connection:
            return len(self.hub.effects.read(connection, effects.c.state.in_([state.value for state in states])))

    def _count_states(self) -> None:
        with self.hub.database.read() as connection:
            for effect in self.hub.effects.read(connection):
                self.figures.counts[f"finally {effect.state.value}"] += 1
                if effect.state is EffectState.REFUSED:
                    self.figures.counts[f"refused as {effect.code}"] += 1

    def _compare(self) -> None:
        """Nothing is lost: every account is what HR says."""
        managers = (
            None
            if self.figures.kind == "D"
            else {number: record.external_id for number, record in self.truth.accounts.items()}
        )
        wrong = {
            person["number"]: found
            for person in self.staff.rows
            if (found := faults_of(person, self.truth.accounts.get(person["number"]), managers, self.clock.now()))
        }
        if wrong:
            raise BrokenInvariantError(f"{len(wrong)} accounts are not what HR says: {dict(list(wrong.items())[:3])}")
        alive = sum(record.state is AccountState.ENABLED for record in self.truth.accounts.values())
        self.figures.counts["enabled"] = alive


def simulate(seed: int, kind: str, deliveries: int, people: int = PEOPLE) -> Figures:
    """One seed for one class of target. The error of a violation names the seed that replays it."""
    parent = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="baton-simulation-", dir=parent))
    logging.getLogger("baton.engine").setLevel(logging.CRITICAL)
    try:
        return Simulation(seed, kind, folder, people).run(deliveries)
    except BrokenInvariantError as error:
        error.add_note(
            f"replay: python -m tests.simulation --seed {seed} --kinds {kind} --deliveries {deliveries} --people {people}"
        )
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
