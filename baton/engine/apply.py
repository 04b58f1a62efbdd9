"""Performing released effects: claim a batch, call the connector once, store one receipt each, until nothing is due."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from baton.contracts.answers import unforeseen
from baton.engine.limiter import while_waiting
from baton.engine.performer import Outcomes
from baton.engine.report import Report
from baton.engine.sending import Sender
from baton.engine.storing import Storing
from baton.engine.workplace import Keeper, Switches, Workplace
from baton.errors import BatonError, ConnectorError, HaltError, RejectedError, WithheldError
from baton.model.account import Outcome, Receipt
from baton.model.effect import Effect, EffectState
from baton.store import queue
from baton.store.claims import ClaimRule
from baton.telemetry import span

_SUPERIORS_WAIT_S = 0.1
_ASKED = frozenset({EffectState.IN_DOUBT, EffectState.ACCEPTED})
"""States of which the target is asked what has become of the write."""
_TOGETHER_S, _TOGETHER = 0.25, 16
"""As many calls are claimed, and stored, together as take so long; and never more than so many."""


class Applier:
    """Works on one system. Any number may run at once, anywhere: the leases keep them apart."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.storing = Storing(place)
        self.sender = Sender(place, self.storing)

    def run(self) -> Report:
        """Do everything that is due, then say what was done. A system that needs a person ends this early."""
        with span("apply", system=self.place.system):
            return self._run(Report(self.place.system))

    def _run(self, report: Report) -> Report:
        clock = self.place.clock
        give_up_s = clock.monotonic() + self.place.pace.patience_s
        while True:
            began = clock.now()
            self._pass(report)
            # It does not move: whatever is asked about once more after that is put off beyond it, and this ends.
            latest = clock.now() + timedelta(seconds=give_up_s - clock.monotonic())
            due = None if report.halted else self._next_turn(began, latest, report)
            if due is None:
                report.end()
                return report
            clock.sleep(max((due - clock.now()).total_seconds(), _SUPERIORS_WAIT_S))

    def _pass(self, report: Report) -> None:
        """All threads work until none finds anything due. More of them than calls at once: some stand ready."""
        place = self.place
        if place.pace.threads == 1:
            self._work("w0", report)
            return
        hands = place.pace.threads * (1 + place.performer.ahead)
        with ThreadPoolExecutor(hands, thread_name_prefix=f"baton-{place.system}") as pool:
            for done in [pool.submit(self._work, f"w{n}", report) for n in range(hands)]:
                done.result()

    def _next_turn(self, since: datetime, latest: datetime, report: Report) -> datetime | None:
        """When something that was put off becomes due again, if that is soon enough to wait for."""
        awaited = self.place.performer.awaited - (_ASKED if report.unanswered else frozenset())
        with self.place.database.read() as connection:
            rule = self._rule("nobody", self.place.switches(connection))
            return queue.next_turn(connection, rule, awaited, since, latest)

    def _rule(self, worker: str, switches: Switches, calls: int = 1, worn: int = 1) -> ClaimRule:
        performer = self.place.performer
        return ClaimRule(
            system=self.place.system,
            worker=worker,
            batch_limit=performer.batch_limit,
            lease_s=self.place.pace.lease_s,
            whole_batches=performer.whole_batches,
            calls=calls,
            worn_limit=worn,
            paused_actions=switches.paused,
            scope=self.place.scope,
        )

    def _work(self, name: str, report: Report) -> None:
        place = self.place
        worker = f"{name}-{place.chance.getrandbits(48):012x}"
        promised: list[Effect] = []
        if not report.unanswered:
            with place.database.write() as connection:
                rule = self._rule(worker, place.switches(connection))
                promised = place.leases.claim_unsettled(connection, rule, EffectState.ACCEPTED)
        if promised:
            self._ask(promised, EffectState.ACCEPTED, report)
        calls, worn, waited_s = 1, 1, 0.0
        while not report.halted:
            call_s = self._one_round(worker, calls, worn, report)
            if call_s is not None:
                self._check_fuse(report)
                # After an outage all may be worn: each call that comes through lets the next one be twice as large.
                worn = min(worn * 2, place.performer.batch_limit)
                calls, waited_s = self._calls_together(call_s), 0.0
            elif place.pace.threads == 1 or waited_s >= place.pace.patience_s or not self._more_to_come(worker):
                return
            else:
                place.clock.sleep(_SUPERIORS_WAIT_S)
                waited_s += _SUPERIORS_WAIT_S

    def _more_to_come(self, worker: str) -> bool:
        """Whether another thread is making the managers' accounts: there will be more to do in a moment."""
        with self.place.database.read() as connection:
            rule = self._rule(worker, self.place.switches(connection))
            return queue.superiors_in_flight(connection, rule, self.place.clock.now())

    def _calls_together(self, call_s: float) -> int:
        """How many calls to claim at once: a target that answers at once must not wait for the database each time.

        One where nobody can look up what was claimed but not sent when a process dies, and where nothing is known.
        """
        if self.place.performer.blind or self.place.performer.whole_batches or call_s <= 0:
            return 1
        return min(max(int(_TOGETHER_S / call_s), 1), _TOGETHER)

    def _one_round(self, worker: str, calls: int, worn: int, report: Report) -> float | None:
        """Recover, resolve, send what is claimed: seconds that a call took. None when nothing is left to do now."""
        place = self.place
        batch: list[Effect] = []
        with place.database.write() as connection:
            switches = place.switches(connection)
            report.count("recovered", place.leases.recover(connection, place.system))
            rule = self._rule(worker, switches, calls, worn)
            silent = switches.off or report.unanswered
            doubtful = [] if silent else place.leases.claim_unsettled(connection, rule, EffectState.IN_DOUBT)
            if not doubtful:
                batch = self._claim(connection, rule, switches, report)
        resolved = 0
        if doubtful:
            resolved = self._ask(doubtful, EffectState.IN_DOUBT, report)
            with place.database.write() as connection:  # asking takes its time: a switch may have been put on meanwhile
                switches = place.switches(connection)
                batch = self._claim(connection, self._rule(worker, switches, calls, worn), switches, report)
        place.crash_point("claimed")
        if batch:
            return self.sender.send(batch, report)
        return 0.0 if resolved else None

    def _claim(self, connection: sa.Connection, rule: ClaimRule, switches: Switches, report: Report) -> list[Effect]:
        """What is to be sent next; nothing once the work is stopped."""
        if switches.off:
            report.switched_off(switches.off)
        return [] if report.halted else self.place.leases.claim(connection, rule)

    def _check_fuse(self, report: Report) -> None:
        pace = self.place.pace
        failed = report.counts["in_doubt"] + report.counts["retry"]
        tried = failed + report.counts["done"] + report.counts["accepted"] + report.counts["refused"]
        if tried >= pace.fuse_calls and failed > pace.fuse_share * tried:
            report.halted = f"{failed} of {tried} writes failed: stopped, the rest stays planned"

    def _ask(self, batch: list[Effect], state: EffectState, report: Report) -> int:
        """Ask the target about effects in doubt or accepted; returns how many have an answer now.

        A connector that breaks over the question has not answered it: everything else goes on.
        """
        place = self.place
        place.crash_point("looking_up")
        outcomes: Outcomes
        keep = Keeper(place, lambda: batch)
        try:
            with while_waiting(keep), place.lane(keep):
                outcomes = self._answers(batch, state, report)
        except ConnectorError as error:
            outcomes = self._unknown(batch, state, error)
            if isinstance(error, WithheldError):
                report.withhold(error)
            elif isinstance(error, HaltError) and place.performer.wary:
                report.stop(error)
            elif isinstance(error, HaltError):
                # It may be for one of these only: what is asked about first must not keep all others for good.
                report.ask_no_more(error)
        except BatonError:
            raise
        except Exception as error:  # noqa: BLE001 - asked first in every run, it would let nothing else ever be done
            outcomes = _unanswered(batch, state, unforeseen(error, place.system))
        self.storing.store(outcomes, report)
        return sum(receipt.outcome not in (Outcome.IN_DOUBT, Outcome.ACCEPTED) for _, receipt in outcomes)

    def _answers(self, batch: Sequence[Effect], state: EffectState, report: Report) -> Outcomes:
        """What the target says of each. Whom it may not be asked about stands alone in the end, and stays as it is."""
        try:
            return self._asked(batch, state)
        except RejectedError as error:
            if len(batch) == 1:
                return _unanswered(batch, state, Receipt.in_doubt(error.code, error.message))
            first, second = _halves(batch)
            return [*self._answers(first, state, report), *self._answers(second, state, report)]
        except HaltError as error:
            if len(batch) == 1 or isinstance(error, WithheldError) or self.place.performer.wary:
                raise
            return self._answers_apart(batch, state, error, report)

    def _answers_apart(
        self, batch: Sequence[Effect], state: EffectState, stopped: HaltError, report: Report
    ) -> Outcomes:
        """What the target says of all but whom it stops at. Where it stops at both halves that comes through.

        So a login that fails is tried twice more and not for everybody, and whoever is to blame ends up alone.
        """
        answered: list[tuple[Effect, Receipt]] = []
        silent = [batch]
        while len(silent) == 1 and len(silent[0]) > 1:
            halves, silent = _halves(silent[0]), []
            for half in halves:
                try:
                    answered += self._asked(half, state)
                except (HaltError, RejectedError):
                    silent.append(half)
        if not answered:
            raise stopped
        if silent:
            report.ask_no_more(stopped)
        return [*answered, *(outcome for each in silent for outcome in self._unknown(each, state, stopped))]

    def _asked(self, batch: Sequence[Effect], state: EffectState) -> Outcomes:
        call = self.place.performer.prepare(batch)
        return call.results() if state is EffectState.ACCEPTED else call.look_up()

    def _unknown(self, batch: Sequence[Effect], state: EffectState, error: ConnectorError) -> Outcomes:
        """As they were. What a person has to see to first is not asked about again in this run."""
        unknown = Receipt(Outcome.IN_DOUBT, code=error.code, message=error.message, remedy=error.remedy)
        outcomes = _unanswered(batch, state, unknown)
        if not isinstance(error, HaltError):
            return outcomes
        # Each for another time: in another order the next batch falls apart between those whom the system stops at.
        patience_s, backoff_s = self.place.pace.patience_s, self.storing.backoff_s
        return [(each, replace(told, retry_after_s=patience_s + backoff_s(each.epoch))) for each, told in outcomes]


def _halves(batch: Sequence[Effect]) -> tuple[Sequence[Effect], Sequence[Effect]]:
    half = len(batch) // 2
    return batch[:half], batch[half:]


def _unanswered(batch: Sequence[Effect], state: EffectState, unknown: Receipt) -> Outcomes:
    return [(effect, Receipt.accepted() if state is EffectState.ACCEPTED else unknown) for effect in batch]
