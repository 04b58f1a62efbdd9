"""File = approvals = the bank's answers = statement, to zero; what does not agree is listed by kind.

All runs whose lines may stand on the compared accounts are compared at once: a debit is unexpected only when no run has
asked for it. Each run has its own verdict; together they are the month's view. A comparison that has compared nothing
is no success.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import chain
from typing import Final

from baton.errors import Fault
from baton.jobs.payment.differences import EXPLAINED, Difference, DifferenceKind
from baton.jobs.payment.matching import Expectations, Expected, Match, MatchKind
from baton.jobs.payment.showings import Booked, Misfits, Paper
from baton.jobs.payment.statements import SeenStatements, StatementKey, statement_key
from baton.model.bank_answers import Direction, Statement, StatementEntry
from baton.model.pay_run import LineState

_REFUSED: Final = frozenset({LineState.REJECTED, LineState.RECALLED})
_UNRELEASED: Final = frozenset(
    {LineState.DRAFT, LineState.HELD, LineState.LEFT_OUT, LineState.FILED, LineState.CANCELLED}
)
_MISFITS: Final[Mapping[MatchKind, DifferenceKind]] = {
    MatchKind.AMOUNT_DIFFERS: DifferenceKind.AMOUNT_DIFFERS,
    MatchKind.OTHER_ACCOUNT: DifferenceKind.OTHER_ACCOUNT,
    MatchKind.AMBIGUOUS: DifferenceKind.AMBIGUOUS,
    MatchKind.UNEXPECTED_DEBIT: DifferenceKind.UNEXPECTED_DEBIT,
}


@dataclass(frozen=True, slots=True)
class FileTotals:
    """A file as it was built, or as it was signed for."""

    message_id: str
    digest: str
    count: int
    total_minor: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class Filed:
    """A line in a file, and where the bank's answers have brought it."""

    line: Expected
    state: LineState
    message_id: str
    back_in_one: bool = False
    """Whether it is returned, and no booking of its own has brought it back."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known here of one run."""

    run_id: str
    period: str
    currency: str
    execution_day: date
    lines: Sequence[Filed]
    files: Sequence[FileTotals]
    approved: Sequence[FileTotals]
    """What was signed for, as the signatures have it."""
    given_up: Sequence[Filed] = ()
    """Lines in these files that were taken back when the bank had spoken of others in them: nobody expects them."""


class Verdict(StrEnum):
    """How a comparison ended."""

    CLEAN = "clean"
    OPEN = "open"
    """Nothing disagrees, and some lines are still on their way."""
    DIFFERENT = "different"
    NOTHING_COMPARED = "nothing_compared"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """What several come to together: a success only where each is one, and there is one."""
    found = set(verdicts)
    order = (Verdict.NOTHING_COMPARED, Verdict.DIFFERENT, Verdict.OPEN, Verdict.CLEAN)
    return next((each for each in order if each in found), Verdict.NOTHING_COMPARED)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One run against the bank. Sums are minor units of the run's currency."""

    run_id: str
    period: str
    currency: str
    lines: int
    compared: int
    """Lines for which the bank has said something final: booked or refused."""
    filed_minor: int = field(repr=False)
    refused_minor: int = field(repr=False)
    waiting_minor: int = field(repr=False)
    """Of lines that are neither refused nor booked."""
    booked_minor: int = field(repr=False)
    came_back_minor: int = field(repr=False)
    differences: Sequence[Difference] = ()

    @property
    def rest_minor(self) -> int:
        """What is filed and neither refused, waiting nor booked: must be 0."""
        return self.filed_minor - self.refused_minor - self.waiting_minor - self.booked_minor

    @property
    def verdict(self) -> Verdict:
        """Clean means: everything compared, nothing left over, nothing unexplained."""
        if not self.lines or not self.compared:
            return Verdict.NOTHING_COMPARED
        if self.rest_minor or any(each.kind not in EXPLAINED for each in self.differences):
            return Verdict.DIFFERENT
        return Verdict.OPEN if self.waiting_minor else Verdict.CLEAN


@dataclass(frozen=True, slots=True)
class MonthView:
    """All runs of one comparison, and what belongs to none of them."""

    runs: Mapping[str, Reconciliation]
    beside: Sequence[Difference]
    """Of the accounts and statements: unexpected debits, doubled statements, gaps."""
    entries: int
    """Bookings that were compared."""

    @property
    def differences(self) -> Counter[DifferenceKind]:
        """How many of each kind, in all runs and beside them."""
        everywhere = [*self.beside, *(each for run in self.runs.values() for each in run.differences)]
        return Counter(each.kind for each in everywhere)

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        found = worst(run.verdict for run in self.runs.values())
        if found is Verdict.NOTHING_COMPARED or not self.entries:
            return Verdict.NOTHING_COMPARED
        return Verdict.DIFFERENT if any(each.kind not in EXPLAINED for each in self.beside) else found


class Reconciler:
    """Takes statements one after another, and then says how the runs stand."""

    def __init__(self, runs: Sequence[RunFacts], known: Mapping[StatementKey, str] | None = None) -> None:
        """``known`` are statements read before: by their keys, the digest of the content."""
        self._runs = runs
        self._filed = {filed.line.reference: (run, filed) for run in runs for filed in run.lines}
        refused = [reference for reference, (_, filed) in self._filed.items() if filed.state in _REFUSED]
        disputed = [name for name, (_, filed) in self._filed.items() if filed.state is LineState.DISPUTED]
        in_one = [name for name, (_, filed) in self._filed.items() if filed.back_in_one]
        self._expected = Expectations((filed.line for run in runs for filed in run.lines), refused, disputed, in_one)
        self._seen = SeenStatements(known or {})
        self._booked: dict[str, Booked] = {}
        self._misfits = Misfits()
        self._beside: list[Difference] = []
        self._entries = 0
        self._papers = 0

    def take(
        self, head: Statement, entries: Iterable[StatementEntry], *, digest: str, notification: bool, place: str = ""
    ) -> None:
        """One statement, or one notification (which moves no balance and is outweighed by a statement).

        ``place`` is its file and where it stands in it; without one, its number among those taken.
        """
        self._papers += 1
        told = iter(entries)
        first = next(told, None)
        day = None if first is None else first.booked
        paper = Paper(
            place or str(self._papers), notification, statement_key(head, digest, day, notification=notification)
        )
        doubled = self._seen.add(head, digest, day, notification=notification)
        if doubled is not None:
            self._beside.append(replace(doubled, place=paper.place))
            if doubled.kind is DifferenceKind.DOUBLED_STATEMENT:
                return
        for entry in chain([] if first is None else [first], told):
            if entry.pending:
                continue
            match = self._expected.match(head.account, entry)
            if doubled is None:
                self._entries += 1
                self._take(head.account, match, paper)
            elif entry.direction is Direction.DEBIT:
                # Which of two contents is true, nobody knows: neither may hide what left and should not have.
                self._misfit(head.account, match, paper)

    def find(self, findings: Iterable[Fault]) -> None:
        """What a reader has found that cannot be right: balances that do not add up."""
        self._beside += [Difference(DifferenceKind.BALANCE, finding.place) for finding in findings]

    def month(self, as_of: date, *, grace_days: int = 3) -> MonthView:
        """How all runs stand on a day. A line is missing when that many days have passed since it was to be paid."""
        of_runs: dict[str, list[Difference]] = {run.run_id: [] for run in self._runs}
        beside = list(self._beside)
        for difference, references in self._misfits.differences():
            of_runs.get(self._run_of(references), beside).append(difference)
        grace = timedelta(days=grace_days)
        runs = {run.run_id: self._run(run, of_runs[run.run_id], as_of, grace) for run in self._runs}
        return MonthView(runs, [*beside, *self._seen.gaps()], self._entries)

    def _take(self, account: str, match: Match, paper: Paper) -> None:
        entry, kind = match.entry, match.kind
        if kind is MatchKind.UNRELATED:
            return
        self._misfit(account, match, paper)
        if kind in (MatchKind.LINE, MatchKind.BATCH) or (kind in _MISFITS and len(match.references) == 1):
            for reference in match.references:
                amount = self._filed[reference][1].line.amount_minor if kind is MatchKind.BATCH else entry.amount_minor
                self._booked.setdefault(reference, Booked()).add(entry, amount, paper)

    def _misfit(self, account: str, match: Match, paper: Paper) -> None:
        """A booking that fits no line, or not the one it names."""
        entry, kind = match.entry, match.kind
        if kind in _MISFITS:
            what = match.references[0] if len(match.references) == 1 else entry.entry_id
            difference = Difference(_MISFITS[kind], what, None, entry.amount_minor, match.hint, paper.place)
            self._misfits.add(account, entry, paper, difference, match.references)

    def _run_of(self, references: Sequence[str]) -> str:
        """The one run with which a difference about these lines is listed; empty: beside all runs."""
        runs = {self._filed[reference][0].run_id for reference in references}
        return runs.pop() if len(runs) == 1 else ""

    def _run(self, run: RunFacts, misfits: Sequence[Difference], as_of: date, grace: timedelta) -> Reconciliation:
        differences = [*misfits, *_files(run)]
        sums: Counter[str] = Counter()
        compared = 0
        for filed in run.lines:
            shown = self._booked.get(filed.line.reference, Booked())
            debits, credits_ = shown.amounts(Direction.DEBIT), shown.amounts(Direction.CREDIT)
            differences += _of_line(filed, debits, credits_, late=as_of > run.execution_day + grace)
            amount = filed.line.amount_minor
            sums["filed"] += amount
            sums["booked"] += sum(debits)
            sums["came_back"] += sum(credits_)
            if debits or filed.state in _REFUSED:
                compared += 1
            if not debits:
                sums["refused" if filed.state in _REFUSED else "waiting"] += amount
        return Reconciliation(
            run_id=run.run_id,
            period=run.period,
            currency=run.currency,
            lines=len(run.lines),
            compared=compared,
            filed_minor=sums["filed"],
            refused_minor=sums["refused"],
            waiting_minor=sums["waiting"],
            booked_minor=sums["booked"],
            came_back_minor=sums["came_back"],
            differences=differences,
        )


def _of_line(filed: Filed, debits: Sequence[int], credits_: Sequence[int], *, late: bool) -> Iterable[Difference]:
    reference, amount, state = filed.line.reference, filed.line.amount_minor, filed.state
    if debits and state in _UNRELEASED:
        yield Difference(DifferenceKind.NOT_SENT, reference, 0, sum(debits))
    elif debits and state in _REFUSED and sum(credits_) < sum(debits):
        yield Difference(DifferenceKind.PAID_THOUGH_REFUSED, reference, 0, sum(debits))
    elif not debits and state not in _REFUSED and late:
        yield Difference(DifferenceKind.MISSING, reference, amount, 0)
    elif debits and state is LineState.RETURNED and not credits_ and late:
        # What came back may be paid again by the bank's word; that its money is here, only a statement says.
        yield Difference(DifferenceKind.RETURN_MISSING, reference, amount, 0)
    if len(debits) > 1:
        yield Difference(DifferenceKind.PAID_TWICE, reference, amount, sum(debits))
    if len(credits_) > len(debits) and len(credits_) > 1:
        yield Difference(DifferenceKind.RETURNED_TWICE, reference, amount, sum(credits_))
    elif credits_:
        yield Difference(DifferenceKind.RETURNED, reference, amount, sum(credits_))
    if state is LineState.DISPUTED:
        yield Difference(DifferenceKind.DISPUTED, reference, amount, sum(debits) - sum(credits_))


def _files(run: RunFacts) -> Iterable[Difference]:
    """File against approval, and file against its own lines."""
    signed = {each.message_id: each for each in run.approved}
    counts: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for filed in (*run.lines, *run.given_up):
        counts[filed.message_id] += 1
        totals[filed.message_id] += filed.line.amount_minor
    for file in run.files:
        if signed.pop(file.message_id, None) != file:
            yield Difference(DifferenceKind.NOT_APPROVED, file.message_id, None, file.total_minor)
        if (counts.pop(file.message_id, 0), totals[file.message_id]) != (file.count, file.total_minor):
            yield Difference(DifferenceKind.FILE_TOTAL, file.message_id, file.total_minor, totals[file.message_id])
    for message_id in (*signed, *counts):
        yield Difference(DifferenceKind.NOT_FILED, message_id)
