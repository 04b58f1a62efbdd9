"""Statements and their bookings as they are kept, and the lines that may stand on them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson
import sqlalchemy as sa

from baton.errors import Fault
from baton.hub.core import Hub
from baton.jobs.payment.matching import Expectations, Expected, MatchKind
from baton.jobs.payment.statements import Copies, StatementKey, statement_key
from baton.model.bank_answers import Direction, Reason, ReasonKind, Statement, StatementEntry
from baton.model.pay_run import LineState, PayLine, PayRun
from baton.model.payable import REFERENCE_CHARACTERS
from baton.store.bank_answers import BankEvent

if TYPE_CHECKING:
    from baton.banking.reading.statement import ReadStatement  # and with it lxml, which few commands need

HEAD: Final = "statement"
"""The kind of the event that holds a statement's head."""
ENTRY: Final = "entry"
FINDING: Final = "finding"
"""The kind of what a reader has found that cannot be right, such as a balance that does not add up."""
_SENT: Final = tuple(state for state in LineState if state.claims and not state.unsent)
"""Where a line stands that may be on a statement."""
REFUSED: Final = (LineState.REJECTED, LineState.RECALLED)
"""What the bank has said it will not pay: a batch may be booked without it."""
_OF_PAGES: Final = ("page", "pages_follow", "message_page", "told_opening_minor")
"""What of a statement says where it stood: it came without before pages were read, and a copy may stand elsewhere."""
_ABOUT_PEOPLE: Final = ("returned", "counterparty")
"""What of a booking is blanked in its time; the code of a return stands beside it."""
_About: TypeAlias = Callable[[str, BankEvent], Collection[str]]
"""What a booking on an account is about, by name."""


def head_event(system: str, name: str, place: int, statement: ReadStatement, digest: str, at: datetime) -> BankEvent:
    """The head of a statement as it is kept."""
    head = statement.head
    facts = {column: getattr(head, column) for column in Statement.__dataclass_fields__}
    facts |= {"notification": statement.notification, "digest": digest}
    return BankEvent(system, name, place, "", "", HEAD, "", "", at, facts)


def entry_event(system: str, name: str, place: int, entry: StatementEntry, reference: str, at: datetime) -> BankEvent:
    """A booking as it is kept."""
    returned = entry.returned
    facts: dict[str, Any] = {
        "entry_id": entry.entry_id,
        "direction": entry.direction.value,
        "amount_minor": entry.amount_minor,
        "currency": entry.currency,
        "booked": entry.booked.isoformat(),
        "references": list(entry.references),
        "batch_id": entry.batch_id,
        "batch_count": entry.batch_count,
        "returned": None if returned is None else [returned.code, returned.kind.value, returned.text, returned.piece],
        "pending": entry.pending,
        "counterparty": entry.counterparty,
    }
    code = "" if returned is None else returned.code
    return BankEvent(system, name, place, entry.batch_id, reference, ENTRY, entry.direction.value, code, at, facts)


def finding_event(system: str, name: str, place: int, finding: Fault, at: datetime) -> BankEvent:
    """What cannot be right in a statement, as it is kept."""
    facts = {"place": finding.place, "message": finding.message}
    return BankEvent(system, name, place, "", "", FINDING, "", finding.rule, at, facts)


def kept_finding(event: BankEvent) -> Fault:
    """What was found, as it was told."""
    return Fault(str(event.facts["place"]), event.code, str(event.facts["message"]))


def kept_head(event: BankEvent) -> tuple[Statement, bool]:
    """A statement's head, and whether it is only a notification."""
    facts = {name: value for name, value in event.facts.items() if name != "digest"}
    notification = bool(facts.pop("notification"))
    return Statement(**facts), notification


def content_digest(head: BankEvent, entries: Iterable[BankEvent]) -> str:
    """What a copy of a statement shares with it (hex), whatever file it comes in: its balances and its bookings.

    Not what banks write about people, which is blanked in its time. One without a name is the same in a copy of its
    file only: two payments on two such statements may be alike in everything that is told of them.
    """
    statement, notification = kept_head(head)
    named = statement.sequence or statement.statement_id
    digest = hashlib.sha256(b"" if named else str(head.facts["digest"]).encode())
    told = {name: value for name, value in asdict(statement).items() if name not in _OF_PAGES}
    digest.update(orjson.dumps([told, notification], option=orjson.OPT_SORT_KEYS))
    for event in entries:
        facts = {name: value for name, value in event.facts.items() if name not in _ABOUT_PEOPLE}
        digest.update(orjson.dumps([facts, event.code], option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()


def kept_entry(event: BankEvent) -> StatementEntry:
    """A booking as it was told."""
    facts = dict(event.facts)
    code = facts.pop("returned")
    returned = None if code is None else Reason(code[0], ReasonKind(code[1]), *code[2:])
    return StatementEntry(
        **{
            **facts,
            "direction": Direction(facts["direction"]),
            "booked": date.fromisoformat(facts["booked"]),
            "references": tuple(facts["references"]),
            "returned": returned,
        }
    )


def statements(events: Iterator[BankEvent]) -> Iterator[tuple[BankEvent, Sequence[BankEvent]]]:
    """Each head with the bookings that follow it in its file."""
    head: BankEvent | None = None
    for is_head, group in groupby(events, key=lambda event: event.kind == HEAD):
        found = list(group)
        if is_head:
            for empty in found[:-1]:
                yield empty, ()
            head = found[-1]
        elif head is not None:
            yield head, found
            head = None
    if head is not None:
        yield head, ()


def shown_of(
    hub: Hub, connection: sa.Connection, system: str, references: Collection[str], files: Collection[str] = ()
) -> dict[str, list[StatementEntry]]:
    """The bookings of each of these lines, in the order of their days, each told once.

    Those about the line alone, and those of one of these ``files``, by their ids, that fit all that is in it: a file
    that is paid or returned in one booking is each of its lines. A statement that came twice counts once; one that came
    again with another content counts with all that either shows, since money may have moved. Notifications count while
    no statement shows anything of the line.
    """
    expected = lines_of(hub, connection, system, files)

    def about(account: str, event: BankEvent) -> Collection[str]:
        if event.reference or event.message_id not in files:
            return (event.reference,)
        return in_one(expected, account, kept_entry(event))

    return _shown(hub, connection, system, references, about)


def lines_of(hub: Hub, connection: sa.Connection, system: str, files: Iterable[str]) -> Expectations:
    """Every line in these files to this bank; nothing of one that is not ours."""
    return _expected(hub, connection, system, (), [name for name in files if len(name) == REFERENCE_CHARACTERS])


def in_one(expected: Expectations, account: str, entry: StatementEntry) -> Collection[str]:
    """The lines that a booking on an account stands for as the batch they are; none for any other booking."""
    match = expected.match(account, entry)
    return match.references if match.kind is MatchKind.BATCH else ()


def shown_of_files(
    hub: Hub, connection: sa.Connection, system: str, message_ids: Collection[str]
) -> dict[str, list[StatementEntry]]:
    """The bookings that are about each of these files, and no one line of it, in the same way; fitting it or not."""
    return _shown(hub, connection, system, message_ids, lambda _, event: () if event.reference else (event.message_id,))


def _shown(
    hub: Hub, connection: sa.Connection, system: str, wanted: Collection[str], about: _About
) -> dict[str, list[StatementEntry]]:
    papers: dict[tuple[str, bool], dict[StatementKey, Counter[StatementEntry]]] = {}
    copies = Copies()
    for head, events in statements(hub.bank_answers.bookings(connection, system, (HEAD, ENTRY))):
        statement, notification = kept_head(head)
        first = date.fromisoformat(events[0].facts["booked"]) if events else None
        digest = content_digest(head, events)
        key = copies.first_of(statement_key(statement, digest, first, notification=notification), digest, statement)
        shown: dict[str, Counter[StatementEntry]] = {}
        for event in events:
            names = [name for name in about(statement.account, event) if name in wanted]
            if names and not (entry := kept_entry(event)).pending:
                for name in names:
                    shown.setdefault(name, Counter())[entry._replace(counterparty="", returned=None)] += 1
        for name, entries in shown.items():
            told = papers.setdefault((name, notification), {})
            told[key] = told.get(key, Counter()) | entries
    found = {each: papers.get((each, False)) or papers.get((each, True), {}) for each in wanted}
    return {
        each: sorted((entry for paper in told.values() for entry in paper.elements()), key=lambda entry: entry.booked)
        for each, told in found.items()
    }


def expectations(hub: Hub, connection: sa.Connection, system: str, entries: Iterable[StatementEntry]) -> Expectations:
    """Every line at this bank that one of these bookings may be about, and every line of a batch that one names.

    What a statement costs is what stands on it, not all that was ever paid.
    """
    names: set[str] = set()
    batches: set[str] = set()
    for entry in entries:
        names.update(name for name in entry.references if len(name) == REFERENCE_CHARACTERS)
        batches.add(entry.batch_id)
    files = sorted(name for name in batches if len(name) == REFERENCE_CHARACTERS)  # as ours are
    return _expected(hub, connection, system, names, files)


def _expected(
    hub: Hub, connection: sa.Connection, system: str, names: Collection[str], files: Collection[str]
) -> Expectations:
    """These lines of this bank's, by their references, and those in these files, by their ids, that may be booked."""
    found: dict[str, PayLine] = {}
    for message_id in files:
        found |= {line.reference: line for line in hub.pay_runs.of_file(connection, message_id)}
    found |= hub.pay_runs.by_reference(connection, sorted(names))
    if not found:
        return Expectations(())
    runs = {run.run_id: run for run in hub.pay_runs.of_system(connection, system)}
    sent = [line for line in found.values() if line.run_id in runs and line.state in _SENT]
    refused = [line.reference for line in sent if line.state in REFUSED]
    disputed = [line.reference for line in sent if line.state is LineState.DISPUTED]
    in_one = back_in_one(hub, connection, sent)
    return Expectations((expected(runs[line.run_id], line) for line in sent), refused, disputed, in_one)


def back_in_one(hub: Hub, connection: sa.Connection, lines: Iterable[PayLine]) -> set[str]:
    """Of these, the references of the returned lines that no booking of their own has brought back.

    What the bank calls returned in an answer may come back with its file too.
    """
    returned = [line.reference for line in lines if line.state is LineState.RETURNED]
    said = hub.bank_answers.of_lines(connection, returned)
    return {name for name in returned if not any(map(is_return, said.get(name, ())))}


def is_return(event: BankEvent) -> bool:
    """Whether it is money that came back."""
    return event.kind == ENTRY and event.state == Direction.CREDIT.value


def expected(run: PayRun, line: PayLine) -> Expected:
    """What a booking of this line would show."""
    what = line.payable
    return Expected(
        line.reference, what.amount_minor, what.currency, run.payer.account, line.message_id, what.payee.holder
    )
