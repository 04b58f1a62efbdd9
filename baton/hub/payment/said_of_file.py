"""What a bank has said of one file, in words and in bookings, and what it comes to for any line of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.bookings import ENTRY, shown_of, shown_of_files
from baton.hub.payment.refusals import has_it_already, refuses
from baton.model.bank_answers import BankState, Direction, StatementEntry
from baton.store.bank_answers import NOT_TAKEN, BankEvent


@dataclass(frozen=True, slots=True)
class Said:
    """All that a bank has said of one file."""

    message_id: str
    events: Sequence[tuple[BankEvent, datetime]]
    """Each with when it was taken in, the oldest first."""
    came_back: bool
    """Whether it was booked in one, and as much came back: copies told once, and nothing that is only pending."""


def said_of(hub: Hub, connection: sa.Connection, system: str, message_id: str) -> Said:
    """What one bank has said of a file until now."""
    events = hub.bank_answers.of_message(connection, system, message_id)
    ways = {event.state for event, _ in events if event.kind == ENTRY and _is_of_all(event, message_id)}
    # Every statement is read only for a file that went out and came back on one.
    came_back = len(ways) == len(Direction) and _came_back(hub, connection, system, message_id)
    return Said(message_id, events, came_back)


class Words:
    """What a bank has said of a file, ready to be asked about any line of it."""

    def __init__(self, said: Said, since: datetime | None = None) -> None:
        """Only what was taken in after ``since`` counts: until then a person has settled it."""
        events = [event for event, at in said.events if since is None or at > since]
        self.count = len(events)
        self._said, self._since = said, since
        self._out = False
        """Whether all of it is booked as gone out, in one."""
        self._moved = False
        """Whether money of it has moved, or is about to."""
        self._of_lines: dict[str, BankEvent] = {}
        self._whole: BankEvent | None = None
        self._partial: BankEvent | None = None
        self._taken: BankEvent | None = None
        """The newest answer by which it has taken some line."""
        self._unclear: set[str] = set()
        """What it has refused (lines, or empty: all of it) though it may have it."""
        self._had: set[str] = set()
        """What of that it has refused since it has it already."""
        for event in events:
            whole = _is_of_all(event, said.message_id)
            if event.kind == ENTRY:
                self._hear_booking(event, whole=whole)
            else:
                self._hear_answer(event, whole=whole)

    def _hear_booking(self, event: BankEvent, *, whole: bool) -> None:
        if event.state == Direction.DEBIT.value:
            self._moved = True
            self._out = self._out or (whole and not event.facts["pending"])
        elif whole and self._since is None:
            # What comes back has gone out. Where a person has said that the rest is not paid, it is no other news.
            self._moved = True

    def _hear_answer(self, event: BankEvent, *, whole: bool) -> None:
        if event.state in NOT_TAKEN and not refuses(event):
            # Such a refusal takes nothing back that was said before.
            about = "" if whole else event.reference
            self._unclear.add(about)
            if has_it_already(event):
                self._had.add(about)
        elif not whole:
            self._of_lines[event.reference] = event
            self._taken = self._taken if event.state in NOT_TAKEN else event
        elif event.state == BankState.PARTIAL.value:
            self._partial = event
        else:
            self._whole = event

    def may_pay(self, reference: str) -> bool:
        """Whether the bank, by its newest word, has the file and may pay this line of it.

        Money counts before words: what all of it was booked as, until as much came back. Of the answers one about the
        line goes before one about the whole of the same time; one about another line only tells that it has the file.
        "We have it already", said once, is not taken back by a later refusal for another reason.
        """
        if self._out:
            return not self._said.came_back
        if self._had & {"", reference}:
            return True
        own = self._of_lines.get(reference)
        if own is not None:
            later = self._whole is not None and self._whole.at > own.at
            newest = self._whole if later else own
        elif self._moved:
            return True
        else:
            told = [event for event in (self._whole, self._partial, self._taken) if event is not None]
            newest = max(told, key=lambda event: event.at, default=None)
        if newest is None:
            return bool(self._unclear & {"", reference})
        return newest.state not in NOT_TAKEN

    def has_taken(self, reference: str) -> bool:
        """Whether the bank has taken this very line by its newest word of it, and may pay it still."""
        own = self._of_lines.get(reference)
        return own is not None and own.state not in NOT_TAKEN and self.may_pay(reference)


def _is_of_all(event: BankEvent, message_id: str) -> bool:
    """Whether it names no line: some banks book all of a file under its id in the place of a line's reference."""
    return event.reference in ("", message_id)


def _came_back(hub: Hub, connection: sa.Connection, system: str, message_id: str) -> bool:
    told = (
        shown_of_files(hub, connection, system, {message_id})[message_id],
        shown_of(hub, connection, system, {message_id})[message_id],
    )
    booked = [_booked(entries) for entries in told]
    out = sum(each[Direction.DEBIT] for each in booked)
    # A copy that has the file's id in another place would bring the same money back twice.
    back = max(each[Direction.CREDIT] for each in booked)
    return 0 < out <= back


def _booked(entries: Iterable[StatementEntry]) -> Counter[Direction]:
    """In minor units."""
    total: Counter[Direction] = Counter()
    for entry in entries:
        total[entry.direction] += entry.amount_minor
    return total
