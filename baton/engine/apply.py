"""Performing released effects: claim a batch, call the connector once, store one receipt each, until nothing is due."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from threading import BoundedSemaphore, Lock

import sqlalchemy as sa

from baton.clock import Clock
from baton.engine.calls import RetryRule, blamed
from baton.engine.performer import CrashPoint, Outcomes, Performer
from baton.errors import ConnectorError, HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import Outcome, Receipt
from baton.model.effect import Effect, EffectState
from baton.store.claims import ACCOUNTS, ClaimRule, Scope
from baton.store.database import Database
from baton.store.leases import CRASH_LIMIT, LeaseStore, Settlement
from baton.store.restores import FENCES
from baton.store.runs import RunStore
from baton.telemetry import count_effects, span, timed_call

_SUPERIORS_WAIT_S = 0.1
_LOOK_UP_S = 1.0
"""After so long it is looked again whether what was claimed may still be sent."""
_TOGETHER_S, _TOGETHER = 0.25, 16
"""As many calls are claimed, and stored, together as take so long; and never more than so many."""
_STOPPING = (RetryableError, HaltError, InDoubtError)
"""What ends the work on a system for now."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How one system is worked on."""

    threads: int = 4
    lease_s: float = 300.0
    retry: RetryRule = RetryRule()
    longest_backoff_s: float = 3600.0
    attempt_limit: int = 40
    fuse_calls: int = 20
    fuse_share: float = 0.4
    """Stop working on a system once this share of its writes (of at least ``fuse_calls``) fails."""
    patience_s: float = 30.0
    """How long to wait for effects that become due again soon (a back-off, a locked row)."""


@dataclass
class Report:
    """What one `apply` did in one system."""

    system: str
    counts: Counter[str] = field(default_factory=Counter)
    halted: str = ""
    needs_person: bool = False
    """True when it stopped for something that does not pass by itself: credentials, permission, a kill switch."""

    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def count(self, name: str, more: int = 1) -> None:
        """Add to a figure; several threads report at once."""
        with self._lock:
            self.counts[name] += more

    def stop(self, error: ConnectorError) -> None:
        """Remember why no further call was made."""
        self.halted = str(error)
        self.needs_person = isinstance(error, HaltError)

    def switched_off(self, why: str) -> None:
        """Remember that a person has stopped this system."""
        self.halted = why
        self.needs_person = True


@dataclass(frozen=True, slots=True)
class _Switches:
    """What people have stopped here: why everything, if it is; and which actions."""

    off: str
    paused: frozenset[str]


class Applier:
    """Works on one system. Any number may run at once, anywhere: the leases keep them apart."""

    def __init__(
        self,
        system: str,
        performer: Performer,
        database: Database,
        leases: LeaseStore,
        runs: RunStore,
        *,
        clock: Clock,
        chance: random.Random,
        pace: Pace = Pace(),
        scope: Scope = ACCOUNTS,
        crash_point: CrashPoint = lambda _: None,
        pause: Callable[[float], None] = lambda _: None,
    ) -> None:
        """``pause`` keeps everybody away from this system for some seconds, whatever status it throttles under."""
        self.system = system
        self.performer = performer
        self.scope = scope
        self.database = database
        self.leases = leases
        self.runs = runs
        self.clock = clock
        self.chance = chance
        self.pace = pace
        self.crash_point = crash_point
        self.pause = pause
        self._lanes = BoundedSemaphore(pace.threads)

    def run(self) -> Report:
        """Do everything that is due, then say what was done. A system that needs a person ends this early."""
        with span("apply", system=self.system):
            return self._run(Report(self.system))

    def _run(self, report: Report) -> Report:
        give_up_at = self.clock.now() + timedelta(seconds=self.pace.patience_s)
        while True:
            self._pass(report)
            due = None if report.halted else self._next_due(give_up_at)
            if due is None:
                return report
            self.clock.sleep(max((due - self.clock.now()).total_seconds(), 0.01))

    def _pass(self, report: Report) -> None:
        """All threads work until none finds anything due. More of them than calls at once: some stand ready."""
        if self.pace.threads == 1:
            self._work("w0", report)
            return
        hands = self.pace.threads * (1 + self.performer.ahead)
        with ThreadPoolExecutor(hands, thread_name_prefix=f"baton-{self.system}") as pool:
            for done in [pool.submit(self._work, f"w{n}", report) for n in range(hands)]:
                done.result()

    def _next_due(self, latest: datetime) -> datetime | None:
        """When something that was put off becomes due again, if that is soon enough to wait for."""
        with self.database.read() as connection:
            return self.leases.next_retry(connection, self.system, latest, self.scope, self.performer.awaited)

    def _work(self, name: str, report: Report) -> None:
        rule = ClaimRule(
            system=self.system,
            worker=f"{name}-{self.chance.getrandbits(48):012x}",
            batch_limit=self.performer.batch_limit,
            lease_s=self.pace.lease_s,
            whole_batches=self.performer.whole_batches,
            scope=self.scope,
        )
        with self.database.write() as connection:
            promised = self.leases.claim_unsettled(connection, rule, EffectState.ACCEPTED)
        if promised:
            self._ask(promised, EffectState.ACCEPTED, report)
        waited_s = 0.0
        while not report.halted:
            call_s = self._one_round(rule, report)
            if call_s is not None:
                self._check_fuse(report)
                rule = replace(rule, calls=self._calls_together(call_s))
            elif self.pace.threads == 1 or waited_s >= self.pace.patience_s or not self._superiors_in_flight(rule):
                return
            else:  # another thread is making the managers' accounts: there will be more to do in a moment
                self.clock.sleep(_SUPERIORS_WAIT_S)
                waited_s += _SUPERIORS_WAIT_S

    def _superiors_in_flight(self, rule: ClaimRule) -> bool:
        with self.database.read() as connection:
            return self.leases.superiors_in_flight(connection, rule)

    def _calls_together(self, call_s: float) -> int:
        """How many calls to claim at once: a target that answers at once must not wait for the database each time.

        One where nobody can look up what was claimed but not sent when a process dies, and where nothing is known.
        """
        if self.performer.blind or self.performer.whole_batches or call_s <= 0:
            return 1
        return min(max(int(_TOGETHER_S / call_s), 1), _TOGETHER)

    def _one_round(self, rule: ClaimRule, report: Report) -> float | None:
        """Recover, resolve, send what is claimed: seconds that a call took. None when nothing is left to do now."""
        batch: list[Effect] = []
        with self.database.write() as connection:
            switches = self._switches(connection)
            report.count("recovered", self.leases.recover(connection, self.system))
            doubtful = [] if switches.off else self.leases.claim_unsettled(connection, rule, EffectState.IN_DOUBT)
            if not switches.off and not doubtful:
                batch = self.leases.claim(connection, replace(rule, paused_actions=switches.paused))
        if switches.off:
            report.switched_off(switches.off)
            return None
        resolved = 0
        if doubtful:
            resolved = self._ask(doubtful, EffectState.IN_DOUBT, report)
            with self.database.write() as connection:
                batch = self.leases.claim(connection, replace(rule, paused_actions=switches.paused))
        self.crash_point("claimed")
        if batch:
            return self._send(batch, report)
        return 0.0 if resolved else None

    def _switches(self, connection: sa.Connection) -> _Switches:
        engaged = self.runs.engaged(connection)
        fences = (f"{fence}{self.system}" for fence in FENCES)
        off = [scope for scope in ("all", f"system:{self.system}", *fences) if scope in engaged]
        paused = frozenset(scope.removeprefix("action:") for scope in engaged if scope.startswith("action:"))
        return _Switches(f"kill switch {off[0]} is on: {engaged[off[0]]}" if off else "", paused)

    def _check_fuse(self, report: Report) -> None:
        failed = report.counts["in_doubt"] + report.counts["retry"]
        tried = failed + report.counts["done"] + report.counts["accepted"] + report.counts["refused"]
        if tried >= self.pace.fuse_calls and failed > self.pace.fuse_share * tried:
            report.halted = f"{failed} of {tried} writes failed: stopped, the rest stays planned"

    # --- sending

    def _send(self, claimed: list[Effect], report: Report) -> float:
        """Make the calls for what was claimed, then store what became of all of it. Seconds that a call took."""
        since = self.clock.monotonic()
        poisoned = [effect for effect in claimed if effect.crashes >= self.performer.crash_limit]
        if poisoned:
            self._store([(effect, _POISON) for effect in poisoned], report)
            claimed = [effect for effect in claimed if effect.crashes < self.performer.crash_limit]
        if not claimed:
            return 0.0
        outcomes: list[tuple[Effect, Receipt]] = []
        refused: list[tuple[list[Effect], RejectedError]] = []
        calls = [list(batch) for _, batch in groupby(claimed, key=lambda effect: effect.batch_id)]
        with self._lane() as waited:
            begun = self.clock.monotonic()
            for place, batch in enumerate(calls):
                elapsed_s = self.clock.monotonic() - since
                if outcomes and elapsed_s > self.pace.lease_s / 10:  # no lease runs out over the calls of others
                    self._store(outcomes, report)
                    outcomes = []
                look = (waited and not place) or report.halted or elapsed_s > _LOOK_UP_S
                ours = self._still_to_be_sent(batch, elapsed_s, report) if look else batch
                if ours:
                    try:
                        outcomes += self._call(ours, report)
                    except RejectedError as error:
                        refused.append((ours, error))
            took_s = self.clock.monotonic() - begun
        if outcomes:
            self._store(outcomes, report)
            self.crash_point("stored")
        for batch, refusal in refused:
            self._isolate(batch, refusal, report)
        return took_s / len(calls)

    def _call(self, batch: list[Effect], report: Report) -> Outcomes:
        """One call: what became of each effect. Raises `RejectedError` when it was refused as a whole."""
        try:
            call = self.performer.prepare(batch)
            batch = list(call.effects)
            with timed_call(self.system, batch[0].action.value, len(batch)):
                outcomes = call.send()
        except _STOPPING as error:
            report.stop(error)  # while the lane is ours: what stands ready for it must not leave
            if isinstance(error, RetryableError) and error.retry_after_s:
                self.pause(error.retry_after_s)
            # Doubt about a write is a receipt: one that arrives here came from reading, before anything was sent.
            return [(effect, blamed(error)) for effect in batch]
        self.crash_point("sent")
        return outcomes

    @contextmanager
    def _lane(self) -> Iterator[bool]:
        """The right to make one call after the other while others do; whether it was waited for."""
        waited = not self._lanes.acquire(blocking=False)
        if waited:
            self._lanes.acquire()
        try:
            yield waited
        finally:
            self._lanes.release()

    def _still_to_be_sent(self, batch: list[Effect], elapsed_s: float, report: Report) -> list[Effect]:
        """What stood ready and is still ours to send, with nearly the whole of its lease before it.

        Nothing, when a switch or a failure has stopped the work meanwhile: nothing of it has left. The lane is ours by
        now, so this does no more than it must.
        """
        with self.database.read() as connection:
            switches = self._switches(connection)
        if switches.off:
            report.switched_off(switches.off)
        if report.halted or batch[0].action.value in switches.paused:
            self._store([(effect, _STOPPED) for effect in batch], report)
            return []
        if elapsed_s > self.pace.lease_s / 10:
            with self.database.write() as connection:
                return self.leases.rebatch(connection, batch, self.pace.lease_s)
        return batch

    def _isolate(self, batch: list[Effect], error: RejectedError, report: Report) -> None:
        """The call as a whole was refused: cut it in halves until the record it is about stands alone."""
        if len(batch) == 1:
            self._store([(batch[0], Receipt.refused(error.code, error.message, remedy=error.remedy))], report)
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            with self.database.write() as connection:
                renewed = self.leases.rebatch(connection, half, self.pace.lease_s)
            if renewed:
                self._send(renewed, report)

    # --- outcomes

    def _store(self, outcomes: Sequence[tuple[Effect, Receipt]], report: Report) -> None:
        settlements = [self._settlement(effect, receipt) for effect, receipt in outcomes]
        with self.database.write() as connection:
            after = self.leases.settle(connection, settlements)
            unresolved = [
                settlement.effect.number
                for settlement, state in zip(settlements, after, strict=True)
                if state is EffectState.DONE
                and not settlement.effect.references.keys() <= settlement.effect.digests.keys()
            ]
            self.leases.links.mark_dirty(connection, self.system, unresolved)
        for settlement, state in zip(settlements, after, strict=True):
            report.count(_told(settlement.effect, state))
            if state is not None:
                count_effects(self.system, settlement.effect.action.value, state.value)

    def _settlement(self, effect: Effect, receipt: Receipt) -> Settlement:
        if receipt.outcome is Outcome.NOT_PERFORMED:
            if effect.attempts >= self.pace.attempt_limit:
                given_up = Receipt.refused(
                    receipt.code, receipt.message, remedy="the target never took it; mend the cause, then reconcile"
                )
                return Settlement(effect, given_up)
            return Settlement(effect, receipt, receipt.retry_after_s or self._backoff(effect.attempts))
        if receipt.outcome in (Outcome.IN_DOUBT, Outcome.ACCEPTED):
            if effect.state is EffectState.IN_DOUBT and self.performer.blind:
                return Settlement(effect, receipt, self.pace.longest_backoff_s)  # a person will have to look
            waited = effect.state in (EffectState.IN_DOUBT, EffectState.ACCEPTED)
            return Settlement(effect, receipt, self._backoff(effect.attempts) if waited else 0.0)
        return Settlement(effect, receipt)

    def _backoff(self, attempts: int) -> float:
        longest = min(2.0 ** min(attempts, 20), self.pace.longest_backoff_s)
        return longest * (0.5 + self.chance.random() / 2)

    def _ask(self, batch: list[Effect], state: EffectState, report: Report) -> int:
        """Ask the target about effects in doubt or accepted; returns how many have an answer now."""
        self.crash_point("looking_up")
        try:
            with self._lane():
                call = self.performer.prepare(batch)
                outcomes = call.results() if state is EffectState.ACCEPTED else call.look_up()
        except ConnectorError as error:
            unknown = Receipt.in_doubt(error.code, error.message)
            outcomes = [(effect, Receipt.accepted() if state is EffectState.ACCEPTED else unknown) for effect in batch]
            if isinstance(error, HaltError):
                report.stop(error)
        self._store(outcomes, report)
        return sum(receipt.outcome not in (Outcome.IN_DOUBT, Outcome.ACCEPTED) for _, receipt in outcomes)


def _told(effect: Effect, after: EffectState | None) -> str:
    """What a report calls an outcome. A doubt that ends in "it did not arrive" is an answer, not a failed write."""
    if after is None:
        return "lost"
    if after is not EffectState.PLANNED:
        return after.value
    return "resend" if effect.state is EffectState.IN_DOUBT else "retry"


_STOPPED = Receipt.not_performed("stopped", "the work was stopped before this was sent")
_POISON = Receipt.refused(
    "poison",
    f"the worker died {CRASH_LIMIT} times while sending this",
    remedy="look at this record and the connector's log; it is not sent again until it changes",
)
