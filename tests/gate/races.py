"""The feed changes, somebody releases what was held, workers apply, two planners plan: all of it at once.

Whatever the order was, access is lost by what a person has released (that very plan), or within the limits.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from baton.errors import ApprovalError, BatonError
from baton.hub import Hub, decisions
from baton.hub.execution import apply
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.store.runs import RunState
from baton.store.tables import approvals, effects, runs
from tests.gate.campaign import UnapprovedError
from tests.rig.clock import VirtualClock
from tests.rig.company import Company, row
from tests.rig.targets import UpsertTarget

PEOPLE = 120
MAKER, CHECKER = "hr-maker", "hr-checker"
_MANY = (6, 14)
"""So many leave in one feed: more than a run may take away (5 of 120)."""
_FEW = (1, 4)


@dataclass
class Figures:
    """What the races came to."""

    races: int = 0
    did: Counter[str] = field(default_factory=Counter)
    """What came of each hand's work."""
    approved: int = 0
    """Accounts that lost access by a released plan."""
    within: int = 0
    """Accounts that lost access within the limits."""
    seconds: float = 0.0


class Floor:
    """One company on which race after race is run. Everybody is hired back in between."""

    def __init__(self, folder: Path, figures: Figures, seed: str) -> None:
        self.chance = random.Random(seed)
        self.figures = figures
        self.clock = VirtualClock()
        self.company = Company(folder, f"sqlite:///{folder}/hub.sqlite3", self.clock, {"crm": UpsertTarget})
        self.hubs: list[Hub] = [self.company.open() for _ in range(3)]
        self.hub = self.hubs[0]
        self.everybody()
        self.judged = 0

    def everybody(self) -> None:
        """The feed in which nobody has left; what is held for another one is given up.

        Of who has lost access it says something new: who came back by a plan that was rejected waits for news.
        """
        accounts = self.company.truths["crm"].accounts
        lost = {number for number, account in accounts.items() if account.state is not AccountState.ENABLED}
        news = {"title": f"back {self.clock.now():%Y-%m-%d}"}
        numbers = [f"{n:04d}" for n in range(1, PEOPLE + 1)]
        self.company.rows = [row(number, **(news if number in lost else {})) for number in numbers]
        plan_sync(self.hub, SyncRequest(requested_by=MAKER))
        apply(self.hub)
        if any(account.state is not AccountState.ENABLED for account in accounts.values()):
            raise AssertionError("not everybody was hired back")

    def without(self, between: tuple[int, int]) -> list[dict[str, str]]:
        """The feed in which some have left since yesterday."""
        gone = set(self.chance.sample(range(1, PEOPLE + 1), self.chance.randint(*between)))
        day = (self.clock.now() - timedelta(days=1)).date().isoformat()
        left = {"status": "departed", "last_day": day, "contract_end": day}
        return [row(f"{n:04d}", **(left if n in gone else {})) for n in range(1, PEOPLE + 1)]

    def race(self) -> None:
        """One: a plan is held; then everything at once; then whatever is due; then the judgement."""
        self.clock.advance(timedelta(days=8))
        self.company.rows = self.without(_MANY)
        run = plan_sync(self.hub, SyncRequest(requested_by=MAKER)).run
        if run.state is not RunState.HELD:
            raise UnapprovedError(f"{run.id} was not held")
        edited = self.without(self.chance.choice((_MANY, _FEW)))
        hands = [
            lambda: self._release(self.hubs[1], run.id),
            lambda: self._edit(self.hubs[2], edited),
            lambda: self._apply(self.hubs[0]),
            lambda: self._plan(self.hubs[1]),
        ]
        self.chance.shuffle(hands)
        with ThreadPoolExecutor(len(hands)) as pool:
            for done in [pool.submit(hand) for hand in hands]:
                done.result()
        apply(self.hub)
        self.figures.races += 1
        self._judge()
        self._clear()

    # --- hands

    def _release(self, hub: Hub, run_id: str) -> None:
        self._said("release", lambda: decisions.release(hub, run_id, CHECKER, "asked HR"))

    def _edit(self, hub: Hub, rows: Sequence[dict[str, str]]) -> None:
        self.company.rows = list(rows)
        self._said("edit", lambda: plan_sync(hub, SyncRequest(requested_by=MAKER)))

    def _plan(self, hub: Hub) -> None:
        self._said("plan", lambda: plan_sync(hub, SyncRequest(requested_by=MAKER)))

    def _apply(self, hub: Hub) -> None:
        self._said("apply", lambda: apply(hub))

    def _said(self, what: str, work: Callable[[], object]) -> None:
        try:
            work()
        except ApprovalError as error:
            self.figures.did[f"{what}: {error.code}"] += 1
        except BatonError as error:
            if error.code != "overtaken":
                raise
            self.figures.did[f"{what}: overtaken"] += 1
        else:
            self.figures.did[what] += 1

    # --- what must hold

    def _judge(self) -> None:
        taken = [entry for entry in self.company.truths["crm"].journal[self.judged :] if entry.action.destructive]
        self.judged = len(self.company.truths["crm"].journal)
        with self.hub.database.read() as connection:
            signed = {
                (entry.run_id, entry.plan_hash)
                for entry in connection.execute(sa.select(approvals).where(approvals.c.decision == "release"))
            }
            query = sa.select(effects.c.key, effects.c.approved, effects.c.run_id, runs.c.plan_hash).join(runs)
            known = {
                found.key: found
                for found in connection.execute(query.where(effects.c.key.in_([entry.key for entry in taken])))
            }
        unapproved = []
        for entry in taken:
            effect = known[entry.key]
            if effect.approved and (effect.run_id, effect.plan_hash) not in signed:
                raise UnapprovedError(f"{effect.run_id} went without anybody's word")
            if not effect.approved:
                unapproved.append(entry)
        limit = self.company.gate.day.limit(PEOPLE)
        by_run = Counter(known[entry.key].run_id for entry in unapproved)
        most = max(by_run.values(), default=0)
        if len(unapproved) > limit or most > self.company.gate.run.limit(PEOPLE):
            raise UnapprovedError(f"{len(unapproved)} lost access unapproved, {most} by one run")
        self.figures.within += len(unapproved)
        self.figures.approved += len(taken) - len(unapproved)

    def _clear(self) -> None:
        with self.hub.database.read() as connection:
            held = list(self.hub.effects.held_by_run(connection, "sync"))
        for run_id in held:
            decisions.reject(self.hub, run_id, CHECKER, "the race is over")
        self.everybody()
        self.judged = len(self.company.truths["crm"].journal)

    def close(self) -> None:
        for hub in self.hubs:
            hub.close()


def races(count: int, seed: int, at_once: int = 100) -> Figures:
    """So many races, a new company every so often. An error says which seed replays it (as far as threads can)."""
    began, figures = time.perf_counter(), Figures()
    parent = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    while figures.races < count:
        folder = Path(tempfile.mkdtemp(prefix="baton-races-", dir=parent))
        floor = Floor(folder, figures, f"{seed}/{figures.races}")
        try:
            for _ in range(min(at_once, count - figures.races)):
                floor.race()
        except AssertionError as error:
            error.add_note(f"race {figures.races} of seed {seed}")
            raise
        finally:
            floor.close()
            shutil.rmtree(folder, ignore_errors=True)
    figures.seconds = time.perf_counter() - began
    return figures
