"""Performing effects on people's accounts: links read, references filled in, one call per batch."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from baton.clock import Clock
from baton.contracts import AccountTarget, Promise
from baton.engine import calls
from baton.engine.calls import RetryRule
from baton.engine.performer import Call, CrashPoint, Outcomes, Performer
from baton.model.account import AccountWrite, Outcome
from baton.model.effect import Effect, Link
from baton.store.database import Database
from baton.store.leases import LeaseStore


@dataclass
class AccountPerformer(Performer):
    """Works on the accounts of one system."""

    system: str
    target: AccountTarget
    database: Database
    leases: LeaseStore
    clock: Clock
    chance: random.Random
    retry: RetryRule = RetryRule()
    crash_point: CrashPoint = lambda _: None
    pause: Callable[[float], None] = lambda _: None

    remedy = "the target never took it; mend the cause, then: baton reconcile"

    def __post_init__(self) -> None:
        self.batch_limit = self.target.batch_limit
        self.whole_batches = self.target.whole_batches
        self.wary = self.whole_batches  # only banks take files as a whole
        self.blind = self.target.promise is Promise.BLIND
        self.ahead = 0 if self.blind or self.whole_batches else 1

    def prepare(self, batch: Sequence[Effect]) -> AccountCall:
        """The writes of a batch: links read, references filled in, the current account for conditional targets."""
        (call,) = self._prepared([batch])
        if self.target.promise is not Promise.CONDITION:
            return call
        accounts = calls.found(self.target, call.writes)
        writes = [replace(write, expected=account) for write, account in zip(call.writes, accounts, strict=True)]
        return replace(call, writes=writes)

    def prepare_early(self, batches: Sequence[Sequence[Effect]]) -> list[Call] | None:
        """Nothing else that a claimed effect hangs on changes before it is sent."""
        if self.target.promise is Promise.CONDITION:
            return None
        return [*self._prepared(batches)]

    def _prepared(self, batches: Sequence[Sequence[Effect]]) -> list[AccountCall]:
        """What the store knows for these batches.

        The effects come back without the digests of references that did not resolve: what was not sent is not proven.
        """
        effects = [effect for batch in batches for effect in batch]
        referred = sorted({number for effect in effects for number in effect.references.values()})
        with self.database.read() as connection:
            known = self.leases.links.of(connection, self.system, [effect.number for effect in effects])
            references = self.leases.links.external_ids(connection, self.system, referred)
        prepared: list[AccountCall] = []
        narrowed: list[Effect] = []
        for batch in batches:
            links = [known.get(effect.number, Link(self.system, effect.number)) for effect in batch]
            writes = [calls.as_write(effect, link, references) for effect, link in zip(batch, links, strict=True)]
            sendable = [
                replace(effect, digests={name: mark for name, mark in effect.digests.items() if name in write.fields})
                for effect, write in zip(batch, writes, strict=True)
            ]
            prepared.append(AccountCall(self, sendable, writes))
            narrowed += [new for old, new in zip(batch, sendable, strict=True) if new.digests != old.digests]
        if narrowed:
            with self.database.write() as connection:
                self.leases.narrow(connection, narrowed)
        return prepared


@dataclass(frozen=True, slots=True)
class AccountCall(Call):
    """One batch of effects on accounts, as the connector gets them."""

    performer: AccountPerformer
    effects: Sequence[Effect]
    writes: Sequence[AccountWrite]

    def send(self) -> Outcomes:
        """One call for the batch; what an earlier attempt has brought about after all is not sent again."""
        arrived = self._arrived()
        gone = {effect.id for effect, _ in arrived}
        rest = [
            (effect, write) for effect, write in zip(self.effects, self.writes, strict=True) if effect.id not in gone
        ]
        if not rest:
            return arrived
        by = self.performer
        by.crash_point("sending")
        writes = [write for _, write in rest]
        receipts = calls.perform(by.target, writes, by.retry, by.clock, by.chance, by.pause)
        return [*arrived, *((effect, receipt) for (effect, _), receipt in zip(rest, receipts, strict=True))]

    def look_up(self) -> Outcomes:
        """By our key where the target can be asked, else by reading the account and comparing."""
        return list(zip(self.effects, calls.look_up(self.performer.target, self.writes), strict=True))

    def results(self) -> Outcomes:
        """What the target says of writes it only accepted."""
        return list(zip(self.effects, calls.results(self.performer.target, self.writes), strict=True))

    def _arrived(self) -> Outcomes:
        """What an earlier attempt has brought about at a conditional target after all: it arrived late.

        The condition has kept the repeat from overwriting anything; the account as read now shows whose doing that was.
        """
        target = self.performer.target
        if target.promise is not Promise.CONDITION:
            return []
        judged = [calls.judge(write, write.expected, target) for write in self.writes]
        return [
            (effect, receipt)
            for effect, receipt in zip(self.effects, judged, strict=True)
            if effect.attempts > 1 and receipt.outcome is Outcome.DONE
        ]
