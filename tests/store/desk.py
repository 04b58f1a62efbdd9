"""A store at work: a migrated database, a virtual clock, and short words for planning, claiming and settling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from baton.engine.plan import Planned, save_plan
from baton.model.account import Action, Receipt, Scalar
from baton.model.effect import Effect, EffectState, Intention, Link
from baton.store.claims import ClaimRule
from baton.store.database import Database
from baton.store.effects import EffectStore
from baton.store.leases import LeaseStore, Settlement
from baton.store.links import LinkStore
from baton.store.migrate import upgrade
from baton.store.people import PeopleStore
from baton.store.personal import Keyring
from baton.store.runs import Run, RunState, RunStore
from baton.store.tables import audit, effects
from tests.rig.clock import VirtualClock
from tests.rig.company import KEYS

SYSTEM = "crm"
JOB = "sync"
LEASE_S = 60.0


class Desk:
    """Everything of the store, opened on one database."""

    def __init__(self, url: str, clock: VirtualClock) -> None:
        self.clock = clock
        self.database = Database(url)
        upgrade(self.database)
        keyring = Keyring.load(KEYS)
        self.effects = EffectStore(keyring, clock)
        self.links = LinkStore()
        self.leases = LeaseStore(self.effects, self.links)
        self.runs = RunStore(clock)
        self.people = PeopleStore(keyring)

    def run(self, name: str) -> Run:
        """A run's row, made when it is not there yet."""
        made = Run(name, JOB, RunState.READY, "schedule", "", "", self.clock.now())
        with self.database.write() as connection:
            known = self.runs.get(connection, name)
            if known is None:
                self.runs.insert(connection, made, ())
            return known or made

    def plan(
        self,
        number: str,
        *actions: Action,
        rank: int = 0,
        due_in: float = 0.0,
        run: str = "run-1",
        fields: Mapping[str, Scalar] | None = None,
    ) -> None:
        """Save effects for one person, in this order; what was planned for them before gives way."""
        self.plan_all([number], actions or (Action.PROVISION,), rank=rank, due_in=due_in, run=run, fields=fields)

    def plan_all(
        self,
        numbers: Sequence[str],
        actions: Sequence[Action] = (Action.PROVISION,),
        *,
        rank: int = 0,
        due_in: float = 0.0,
        run: str = "run-1",
        fields: Mapping[str, Scalar] | None = None,
    ) -> None:
        """The same for many."""
        self.run(run)
        values = {"name": "测试䶮"} if fields is None else dict(fields)
        due = self.clock.now() + timedelta(seconds=due_in)
        with self.database.write() as connection:
            known = self.links.of(connection, SYSTEM, list(numbers))
            planned = [
                Planned(
                    known.get(number, Link(SYSTEM, number)),
                    [
                        (Intention(SYSTEM, number, action, due, values, rank=rank), dict.fromkeys(values, "digest"))
                        for action in actions
                    ],
                )
                for number in numbers
            ]
            save_plan(connection, JOB, run, planned, self.effects, self.links)

    def claim(self, worker: str = "w", limit: int = 50, *, whole_batches: bool = False) -> list[Effect]:
        """Claim the next batch."""
        rule = ClaimRule(SYSTEM, worker, limit, LEASE_S, whole_batches)
        with self.database.write() as connection:
            return self.leases.claim(connection, rule)

    def settle(self, batch: Sequence[Effect], receipt: Receipt) -> list[EffectState | None]:
        """Store the same receipt for a whole batch."""
        with self.database.write() as connection:
            return self.leases.settle(connection, [Settlement(effect, receipt) for effect in batch])

    def crash(self) -> int:
        """The lease runs out with no receipt, and somebody takes over."""
        self.clock.sleep(LEASE_S + 1)
        with self.database.write() as connection:
            return self.leases.recover(connection, SYSTEM)

    def doubtful(self) -> list[Effect]:
        """Lease what is in doubt, for a look-up."""
        rule = ClaimRule(SYSTEM, "looker", 50, LEASE_S, whole_batches=False)
        with self.database.write() as connection:
            return self.leases.claim_unsettled(connection, rule, EffectState.IN_DOUBT)

    def rows(self, *names: str) -> list[tuple[Any, ...]]:
        """These columns of all effects, in the order they were planned."""
        with self.database.read() as connection:
            query = sa.select(*(effects.c[name] for name in names)).order_by(effects.c.id)
            return [tuple(row) for row in connection.execute(query)]

    def states(self) -> list[tuple[str, int, str]]:
        """(person, version, state) of all effects."""
        return [(number, version, state) for number, version, state in self.rows("number", "version", "state")]

    def moves(self) -> list[tuple[str | None, str]]:
        """(from, to) of every transition in the audit log, in order."""
        with self.database.read() as connection:
            table = audit.entries
            query = sa.select(table.c.body).where(table.c.kind == "effect").order_by(table.c.seq)
            bodies = [orjson.loads(body) for body in connection.execute(query).scalars()]
        return [(body.get("from"), body["to"]) for body in bodies]


@contextmanager
def desk_on(url: str) -> Iterator[Desk]:
    """A desk for as long as the block lasts."""
    desk = Desk(url, VirtualClock())
    try:
        yield desk
    finally:
        desk.database.close()
