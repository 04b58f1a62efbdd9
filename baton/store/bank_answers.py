"""What banks have said: each file taken once, each answer and entry in it kept with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.model.account import Receipt
from baton.model.bank_answers import AnswerLevel, BankState
from baton.store.effects import chunked
from baton.store.personal import Keyring
from baton.store.tables import bank_events, bank_files, pay_files, pay_lines
from baton.store.trail import Entry, append

NOT_TAKEN = (BankState.REJECTED.value, BankState.CANCELLED.value)
"""What a bank says of something that it will not pay. Of what it cannot say anything yet, it may be paying."""
_MARK = "mark"
"""Kept beside the counts of a file, as is the next."""
_TURN = "turn"
"""Which of its bank's files it is, from 1, as they were taken in: a clock may step back between two of them."""
_ARRIVED = frozenset(BankState) - {BankState.REJECTED, BankState.CANCELLED, BankState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class BankFile:
    """One file from a bank."""

    system: str
    name: str
    kind: str
    digest: str
    taken_at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    mark: str = ""
    """What the bank's list told of it when it was read (`PaymentChannel.marks`); empty where it told nothing."""


@dataclass(frozen=True, slots=True)
class BankEvent:
    """One thing a bank said, about a file (``reference`` empty) or about a line of it."""

    system: str
    name: str
    position: int
    """Its place in the file it came in, from 1."""
    message_id: str
    reference: str
    kind: str
    """A level of a report (`AnswerLevel`), or ``entry`` of a statement."""
    state: str
    code: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Amount, currency, the bank's own words: sealed."""
    version: int = 1

    @property
    def key(self) -> str:
        """Its name."""
        return f"{self.system}/{self.name}/{self.position}"


class BankAnswerStore:
    """Reads and writes what banks have said, inside the caller's transaction."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self.keyring = keyring
        self.clock = clock

    def known(self, connection: sa.Connection, system: str) -> set[str]:
        """The names of the files already taken."""
        query = sa.select(bank_files.c.name).where(bank_files.c.system == system)
        return set(connection.execute(query).scalars())

    def digests(self, connection: sa.Connection, system: str) -> dict[str, str]:
        """The digest of the content (hex) of each file already taken, by its name."""
        query = sa.select(bank_files.c.name, bank_files.c.digest).where(bank_files.c.system == system)
        return {row[0]: row[1] for row in connection.execute(query)}

    def marks(self, connection: sa.Connection, system: str) -> dict[str, str]:
        """What the bank's list told of each file when it was read, by its name; only where it told something."""
        query = sa.select(bank_files.c.name, bank_files.c.counts).where(bank_files.c.system == system)
        return {name: counts[_MARK] for name, counts in connection.execute(query) if counts.get(_MARK)}

    def mark(self, connection: sa.Connection, system: str, name: str, mark: str) -> None:
        """Note that a file which is listed otherwise now was read again, and is the same."""
        here = (bank_files.c.system == system, bank_files.c.name == name)
        counts = connection.execute(sa.select(bank_files.c.counts).where(*here)).scalar_one()
        connection.execute(sa.update(bank_files).where(*here).values(counts={**counts, _MARK: mark}))

    def take(self, connection: sa.Connection, file: BankFile, events: Iterable[BankEvent]) -> None:
        """Keep a file and all it says; not all events need be there at once. One file of a bank at a time."""
        columns = ("system", "name", "kind", "digest", "taken_at")
        values = {name: getattr(file, name) for name in columns}
        last = sa.select(sa.func.max(_turn())).where(bank_files.c.system == file.system)
        turn = connection.execute(last).scalar_one() or 0
        counts = {**file.counts, _MARK: file.mark, _TURN: turn + 1}
        connection.execute(sa.insert(bank_files).values(**values, counts=counts))
        kept = 0
        for chunk in chunked(events):
            connection.execute(sa.insert(bank_events), [self._row(event) for event in chunk])
            kept += len(chunk)
        body: dict[str, Json] = {"system": file.system, "file": file.name, "kind": file.kind, "digest": file.digest}
        append(connection, [Entry(kind="bank_file", at=file.taken_at, body={**body, "events": kept})])

    def unclaimed(self, connection: sa.Connection, system: str) -> set[str]:
        """The references this bank speaks of, other than to refuse them, that no line here claims."""
        claimed = sa.select(pay_lines.c.claim).where(pay_lines.c.claim.is_not(None))
        query = sa.select(bank_events.c.reference).where(
            bank_events.c.system == system,
            bank_events.c.reference != "",
            bank_events.c.reference.not_in(claimed),
            bank_events.c.state.not_in(NOT_TAKEN),
        )
        return set(connection.execute(query.distinct()).scalars())

    def unknown_orders(self, connection: sa.Connection, system: str) -> list[str]:
        """The files this bank has taken that this store knows nothing of, and of whose lines the bank says nothing."""
        told = sa.select(bank_events.c.message_id).where(
            bank_events.c.system == system, bank_events.c.reference != "", bank_events.c.message_id != ""
        )
        query = sa.select(bank_events.c.message_id).where(
            bank_events.c.system == system,
            bank_events.c.kind == AnswerLevel.FILE.value,
            bank_events.c.message_id != "",
            bank_events.c.message_id.not_in(sa.select(pay_files.c.message_id)),
            bank_events.c.message_id.not_in(told),
            bank_events.c.state.not_in(NOT_TAKEN),
        )
        return sorted(connection.execute(query.distinct()).scalars())

    def of_lines(self, connection: sa.Connection, references: Sequence[str]) -> dict[str, list[BankEvent]]:
        """Everything said about these lines, in the order it was taken."""
        found: dict[str, list[BankEvent]] = {}
        for chunk in chunked(list(references)):
            query = sa.select(bank_events).where(bank_events.c.reference.in_(chunk))
            for row in connection.execute(query.order_by(bank_events.c.at, bank_events.c.key)):
                found.setdefault(row.reference, []).append(self._event(row))
        return found

    def bookings(self, connection: sa.Connection, system: str, kinds: Sequence[str]) -> Iterator[BankEvent]:
        """What a bank's statements have shown, file by file in the order they were taken, each in its own order."""
        query = (
            sa.select(bank_events)
            .join(
                bank_files,
                sa.and_(bank_files.c.system == bank_events.c.system, bank_files.c.name == bank_events.c.name),
            )
            .where(bank_events.c.system == system, bank_events.c.kind.in_(kinds))
            .order_by(_turn(), bank_files.c.taken_at, bank_files.c.name, bank_events.c.position)
        )
        for row in connection.execute(query, execution_options={"yield_per": 2_000}):
            yield self._event(row)

    def of_no_line(self, connection: sa.Connection, kind: str) -> Iterator[BankEvent]:
        """What the banks have told of this kind that names no line, or several: whose it is stands inside."""
        query = sa.select(bank_events).where(bank_events.c.reference == "", bank_events.c.kind == kind)
        ordered = query.order_by(bank_events.c.at, bank_events.c.key)
        for row in connection.execute(ordered, execution_options={"yield_per": 2_000}):
            yield self._event(row)

    def of_file(self, connection: sa.Connection, system: str, message_id: str) -> list[BankEvent]:
        """Everything one bank has said about a file as a whole."""
        query = sa.select(bank_events).where(
            bank_events.c.system == system, bank_events.c.message_id == message_id, bank_events.c.reference == ""
        )
        return [self._event(row) for row in connection.execute(query.order_by(bank_events.c.at, bank_events.c.key))]

    def of_message(self, connection: sa.Connection, system: str, message_id: str) -> list[tuple[BankEvent, datetime]]:
        """Everything one bank has said about a file or a line of it, with when it was taken in, the oldest first.

        Some book all of a file under its id in the place of a line's reference.
        """
        query = (
            sa.select(bank_events, bank_files.c.taken_at)
            .join(
                bank_files,
                sa.and_(bank_files.c.system == bank_events.c.system, bank_files.c.name == bank_events.c.name),
            )
            .where(
                bank_events.c.system == system,
                sa.or_(bank_events.c.message_id == message_id, bank_events.c.reference == message_id),
            )
            .order_by(bank_events.c.at, bank_events.c.key)
        )
        return [(self._event(row), row.taken_at) for row in connection.execute(query)]

    def taken_elsewhere(self, connection: sa.Connection, message_id: str) -> set[str]:
        """The references of the lines in a file that a bank has taken, by some answer, in another file."""
        query = (
            sa.select(bank_events.c.reference)
            .join(pay_lines, pay_lines.c.reference == bank_events.c.reference)
            .where(
                pay_lines.c.message_id == message_id,
                bank_events.c.kind == AnswerLevel.LINE.value,
                bank_events.c.message_id.not_in(("", message_id)),
                bank_events.c.state.not_in(NOT_TAKEN),
            )
        )
        return set(connection.execute(query.distinct()).scalars())

    def file_receipt(self, connection: sa.Connection, system: str, message_id: str) -> Receipt:
        """What the bank's answers amount to for the delivery of a file: done once it has said that it has it."""
        said = [event for event in self.of_file(connection, system, message_id) if event.kind == AnswerLevel.FILE.value]
        if not said:
            return Receipt.accepted(message_id)
        refusals = [event for event in said if event.state in (BankState.REJECTED.value, BankState.CANCELLED.value)]
        if refusals:
            last = refusals[-1]
            remedy = "see the reason, correct it, and draft the lines again under the next attempt"
            return Receipt.refused(
                last.code or last.state, "the bank has refused the file", remedy=remedy, file=last.name
            )
        if any(BankState(event.state) in _ARRIVED for event in said):
            return Receipt.done(message_id, answer=said[-1].name)
        return Receipt.accepted(message_id)

    def _row(self, event: BankEvent) -> dict[str, Any]:
        columns = (
            *("key", "system", "name", "position", "message_id", "reference", "kind", "state"),
            *("code", "at", "version"),
        )
        data = orjson.dumps(dict(event.facts), option=orjson.OPT_SORT_KEYS)
        place = {"table": "bank_events", "row": event.key, "column": "sealed", "version": event.version}
        sealed = self.keyring.seal(data, **place)  # type: ignore[arg-type]
        return {name: getattr(event, name) for name in columns} | {"sealed": sealed}

    def _event(self, row: sa.Row[Any]) -> BankEvent:
        data = self.keyring.open(row.sealed, table="bank_events", row=row.key, column="sealed", version=row.version)
        return BankEvent(
            system=row.system,
            name=row.name,
            position=row.position,
            message_id=row.message_id,
            reference=row.reference,
            kind=row.kind,
            state=row.state,
            code=row.code,
            at=row.at,
            facts=orjson.loads(data),
            version=row.version,
        )


def _turn() -> sa.ColumnElement[int]:
    """Of a file; 0 for those that were taken in before turns were kept: among them it is the time that tells."""
    return sa.func.coalesce(bank_files.c.counts[_TURN].as_integer(), 0)
