"""Making the calls for what was claimed, so that whatever ends them early nothing that is known is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from baton.engine.calls import blamed
from baton.engine.limiter import while_waiting
from baton.engine.performer import Call
from baton.engine.report import Report
from baton.engine.storing import Storing
from baton.engine.workplace import Keeper, Workplace
from baton.errors import HaltError, InDoubtError, RejectedError, RetryableError, WithheldError
from baton.model.account import Receipt
from baton.model.effect import Effect
from baton.store.leases import CRASH_LIMIT
from baton.telemetry import timed_call

_LOOK_UP_S: Final = 1.0
"""After so long it is looked again whether what was claimed may still be sent."""
_STOPPING: Final = (RetryableError, HaltError, InDoubtError)
"""What ends the work on a system for now."""
_STOPPED: Final = Receipt.not_performed("stopped", "the work was stopped before this was sent")
_INTERRUPTED: Final = Receipt.not_performed("interrupted", "another call of the same claim failed before this was sent")
_POISON: Final = Receipt.refused(
    "poison",
    f"the worker died {CRASH_LIMIT} times while sending this",
    remedy="look at this record and the connector's log; it is not sent again until it changes",
)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one call is to be made for."""

    effects: Sequence[Effect]
    refusal: RejectedError | None = None
    """What the target has said of the larger call that this was cut from."""
    call: Call | None = None
    """The call for just these effects, where it could be prepared before its turn."""

    def halves(self) -> Iterable[Sequence[Effect]]:
        """Both halves of it."""
        middle = len(self.effects) // 2
        return self.effects[:middle], self.effects[middle:]


class Sender:
    """Makes the calls for one claim after the other; any number of threads may use it at once."""

    def __init__(self, place: Workplace, storing: Storing) -> None:
        self.place = place
        self.storing = storing

    def send(self, claimed: Sequence[Effect], report: Report) -> float:
        """Make the calls for what was claimed, and store what became of all of it. Seconds that a call took.

        What is refused as a whole is cut in halves until the record it is about stands alone. What nobody foresaw
        comes through, once everything that is known has been stored.
        """
        batches = self._without_poison(claimed, report)
        made, spent_s = 0, 0.0
        while batches:
            stint = _Stint(self.place, self.storing, report, batches)
            spent_s += stint.work()
            made += len(batches)
            batches = self._cut(stint.refused, report)
        return spent_s / made if made else 0.0

    def _without_poison(self, claimed: Sequence[Effect], report: Report) -> list[_Batch]:
        limit = self.place.performer.crash_limit
        poisoned = [effect for effect in claimed if effect.crashes >= limit]
        if poisoned:
            self.storing.store([(effect, _POISON) for effect in poisoned], report)
        sound = [effect for effect in claimed if effect.crashes < limit]
        return [_Batch(list(batch)) for _, batch in groupby(sound, key=lambda effect: effect.batch_id)]

    def _cut(self, refused: Sequence[_Batch], report: Report) -> list[_Batch]:
        """The halves of what was refused as a whole, with names and leases of their own; what stands alone ends."""
        halves: list[_Batch] = []
        alone: list[tuple[Effect, Receipt]] = []
        for batch in refused:
            said = batch.refusal
            assert said is not None
            if len(batch.effects) == 1:
                alone.append((batch.effects[0], Receipt.refused(said.code, said.message, remedy=said.remedy)))
                continue
            for half in batch.halves():
                with self.place.database.write() as connection:
                    renewed = self.place.leases.rebatch(connection, half, self.place.pace.lease_s)
                if renewed:
                    halves.append(_Batch(renewed, said))
        if alone:
            self.storing.store(alone, report)
        return halves


class _Stint:
    """Calls made one after the other while one lane is ours."""

    def __init__(self, place: Workplace, storing: Storing, report: Report, batches: Sequence[_Batch]) -> None:
        self.place = place
        self.storing = storing
        self.report = report
        self.todo = deque(batches)
        self.answered: list[tuple[Effect, Receipt]] = []
        self.refused: list[_Batch] = []
        self.since_s = place.clock.monotonic()
        self._stood_ready = False
        self._calling: Sequence[Effect] = ()
        self._keep = Keeper(place, self._held)

    def work(self) -> float:
        """Make the calls, then store what they came to. Seconds spent on calls."""
        try:
            self._prepare_early()
            with self.place.lane(self._keep) as self._stood_ready:
                begun_s = self.place.clock.monotonic()
                while self.todo:
                    self._next()
                spent_s = self.place.clock.monotonic() - begun_s
        except Exception:
            self._let_go()
            raise
        if self.answered:
            self._store()
            self.place.crash_point("stored")
        return spent_s

    def _held(self) -> list[Effect]:
        """All that is claimed here and not settled: what one call waits for must not cost the others their claim."""
        waiting = [effect for batch in (*self.todo, *self.refused) for effect in batch.effects]
        return [*self._calling, *waiting, *(effect for effect, _ in self.answered)]

    def _prepare_early(self) -> None:
        """Others use the lanes meanwhile."""
        calls = self.place.performer.prepare_early([batch.effects for batch in self.todo])
        if calls is not None:
            self.todo = deque(replace(batch, call=call) for batch, call in zip(self.todo, calls, strict=True))

    def _next(self) -> None:
        elapsed_s = self.place.clock.monotonic() - self.since_s
        if self.answered and elapsed_s > self.place.pace.lease_s / 10:  # no lease runs out over the calls of others
            self._store()
        batch = self.todo[0]
        look = self._stood_ready or self.report.halted or elapsed_s > _LOOK_UP_S
        ours = self._still_to_be_sent(batch, elapsed_s) if look else batch
        self._stood_ready = False
        self.todo.popleft()
        if ours is not None:
            self._call(ours)

    def _still_to_be_sent(self, batch: _Batch, elapsed_s: float) -> _Batch | None:
        """What stood ready and is still ours to send, with nearly the whole of its lease before it.

        Nothing, when a switch or a failure has stopped the work meanwhile: nothing of it has left. The lane is ours by
        now, so this does no more than it must.
        """
        place = self.place
        with place.database.read() as connection:
            switches = place.switches(connection)
        if switches.off:
            self.report.switched_off(switches.off)
        if self.report.halted or batch.effects[0].action.value in switches.paused:
            self._give_back(batch, _STOPPED)
            return None
        if elapsed_s <= place.pace.lease_s / 10:
            return batch
        with place.database.write() as connection:
            kept = place.leases.rebatch(connection, batch.effects, place.pace.lease_s)
        return replace(batch, effects=kept, call=None) if kept else None

    def _call(self, batch: _Batch) -> None:
        """One call. What stops the work is told while the lane is ours: what stands ready for it must not leave."""
        place, call = self.place, batch.call
        try:
            call = call or place.performer.prepare(batch.effects)
            batch = replace(batch, effects=list(call.effects))
            with timed_call(place.system, batch.effects[0].action.value, len(batch.effects)), self._stoppable(batch):
                outcomes = call.send()
        except RejectedError as error:
            self.refused.append(replace(batch, refusal=error))
            return
        except WithheldError as error:
            self.report.withhold(error)
            # Beyond this run's patience: nobody waits here for what a person has to do first.
            tries = max(effect.epoch for effect in batch.effects)
            self._give_back(batch, blamed(error), place.pace.patience_s + self.storing.backoff_s(tries))
            return
        except _STOPPING as error:
            self.report.stop(error)
            if isinstance(error, RetryableError) and error.retry_after_s:
                place.pause(error.retry_after_s)
            if call is None:
                tries = max(effect.epoch for effect in batch.effects)
                self._give_back(batch, blamed(error), self.storing.backoff_s(tries))
            else:  # doubt about a write is a receipt: one that arrives here came from reading, before anything was sent
                self.storing.store_failure(batch.effects, error, self.report)
            return
        place.crash_point("sent")
        self.answered += outcomes

    @contextmanager
    def _stoppable(self, batch: _Batch) -> Iterator[None]:
        """What waits for the system's allowance stays claimed, and is not sent once a person has put on a switch."""

        def still_wanted() -> None:
            with self.place.database.read() as connection:
                switches = self.place.switches(connection)
            action = batch.effects[0].action.value
            if switches.off or action in switches.paused:
                raise HaltError(switches.off or f"kill switch action:{action} is on", code="stopped")
            self._keep(batch.effects)

        self._calling = batch.effects
        try:
            with while_waiting(still_wanted):
                yield
        finally:
            self._calling = ()

    def _give_back(self, batch: _Batch, why: Receipt, put_off_s: float = 0.0) -> None:
        """Let others have what is not sent by us. Part of a larger call that was refused has been tried once."""
        if batch.refusal is None:
            self.storing.put_back(batch.effects, why, self.report, why.retry_after_s or put_off_s)
        else:
            self.storing.store([(effect, why) for effect in batch.effects], self.report, counted=False)

    def _let_go(self) -> None:
        """Something nobody foresaw came out of a call: it is in doubt, and what is known of all others is stored."""
        if self.answered:
            self._store()
        for batch in self.todo:
            self._give_back(batch, _INTERRUPTED)
        for batch in self.refused:
            assert batch.refusal is not None
            self.storing.store([(effect, blamed(batch.refusal)) for effect in batch.effects], self.report)

    def _store(self) -> None:
        self.storing.store(self.answered, self.report)
        self.answered = []
