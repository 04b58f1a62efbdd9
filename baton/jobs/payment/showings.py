"""What the bank has shown of a line, and what fits no line: each booking once, however many papers tell of it.

A booking may be told by several notifications (camt.054) and then by the statement. Within one paper every booking
counts. A notification repeated by another one says nothing new; a statement outweighs them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from baton.jobs.payment.differences import Difference
from baton.jobs.payment.statements import StatementKey
from baton.model.bank_answers import Direction, StatementEntry

Told: TypeAlias = tuple[Direction, int, str, date]
"""What two notifications of one booking share: way, amount, the bank's name for it, the day."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One statement or one notification, as it lies here."""

    place: str
    """Its file and where in it: what tells it apart from every other."""
    notification: bool
    statement: StatementKey
    """What it shares with a paper that came again with another content."""


@dataclass(slots=True)
class Booked:
    """What statements and notifications have shown of one line.

    Bookings of statements are never told apart by the bank's names for them: those are unique within one statement
    only, and a second payment must not hide behind the name of the first. A notification's second payment under the
    name and the day of the first is seen once the statement has it.
    """

    proven: list[tuple[Direction, int]] = field(default_factory=list)
    notified: dict[Told, Counter[str]] = field(default_factory=dict)
    """How often each notification, by its place, tells of a booking."""

    def add(self, entry: StatementEntry, amount: int, paper: Paper) -> None:
        """One booking, of which ``amount`` is this line's."""
        if paper.notification:
            told = (entry.direction, amount, entry.entry_id, entry.booked)
            self.notified.setdefault(told, Counter())[paper.place] += 1
        else:
            self.proven.append((entry.direction, amount))

    def amounts(self, direction: Direction) -> list[int]:
        """From the statement; from notifications where no statement has it yet."""
        proven = [minor for way, minor in self.proven if way is direction]
        return proven or [
            told[1]
            for told, papers in self.notified.items()
            if told[0] is direction
            for _ in range(max(papers.values()))
        ]


@dataclass(slots=True)
class Misfits:
    """Bookings that fit no line, or not the one they name: those of statements, and of notifications not yet booked."""

    _shown: dict[tuple[object, ...], list[tuple[Paper, Difference, Sequence[str]]]] = field(default_factory=dict)

    def add(
        self, account: str, entry: StatementEntry, paper: Paper, found: Difference, references: Sequence[str]
    ) -> None:
        """One booking with what is wrong about it, and the lines it names."""
        alike = (found.kind, account, entry.direction, entry.amount_minor, entry.currency, entry.booked, references)
        self._shown.setdefault(alike, []).append((paper, found, references))

    def differences(self) -> Iterator[tuple[Difference, Sequence[str]]]:
        """Each booking once, as it was told first: so it keeps its name when the statement follows the notification."""
        for shown in self._shown.values():
            contents = Counter((paper.statement, paper.place) for paper, _, _ in shown if not paper.notification)
            of_statements: dict[StatementKey, int] = {}
            for (statement, _), count in contents.items():  # of two contents of one, that which shows more counts
                of_statements[statement] = max(of_statements.get(statement, 0), count)
            proven = sum(of_statements.values())
            notified = Counter(paper.place for paper, _, _ in shown if paper.notification)
            number = max(proven, *notified.values(), 0)
            for _, difference, references in shown[:number]:
                yield difference, references
