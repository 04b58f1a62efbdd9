"""Bringing records from one state into another, and back: the same exchange with the sides swapped.

Every write says which state it expects. What is not as expected is read: it is done when it is as wanted; it is left
alone and named when somebody else has changed it. So an exchange may be repeated after any interruption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from baton.contracts import Collection, RecordTarget
from baton.contracts.answers import answered
from baton.errors import ConnectorError, HaltError, RejectedError
from baton.jobs.migration.planning import ACTION, Need
from baton.jobs.migration.reading import THERE, beside, fetched_once
from baton.jobs.migration.transform import ROW
from baton.model.account import FieldSpec, Outcome, Receipt
from baton.model.receipts import Receipts
from baton.records.compare import made_of
from baton.records.digest import Digester

Patience = Callable[..., Sequence[Receipt]]
"""Calls a function with its arguments, again while it raises `RetryableError` and patience lasts."""
Ours = Callable[[Receipt], bool]
"""Whether a record that is as wanted after this answer may be so by a write of ours."""
_DOUBT: Final = (Outcome.IN_DOUBT, Outcome.NOT_PERFORMED)
FOUND: Final = Receipt(
    Outcome.DONE,
    code="found",
    message="somebody else had brought this record into the planned state before it was written",
    remedy="nothing is to be done; it is theirs: taking this run back leaves it as it is",
)
"""Of a record that is as planned, and certainly not by us."""


@dataclass(frozen=True, slots=True)
class Change:
    """Records that need the same thing. A side of None means that the records do not exist in that state."""

    rows: pl.Series
    """Their row numbers in the source."""
    before: pl.DataFrame | None
    after: pl.DataFrame | None

    def cut(self, start: int, length: int) -> Change:
        """Some of the records, in order."""
        return self.only(range(start, min(start + length, self.rows.len())))

    def only(self, positions: Sequence[int]) -> Change:
        """The records at these positions."""
        before = None if self.before is None else self.before[positions]
        after = None if self.after is None else self.after[positions]
        return Change(self.rows[positions], before, after)

    @property
    def known(self) -> pl.DataFrame:
        """The side that exists: it names the records."""
        side = self.after if self.after is not None else self.before
        assert side is not None
        return side


def loading(records: pl.DataFrame, before: pl.DataFrame, fields: Mapping[str, FieldSpec]) -> list[Change]:
    """The changes that carry out a planned segment; ``before`` are the records it updates, as they were, in order."""
    new = records.filter(pl.col(ACTION) == Need.INSERT)
    changed = records.filter(pl.col(ACTION) == Need.UPDATE)
    readable = [name for name, spec in fields.items() if spec.readable]
    changes = [
        Change(new.get_column(ROW), None, new.select(list(fields))),
        Change(changed.get_column(ROW), before.select(readable), changed.select(list(fields))),
    ]
    return [change for change in changes if change.rows.len()]


def restoring(records: pl.DataFrame, before: pl.DataFrame, fields: Mapping[str, FieldSpec]) -> list[Change]:
    """The changes that take a segment back, from ``records`` as we left them: swapped, children before parents."""
    readable = {name: spec for name, spec in fields.items() if spec.readable}
    return [
        Change(change.rows.reverse(), _reversed(change.after), _reversed(change.before))
        for change in reversed(loading(records, before, readable))
    ]


def _reversed(side: pl.DataFrame | None) -> pl.DataFrame | None:
    return None if side is None else side.reverse()


@dataclass(frozen=True, slots=True)
class Exchange:
    """Carries out changes on one collection of one target."""

    target: RecordTarget
    collection: Collection
    key: tuple[str, ...]
    digester: Digester
    """Over the fields that can be read back."""
    patience: Patience

    def perform(self, change: Change, before_call: Callable[[], None] = lambda: None) -> Receipts:
        """One receipt per record. Raises `RetryableError` and `HaltError` of the first call that nothing came of.

        ``before_call`` may raise to keep a call from being made.
        """
        others: dict[int, Receipt] = {}
        for start in range(0, change.rows.len(), self.target.record_batch_limit):
            before_call()
            part = change.cut(start, self.target.record_batch_limit)
            answers = self._resolved(part, self._sent(part), _after_any)
            others.update((start + at, receipt) for at, receipt in answers.others.items())
        return Receipts(change.rows.len(), others=others)

    def perform_first(
        self, change: Change, before_call: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[Change, Receipts]]:
        """The same, call by call, for records that have never been sent: no write of ours can be under way.

        So what the target says is not as expected has been changed by others. It is `FOUND` where it is exactly as
        planned all the same; where it cannot be looked at, it is in doubt with the code `RecordTarget.CHANGED`.
        """
        for start in range(0, change.rows.len(), self.target.record_batch_limit):
            before_call()
            part = change.cut(start, self.target.record_batch_limit)
            yield part, self._resolved(part, self._sent(part), _after_doubt)

    def open_part(self, change: Change) -> tuple[list[int], Receipts]:
        """Which records are not in the state after yet (positions), and what can be said of the others."""
        answers = self._resolved(change, Receipts(change.rows.len(), Receipt.in_doubt("repeated", "")), _after_any)
        waiting = [at for at, receipt in answers.others.items() if receipt.outcome in _DOUBT]
        said = {at: receipt for at, receipt in answers.others.items() if receipt.outcome not in _DOUBT}
        return waiting, Receipts(change.rows.len(), others=said)

    def _sent(self, change: Change) -> Receipts:
        """One call; a call refused as a whole is cut in halves until the record it is about stands alone."""
        try:
            answers = answered(lambda: self.patience(self._call, change), change.rows.len(), of=self.target)
        except RejectedError as error:
            return self._halved(change, error)
        return Receipts.of(answers)

    def _call(self, change: Change) -> Sequence[Receipt]:
        if change.before is None:
            assert change.after is not None
            return self.target.insert(self.collection, change.after)
        if change.after is None:
            return self.target.delete(self.collection, change.before)
        return self.target.amend(self.collection, change.after, change.before)

    def _halved(self, change: Change, error: RejectedError) -> Receipts:
        count = change.rows.len()
        if count == 1:
            return Receipts(1, others={0: Receipt.refused(error.code, error.message, remedy=error.remedy)})
        middle = count // 2
        first, second = self._sent(change.cut(0, middle)), self._sent(change.cut(middle, count - middle))
        answers = [*enumerate(first), *enumerate(second, start=middle)]
        return Receipts(count, others={at: receipt for at, receipt in answers if receipt.outcome is not Outcome.DONE})

    def _resolved(self, change: Change, answers: Receipts, ours: Ours) -> Receipts:
        """Read what was in doubt or not as expected: done if it is as wanted, still to do if it is as it was."""
        unclear = [at for at, receipt in enumerate(answers) if _needs_a_look(receipt)] if _any_unclear(answers) else []
        if not unclear:
            return answers
        look = change.only(unclear)
        try:
            found = fetched_once(self.target, self.collection, look.known.select(self.key), self.digester.names)
        except HaltError:
            raise
        except ConnectorError as error:  # what was written stays in doubt, whatever is wrong with looking
            return _merged(answers, {at: _blind(error, ours=ours(answers[at])) for at in unclear})
        may_be = pl.Series([ours(answers[at]) for at in unclear], dtype=pl.Boolean)
        after, before = self._is_after(look, found, may_be), self._alike(look, look.before, found)
        judged = {
            at: _judged(is_after=is_after, is_before=is_before, answer=answers[at], ours=mine)
            for at, is_after, is_before, mine in zip(
                unclear, after.to_list(), before.to_list(), may_be.to_list(), strict=True
            )
        }
        return _merged(answers, judged)

    def _is_after(self, change: Change, found: pl.DataFrame, ours: pl.Series) -> pl.Series:
        """Per record: whether what was found is what we wanted.

        Where it may be ours, what this target makes of it (trims, rounds …) is that as well.
        """
        alike = self._alike(change, change.after, found)
        if change.after is None or alike.all():
            return alike
        aligned = beside(change.known.select(self.key), found)
        other = (~alike & ours & aligned.get_column(THERE)).arg_true().to_list()
        fields = {name: self.collection.fields[name] for name in self.digester.names}
        made = made_of(change.after[other], aligned[other], fields)
        return alike | pl.Series(range(alike.len())).is_in([at for at, mine in zip(other, made, strict=True) if mine])

    def _alike(self, change: Change, side: pl.DataFrame | None, found: pl.DataFrame) -> pl.Series:
        """Per record: whether what was found is that side."""
        aligned = beside(change.known.select(self.key), found)
        exists = aligned.get_column(THERE)
        if side is None:
            return ~exists
        return exists & (self.digester.rows(aligned) == self.digester.rows(side))


def _needs_a_look(receipt: Receipt) -> bool:
    changed = receipt.outcome is Outcome.REFUSED and receipt.code == RecordTarget.CHANGED
    return changed or receipt.outcome in (*_DOUBT, Outcome.ACCEPTED)


def _any_unclear(answers: Receipts) -> bool:
    return _needs_a_look(answers.common) or any(_needs_a_look(receipt) for receipt in answers.others.values())


def _after_any(_answer: Receipt) -> bool:
    """Of records that may have been sent before: an earlier write, or a copy of it, may have done it."""
    return True


def _after_doubt(answer: Receipt) -> bool:
    """Of records that are sent for the first time: what the target has refused it did not write."""
    return answer.outcome is not Outcome.REFUSED


def _blind(error: ConnectorError, *, ours: bool) -> Receipt:
    return Receipt.in_doubt(error.code if ours else RecordTarget.CHANGED, error.message)


def _judged(*, is_after: bool, is_before: bool, answer: Receipt, ours: bool) -> Receipt:
    if is_after:
        return Receipt.done(proof="read_back") if ours else FOUND
    if is_before and answer.outcome is Outcome.REFUSED:
        return Receipt.refused(
            "key_conflict",
            "the target takes this record for another one: it refuses the key and shows no record of it",
            remedy="look for a key that differs only in case, width or blanks",
        )
    if is_before:
        waiting = answer.outcome in _DOUBT
        return answer if waiting else Receipt.not_performed("as_before", "the target did not do it")
    return Receipt.refused(
        RecordTarget.CHANGED,
        "somebody else has changed this record since it was planned: it was left as it is",
        remedy="look at the record, then migrate again: the new plan starts from what is there now",
    )


def _merged(answers: Receipts, judged: Mapping[int, Receipt]) -> Receipts:
    others = {**answers.others, **judged}
    told = {at: each for at, each in others.items() if each.outcome is not Outcome.DONE or each is FOUND}
    return Receipts(len(answers), others=told)
