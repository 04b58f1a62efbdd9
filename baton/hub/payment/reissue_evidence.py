"""What shows that a line was not paid: the bank's word about it, or about all of the file it is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from baton.banking.reading.iso_states import GROUP_STATES, TRANSACTION_STATES
from baton.hub.core import Hub
from baton.hub.payment.bookings import ENTRY, REFUSED, shown_of_files
from baton.jobs.payment.reissue import Evidence
from baton.model.bank_answers import AnswerLevel, BankState, Direction, Reason, ReasonKind, StatementEntry
from baton.model.bank_words import OURS
from baton.model.pay_run import LineState, PayLine
from baton.store.bank_answers import BankEvent

_SAYS_SO: Final = (BankState.REJECTED.value, BankState.RETURNED.value, BankState.CANCELLED.value)
_REFUSED_BY_ISO: Final = frozenset(
    word
    for states in (GROUP_STATES, TRANSACTION_STATES)
    for word, state in states.items()
    if state is BankState.REJECTED
)
"""How a bank with ISO's code sets says that it has refused."""


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
    came_back = {each: [event for event in events if _is_return(event)] for each, events in said.items()}
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


def _is_return(event: BankEvent) -> bool:
    return event.kind == ENTRY and event.state == Direction.CREDIT.value


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
    own = [event for event in said if event.state in _SAYS_SO or _is_return(event)]
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
    reasons = tuple(reason for reason in _reasons(last) if of_line or reason.kind is ReasonKind.UNREAD)
    if line.state is not LineState.RETURNED:
        # Said once, "we have it already" is not taken back by a later refusal with another reason, or with none.
        every = (reason for event in (*own, *of_file.failed) for reason in _reasons(event))
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


def _reasons(event: BankEvent) -> tuple[Reason, ...]:
    """What the bank has told as reasons; those kept before words were read, as they are read today."""
    facts = event.facts
    reasons = tuple(
        _kept(event, told["code"], told["kind"], told["text"], told.get("piece")) for told in facts.get("reasons", ())
    )
    if not reasons and _without_codes(event):
        return (Reason(str(facts.get("raw", "")), ReasonKind.UNREAD),)
    returned = facts.get("returned")
    return (*reasons, _kept(event, *returned[:3], *returned[3:] or (None,))) if returned else reasons


def _kept(event: BankEvent, code: str, kind: str, text: str, piece: str | None) -> Reason:
    """A reason as it is kept; ``piece`` is None where that was before any words were read."""
    reason = Reason(code, ReasonKind(kind), text, piece or "")
    if piece is not None or reason.kind is not ReasonKind.UNNAMED:
        return reason
    state = BankState.RETURNED if event.kind == ENTRY else BankState(event.state)
    read = OURS.of(state).meaning(code, text)
    if read is not None:
        return Reason(code, read.kind, text, read.piece)
    return replace(reason, kind=ReasonKind.UNREAD) if _without_codes(event) else reason


def _without_codes(event: BankEvent) -> bool:
    """Whether it is a refusal by a bank that has no code set of reasons: what it says and nobody has read is unread."""
    return event.state == BankState.REJECTED.value and event.facts.get("raw", "") not in _REFUSED_BY_ISO
