"""SIGKILL at every point a case passes, and at random moments; start again; compare with no kill at all."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from baton.model.case import Act, CaseState, ItemState
from baton.store.tables import effects, statements
from tests.offboarding.driver import RETRACTED, SYSTEMS, drive, prepare, site, the_case
from tests.offboarding.ledger import HeldLedger
from tests.rig.killing import ATTEMPTS, Kill, Point, points_passed, said, shared_out, until_through
from tests.rig.processes import outcome_of
from tests.rig.stores import OnSqlite, Store, begun, copied
from tests.simulation.invariants import BrokenInvariantError, audit_faults, left_sent, order_broken


@dataclass
class Figures:
    """What a campaign came to."""

    task: str
    points: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    holdings: int = 0
    seconds: float = 0.0

    def add(self, other: Figures) -> None:
        """Take a part of the same campaign in."""
        self.killed.update(other.killed)
        self.holdings += other.holdings


@dataclass(frozen=True, slots=True)
class Start:
    """What every attempt starts from, and where it must end."""

    task: str
    store: Store
    folder: Path
    wanted: dict[str, object]
    passed: list[Point]


def prepared(task: str, store: Store, before: Path) -> Start:
    """The state before, the points that an undisturbed case passes, and the state after it."""
    prepare(before)
    with copied(store, before, "after") as after:
        code = outcome_of(drive, after, 1, task)
        if code != 0:
            raise BrokenInvariantError(f"an undisturbed case does not end well: {code}")
        if task == RETRACTED and _held(after) != _held(before):
            raise BrokenInvariantError("an undisturbed retraction does not restore what was there")
        return Start(task, store, before, state(after, task), points_passed(after))


def _held(folder: Path) -> dict[str, object]:
    """Who has what in every system."""
    return {name: HeldLedger(folder / f"{name}.sqlite3").truth()["held"] for name in SYSTEMS}


def state(folder: Path, task: str) -> dict[str, object]:
    """Where everything has ended, in the systems and in the hub, as far as every way there must end alike."""
    found: dict[str, object] = {}
    for name in SYSTEMS:
        held = HeldLedger(folder / f"{name}.sqlite3")
        found[f"{name} truth"] = held.truth()
        found[f"{name} moves"] = sorted(held.moves())
    with site(folder, ATTEMPTS, lambda _: None).open() as hub:
        case = the_case(hub)
        if case is None or case.state is not (CaseState.RETRACTED if task == RETRACTED else CaseState.COMPLETED):
            raise BrokenInvariantError(f"the case is {case and case.state}")
        with hub.database.read() as connection:
            items = hub.cases.items(connection, case.id)
            said = connection.execute(sa.select(statements.c.act, statements.c.item)).all()
            states = Counter(connection.execute(sa.select(effects.c.state)).scalars())
            broken = [*audit_faults(connection), *order_broken(connection)]
            sent = left_sent(connection)
            tenures = hub.tenures.of(connection, case_id=case.id)
    about_items = Counter((act, item) for act, item in said if item is not None)
    # A process that dies between a tick and the word of HR says it again; nobody accepts or approves twice.
    twice = [each for each, times in about_items.items() if times > 1 and each[0] in (Act.ACCEPT, Act.APPROVE)]
    if broken or sent or twice or states.keys() - {"done", "superseded"}:
        raise BrokenInvariantError(f"{broken[:3]}, sent {sent}, said twice {twice[:3]}, effects {dict(states)}")
    found["items"] = sorted((i.system, str(i.ref), i.state.value, i.successor, i.version) for i in items)
    found["said"] = sorted((act, item) for act, item in about_items)
    found["tenures"] = sorted((t.system, str(t.ref), t.holder, t.until is None) for t in tenures)
    if task != RETRACTED and any(item.state is not ItemState.DONE for item in items):
        raise BrokenInvariantError("something is not done")
    return found


def campaign(task: str, points: int, seed: int, processes: int = 1, store: Store = OnSqlite()) -> Figures:
    """Kill at each of so many distinct named points (half of them twice), and at a fifth as many random moments."""
    began = time.perf_counter()
    chance = random.Random(f"{task}/{seed}")
    replay = f"replay: python -m tests.offboarding --only kill --seed {seed} --points {points}"
    with said(replay), begun(store, "kill") as folder:
        start = prepared(task, store, folder)
        chosen = chance.sample(start.passed, min(points, len(start.passed)))
        plans: list[list[Kill]] = [
            [kill, *([chance.choice(start.passed)] if chance.random() < 0.5 else [])] for kill in chosen
        ]
        plans += [[chance.uniform(0.0, 1.0), chance.uniform(0.0, 1.0)] for _ in range(-(-points // 5))]
        figures = Figures(task, len(chosen), Counter(name for name, _ in start.passed))
        for part in shared_out(_carried_out, [start], plans, processes):
            figures.add(part)
    figures.seconds = time.perf_counter() - began
    return figures


def _carried_out(start: Start, plans: list[list[Kill]]) -> Figures:
    figures = Figures(start.task)
    for kills in plans:
        with said(f"{start.task}: SIGKILL at {kills}"), copied(start.store, start.folder, "killed") as folder:
            figures.killed.update(until_through(drive, folder, [start.task], kills))
            found = state(folder, start.task)
            for what, wanted in start.wanted.items():
                if found[what] != wanted:
                    raise BrokenInvariantError(
                        f"{what} is not as after an undisturbed case: {_differing(found[what], wanted)}"
                    )
            figures.holdings += len(found["items"])  # type: ignore[arg-type]
    return figures


def _differing(found: object, wanted: object) -> str:
    if isinstance(found, list) and isinstance(wanted, list):
        return f"{[each for each in found if each not in wanted][:3]} instead of {[each for each in wanted if each not in found][:3]}"
    return f"{found} instead of {wanted}"[:600]
