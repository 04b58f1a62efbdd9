"""What shows that a line was not paid: the bank's word about it, or about all of the file it is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.bookings import ENTRY, REFUSED, is_return, shown_of_files
from baton.hub.payment.refusals import reasons_of
from baton.jobs.payment.reissue import Evidence
from baton.model.bank_answers import AnswerLevel, BankState, Direction, ReasonKind, StatementEntry
from baton.model.pay_run import LineState, PayLine
from baton.store.bank_answers import BankEvent

_SAYS_SO: Final = (BankState.REJECTED.value, BankState.RETURNED.value, BankState.CANCELLED.value)


@dataclass(frozen=True, slots=True)
class OfFile:
    """What a bank has said of a file as a whole, and so of each line in it."""

    failed: Sequence[BankEvent]
    """Its answers by which nothing of it was paid, the oldest first."""
    came_back: Sequence[BankEvent]
    """What of it came back in bookings that name no line, the oldest first."""
    contradicted: bool
    """Whether it has booked it all the same, in one, and less came back than went out: then nothing of it is known as
    unpaid. Whose money that is, where the sum is not the lines', nobody knows."""
    one_line: bool = False
    """Whether all that the bank has not refused of it is one payment: what came back is that one."""


def of_files(hub: Hub, connection: sa.Connection, system: str, message_ids: Collection[str]) -> Mapping[str, OfFile]:
    """What one bank has said of these files, by their ids."""
    said = {each: hub.bank_answers.of_file(connection, system, each) for each in message_ids}
    failed = {
        each: [event for event in events if event.state in _SAYS_SO and _is_of_all(each, event)]
        for each, events in said.items()
    }
    # Every statement is read only for a file that is on one.
    booked = {each for each, events in said.items() if failed[each] and any(event.kind == ENTRY for event in events)}
    shown = shown_of_files(hub, connection, system, booked) if booked else {}
    came_back = {each: [event for event in events if is_return(event)] for each, events in said.items()}
    return {
        each: OfFile(
            failed[each],
            came_back[each],
            _is_out(shown.get(each, ())),
            one_line=bool(came_back[each]) and _has_one_line(hub, connection, each),
        )
        for each in message_ids
    }


def _has_one_line(hub: Hub, connection: sa.Connection, message_id: str) -> bool:
    return sum(line.state not in REFUSED for line in hub.pay_runs.of_file(connection, message_id)) == 1


def _is_out(shown: Iterable[StatementEntry]) -> bool:
    booked: Counter[Direction] = Counter()
    for entry in shown:
        booked[entry.direction] += entry.amount_minor
    return booked[Direction.DEBIT] > booked[Direction.CREDIT]


def _is_of_all(message_id: str, event: BankEvent) -> bool:
    """Whether it is said of every line: of the file, or of its one batch, which has the file's own id or no name."""
    if event.kind == AnswerLevel.BATCH.value:
        # What was taken in before the name was kept passes for the one batch that a file has.
        return event.facts.get("batch", "") in ("", message_id)
    return event.kind == AnswerLevel.FILE.value


def evidence_of(line: PayLine, said: Sequence[BankEvent], of_file: OfFile) -> Evidence | None:
    """The last thing the bank said that makes the line failed, of the line itself where it has.

    Without a name when there is none; None where the bank has refused the whole file and booked it all the same.
    """
    own = [event for event in said if event.state in _SAYS_SO or is_return(event)]
    if of_file.contradicted and line.state is not LineState.RETURNED:
        return None
    # Of a line that nothing was booked about alone, what came back is the file, in one.
    came_back = of_file.came_back if line.state is LineState.RETURNED else ()
    telling = own or came_back or of_file.failed
    if not telling:
        return Evidence("", line.reference)
    last = telling[-1]
    # What a bank has against a file (its form, our account) is nothing that another account of a payee would correct.
    # Words that nobody has read yet may be that it has all of the file already.
    of_line = bool(own or (came_back and of_file.one_line))
    reasons = tuple(reason for reason in reasons_of(last) if of_line or reason.kind is ReasonKind.UNREAD)
    if line.state is not LineState.RETURNED:
        # Said once, "we have it already" is not taken back by a later refusal with another reason, or with none.
        every = (reason for event in (*own, *of_file.failed) for reason in reasons_of(event))
        reasons += tuple(reason for reason in every if reason.kind is ReasonKind.DUPLICATE)
    return Evidence(last.key, line.reference, reasons)


def contradicted(hub: Hub, connection: sa.Connection, lines: Iterable[PayLine]) -> bool:
    """Whether one of these lines passes for refused though the file that it was in is booked all the same."""
    of_banks: dict[str, set[str]] = {}
    for line in lines:
        if line.state is not LineState.RETURNED:
            run = hub.pay_runs.get(connection, line.run_id)
            assert run is not None, "a line belongs to a run"
            of_banks.setdefault(run.system, set()).add(line.message_id)
    return any(
        each.contradicted
        for system, message_ids in of_banks.items()
        for each in of_files(hub, connection, system, message_ids).values()
    )
