"""The engine's hands for records: one effect is one segment, carried out forwards (load) or backwards (restore)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import polars as pl
import sqlalchemy as sa

from baton.contracts import Collection, RecordTarget
from baton.engine.calls import RetryRule, patient
from baton.engine.performer import Call, Outcomes, Performer
from baton.errors import HaltError, RetryableError, TamperedError
from baton.hub.core import Hub
from baton.hub.migration.ends import record_target, system_at
from baton.hub.migration.guarding import guarded
from baton.hub.migration.keeping import kept
from baton.hub.migration.left_over import LeftOver
from baton.hub.migration.outcomes import OUTCOME_SCHEMA, found_rows, refused_rows
from baton.jobs.migration.exchange import FOUND, Change, Exchange, loading, restoring
from baton.jobs.migration.transform import ROW
from baton.model.account import Outcome, Receipt
from baton.model.effect import Effect, EffectState, RecordAction
from baton.model.receipts import Receipts
from baton.records.digest import Digester
from baton.settings import SystemSettings
from baton.store.effects import FINAL_REFUSALS
from baton.store.moves import Move
from baton.store.staging import Stage, Staged, StorageFullError
from baton.store.tables import effects

LEASE_S: Final = 60.0
"""How long a segment stays claimed by a worker that gives no sign: so long a run waits for one that was killed."""
_CRASH_LIMIT: Final = 50
"""A segment may simply be repeated, and a person resumes a run by hand: only a hopeless case is put aside."""


@contextmanager
def _for_a_person() -> Iterator[None]:
    """A staged file that is gone, or for which there is no room, ends the work here: the segment goes back to be sent.

    Records of it may have been written; sent again, a segment is looked at record by record.
    """
    try:
        yield
    except (TamperedError, StorageFullError) as error:
        raise HaltError(error.message, code=error.code, remedy=error.remedy) from error


@dataclass
class SegmentPerformer(Performer):
    """Works on the segments of one migration (for a rollback: on those of the run it undoes)."""

    hub: Hub
    move: Move
    retry: RetryRule = RetryRule()

    def __post_init__(self) -> None:
        self.batch_limit = 1
        self.crash_limit = _CRASH_LIMIT
        self.target: RecordTarget = record_target(self.hub, self.move.target, self.move.run_id)
        self.collection: Collection = self.target.collection(self.move.collection)
        self.planned_by = self.move.undoes or self.move.run_id
        """The run whose segments these are."""
        with self.hub.database.read() as connection:
            self.left_over = LeftOver.to(self.hub, connection, self.move)
        self.readable = {name: spec for name, spec in self.move.fields.items() if spec.readable}
        self.salt = bytes.fromhex(self.move.facts["salt"])
        self.system: SystemSettings = system_at(self.hub, self.move.target)
        pause = self.hub.limiter_of(self.system).pause
        patience = patient(self.retry, self.hub.clock, self.hub.chance, pause)
        digester = Digester(self.readable, self.salt)
        self.exchange = Exchange(self.target, self.collection, tuple(self.move.key), digester, patience)

    def prepare(self, batch: Sequence[Effect]) -> SegmentCall:
        """Open the segment."""
        (effect,) = batch
        number = int(effect.number.rpartition("/")[2])
        with _for_a_person():
            records, before = self.segment(number)
            if effect.action is RecordAction.LOAD:
                return SegmentCall(self, effect, loading(records, before, self.move.fields))
            waiting, done = self._still_waiting(
                restoring(self._as_left(records, number), before, self.move.fields), number
            )
            allowed, settled = guarded(self, waiting, self.staged_record(Stage.RESULT, number))
            return SegmentCall(self, effect, allowed, [*done, *settled])

    def _still_waiting(
        self, changes: Sequence[Change], number: int
    ) -> tuple[list[Change], list[tuple[Change, Receipts]]]:
        """What an earlier try of this rollback has left, and what it took back: people may have gone on with that."""
        with self.hub.database.read() as connection:
            record = self.hub.staging.one(connection, self.move.run_id, Stage.OUTCOME, number)
        if record is None:
            return list(changes), []
        left = refused_rows(self.hub.staging.read(record)).implode()
        waiting = [change.only(change.rows.is_in(left).arg_true().to_list()) for change in changes]
        done = [change.only((~change.rows.is_in(left)).arg_true().to_list()) for change in changes]
        return (
            [change for change in waiting if change.rows.len()],
            [(change, Receipts(change.rows.len())) for change in done if change.rows.len()],
        )

    def segment(self, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The records of a segment as planned, and those of them that it updates as they were, in that order.

        For a rollback without those that are not ours, and those that an earlier one has taken back.
        """
        records, before = self.ours(number)
        left = self.left_over.rows(number)
        if left is None:
            return records, before
        still = pl.col(ROW).is_in(left.implode())
        return records.filter(still), before.filter(still)

    def ours(self, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The same, also with what an earlier rollback has taken back: a proof looks at all of them."""
        records = self.staged(Stage.PLAN, number)
        if records is None:
            raise TamperedError(f"{self.planned_by} has no segment {number}", remedy="baton audit verify")
        before = self.staged(Stage.BEFORE, number)
        before = records.clear() if before is None else before
        if self.move.undoes is None:
            return records, before
        never = self._never_taken(number)  # what the target did not take of us is not ours to take back
        ours = ~pl.col(ROW).is_in(never.implode())
        return records.filter(ours), before.filter(ours)

    def _never_taken(self, number: int) -> pl.Series:
        """The rows of a segment that the target refused for good, and those that others had brought there before us.

        Of a segment that has not ended, or that was only given up, the outcome is that of an earlier try: a later one
        may have written the rest and died before it could say so. Every record of it is looked at then, but for those
        that others had brought there: they were as planned, so that a later try had nothing to write.
        """
        name = f"{self.planned_by}/{number:06d}"
        load = sa.select(effects.c.id).where(
            effects.c.system == self.move.target,
            effects.c.number == name,
            effects.c.run_id == self.planned_by,
            effects.c.state.in_((EffectState.DONE.value, EffectState.REFUSED.value)),
            effects.c.code.not_in(FINAL_REFUSALS),
        )
        with self.hub.database.read() as connection:
            ended = connection.execute(load).first() is not None
        outcome = self.staged(Stage.OUTCOME, number)
        return pl.concat([refused_rows(outcome if ended else None), found_rows(outcome)])

    def whole(self, names: Sequence[str] | None = None) -> Digester:
        """Digests everything that can be read of a record (or these fields of it), mapped or not."""
        fields = self.collection.fields
        if names is None:
            others = [name for name, spec in fields.items() if spec.readable and name not in self.readable]
            names = [*self.readable, *others]
        return Digester({name: fields[name] for name in names}, self.salt)

    def staged(self, stage: Stage, number: int) -> pl.DataFrame | None:
        """A staged frame of the run that planned the segments; None where there is none."""
        record = self.staged_record(stage, number)
        return None if record is None else self.hub.staging.read(record)

    def staged_record(self, stage: Stage, number: int) -> Staged | None:
        """The row of a staged frame of the run that planned the segments; None where there is none."""
        with self.hub.database.read() as connection:
            return self.hub.staging.one(connection, self.planned_by, stage, number)

    def _as_left(self, records: pl.DataFrame, number: int) -> pl.DataFrame:
        """The records as the target made them of ours: one that trims or rounds has changed them, not somebody else."""
        found = self.staged(Stage.FOUND, number)
        if found is None or found.is_empty():
            return records
        return records.update(found, on=ROW, how="left", include_nulls=True)


@dataclass(frozen=True, slots=True)
class SegmentCall(Call):
    """One segment, opened."""

    performer: SegmentPerformer
    effect: Effect
    changes: Sequence[Change]
    settled: Sequence[tuple[Change, Receipts]] = ()
    """What need not be tried: records that must be left alone."""

    @property
    def effects(self) -> Sequence[Effect]:  # type: ignore[override]
        """The one effect."""
        return [self.effect]

    def send(self) -> Outcomes:
        """Write what is not there yet, store what became of it record by record, and answer for the whole."""
        hub = self.performer.hub
        hub.crash_point("sending")
        answers: list[tuple[Change, Receipts]] = []
        with kept(hub, self.effect, LEASE_S) as still_ours:
            try:
                for change in self.changes:
                    answers.extend(self._perform(change, still_ours))
            except (RetryableError, HaltError):
                if self.effect.attempts <= 1:  # what is known from then stands
                    self._keep_found(answers)
                raise
            answers += self.settled
            hub.crash_point("written")
            self._keep(answers)
        return [(self.effect, _whole(answers))]

    def _keep(self, answers: Sequence[tuple[Change, Receipts]]) -> None:
        hub = self.performer.hub
        with _for_a_person():
            record = self._stage(answers)
        with hub.database.write() as connection:
            hub.leases.renew(connection, self.effect, LEASE_S)  # or whoever has it now keeps their own outcome
            hub.staging.keep(connection, [record])

    def _keep_found(self, answers: Sequence[tuple[Change, Receipts]]) -> None:
        """What is certain of a try that was broken off: the next one could not tell it from what we have written."""
        found = [
            (
                change,
                Receipts(len(receipts), others={at: each for at, each in receipts.others.items() if each is FOUND}),
            )
            for change, receipts in answers
        ]
        if any(receipts.others for _, receipts in found):
            self._keep(found)

    def look_up(self) -> Outcomes:
        """Every write of a segment names the state it expects, so that the segment may simply be carried out again."""
        return [(self.effect, Receipt.not_performed("repeatable", "looked at record by record when it is sent again"))]

    def results(self) -> Outcomes:
        """Records are written or not: nothing is only accepted."""
        raise TamperedError(f"the segment {self.effect.number} is marked as accepted, and no segment ever is")

    def _perform(self, change: Change, still_ours: Callable[[], None]) -> Iterator[tuple[Change, Receipts]]:
        exchange = self.performer.exchange
        if self.effect.action is not RecordAction.LOAD:
            # A record that others have set back is as wanted: nobody will ask whose doing that was.
            again = self.effect.attempts > 1
            yield change, self._again(change, still_ours) if again else exchange.perform(change, still_ours)
            return
        rows = range(change.rows.len())
        fresh = list(rows) if self.effect.attempts <= 1 else self._refused_so_far(change)
        tried = sorted(set(rows).difference(fresh))
        if tried:
            part = change.only(tried)
            yield part, self._again(part, still_ours)
        yield from exchange.perform_first(change.only(fresh), still_ours)

    def _again(self, change: Change, still_ours: Callable[[], None]) -> Receipts:
        exchange = self.performer.exchange
        waiting, said = exchange.open_part(change)
        answers = exchange.perform(change.only(waiting), still_ours) if waiting else Receipts(0)
        others = {**said.others, **{waiting[at]: receipt for at, receipt in answers.others.items()}}
        return Receipts(len(said), others=others)

    def _refused_so_far(self, change: Change) -> list[int]:
        """Where the target has said before that others had changed the record: no write of ours can be under way."""
        number = int(self.effect.number.rpartition("/")[2])
        outcome = self.performer.staged(Stage.OUTCOME, number)
        if outcome is None:
            return []
        unseen = (pl.col("outcome") == Outcome.IN_DOUBT.value) & (pl.col("code") == RecordTarget.CHANGED)
        theirs = pl.concat([found_rows(outcome), outcome.filter(unseen).get_column("row")])
        return change.rows.is_in(theirs.implode()).arg_true().to_list()

    def _stage(self, answers: Sequence[tuple[Change, Receipts]]) -> Staged:
        rows = [
            (change.rows[at], _word(receipt), receipt.code, receipt.message, receipt.remedy)
            for change, receipts in answers
            for at, receipt in sorted(receipts.others.items())
        ]
        number = int(self.effect.number.rpartition("/")[2])
        frame = pl.DataFrame(rows, schema=OUTCOME_SCHEMA, orient="row")
        facts = {outcome.value: count for outcome, count in _tally(answers).items()}
        return self.performer.hub.staging.write((self.effect.run_id, Stage.OUTCOME, number), frame, facts=facts)


def _word(receipt: Receipt) -> str:
    return receipt.code if receipt is FOUND else receipt.outcome.value


def _tally(answers: Sequence[tuple[Change, Receipts]]) -> Counter[Outcome]:
    return sum((receipts.tally() for _, receipts in answers), Counter())


def _whole(answers: Sequence[tuple[Change, Receipts]]) -> Receipt:
    """The segment's receipt: open while a record is, refused only when all of them were."""
    tally = _tally(answers)
    unclear = [
        receipt
        for _, receipts in answers
        for receipt in receipts.others.values()
        if receipt.outcome in (Outcome.NOT_PERFORMED, Outcome.IN_DOUBT)
    ]
    if unclear:
        first = unclear[0]
        return Receipt.not_performed(first.code, f"{len(unclear)} records are open: {first.message}")
    evidence = {outcome.value: str(count) for outcome, count in tally.items()}
    if tally[Outcome.REFUSED] and not tally[Outcome.DONE]:
        first = next(receipt for _, receipts in answers for receipt in receipts.others.values())
        return Receipt.refused(first.code, f"no record was taken: {first.message}", remedy=first.remedy, **evidence)
    return Receipt.done(None, **evidence)
