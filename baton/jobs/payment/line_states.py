"""Where a line of a pay run goes when something happens to it: a closed machine, as one literal table.

What banks say arrives twice, late and out of order. So the part of the table that answers to them is a lattice: each
event can only add to what is known, and any order of the same events ends in the same state.

* A refusal beats every doubt and every promise, never money: refused *and* debited or paid is `DISPUTED`, an alarm,
  until the money comes back.
* ``paid`` is a bank's final word or a booking on the statement, and nothing else.
* ``returned`` is the end of a line: what is paid again is another attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from baton.errors import TransitionError
from baton.model.bank_answers import AnswerLevel, BankAnswer, BankState, Direction, StatementEntry
from baton.model.pay_run import LineState


class LineEvent(StrEnum):
    """What happens to a line."""

    HOLD = "hold"
    WAIVE = "waive"
    LEAVE_OUT = "leave_out"
    FILE = "file"
    VOID = "void"
    """The file is no more: something in it has changed. Never once its bytes may have left."""
    RELEASE = "release"
    GIVE_UP = "give_up"
    LOSE_SIGHT = "lose_sight"
    """Nobody knows whether the file arrived."""
    NOT_THERE = "not_there"
    """The bank was asked, and certainly does not have it."""
    TAKEN = "taken"
    """The bank has it, in whatever depth checked."""
    DEBITED = "debited"
    PAID = "paid"
    REFUSED = "refused"
    STOPPED = "stopped"
    """Cancelled at the bank."""
    KEPT = "kept"
    """The bank keeps the money."""
    CAME_BACK = "came_back"


_S, _E = LineState, LineEvent
TABLE: Final[Mapping[LineState, Mapping[LineEvent, LineState]]] = MappingProxyType(
    {
        _S.DRAFT: {
            _E.HOLD: _S.HELD,
            _E.LEAVE_OUT: _S.LEFT_OUT,
            _E.FILE: _S.FILED,
            _E.GIVE_UP: _S.CANCELLED,
        },
        _S.HELD: {
            _E.HOLD: _S.HELD,
            _E.WAIVE: _S.DRAFT,
            _E.LEAVE_OUT: _S.LEFT_OUT,
            _E.GIVE_UP: _S.CANCELLED,
        },
        _S.LEFT_OUT: {},
        _S.CANCELLED: {},
        _S.FILED: {
            _E.VOID: _S.DRAFT,
            _E.RELEASE: _S.RELEASED,
            _E.GIVE_UP: _S.CANCELLED,
        },
        _S.RELEASED: {
            _E.VOID: _S.DRAFT,
            _E.GIVE_UP: _S.CANCELLED,
            _E.LOSE_SIGHT: _S.IN_DOUBT,
            _E.TAKEN: _S.ACCEPTED,
            _E.DEBITED: _S.DEBITED,
            _E.PAID: _S.PAID,
            _E.REFUSED: _S.REJECTED,
            _E.STOPPED: _S.RECALLED,
            _E.KEPT: _S.DISPUTED,
            _E.CAME_BACK: _S.RETURNED,
        },
        _S.IN_DOUBT: {
            _E.NOT_THERE: _S.RELEASED,
            _E.LOSE_SIGHT: _S.IN_DOUBT,
            _E.TAKEN: _S.ACCEPTED,
            _E.DEBITED: _S.DEBITED,
            _E.PAID: _S.PAID,
            _E.REFUSED: _S.REJECTED,
            _E.STOPPED: _S.RECALLED,
            _E.KEPT: _S.DISPUTED,
            _E.CAME_BACK: _S.RETURNED,
        },
        _S.ACCEPTED: {
            _E.LOSE_SIGHT: _S.ACCEPTED,
            _E.TAKEN: _S.ACCEPTED,
            _E.DEBITED: _S.DEBITED,
            _E.PAID: _S.PAID,
            _E.REFUSED: _S.REJECTED,
            _E.STOPPED: _S.RECALLED,
            _E.KEPT: _S.DISPUTED,
            _E.CAME_BACK: _S.RETURNED,
        },
        _S.DEBITED: {
            _E.LOSE_SIGHT: _S.DEBITED,
            _E.TAKEN: _S.DEBITED,
            _E.DEBITED: _S.DEBITED,
            _E.PAID: _S.PAID,
            _E.REFUSED: _S.DISPUTED,
            _E.STOPPED: _S.DISPUTED,
            _E.KEPT: _S.DISPUTED,
            _E.CAME_BACK: _S.RETURNED,
        },
        _S.PAID: {
            _E.LOSE_SIGHT: _S.PAID,
            _E.TAKEN: _S.PAID,
            _E.DEBITED: _S.PAID,
            _E.PAID: _S.PAID,
            _E.REFUSED: _S.DISPUTED,
            _E.STOPPED: _S.DISPUTED,
            _E.KEPT: _S.DISPUTED,
            _E.CAME_BACK: _S.RETURNED,
        },
        _S.REJECTED: {
            _E.LOSE_SIGHT: _S.REJECTED,
            _E.TAKEN: _S.REJECTED,
            _E.DEBITED: _S.DISPUTED,
            _E.PAID: _S.DISPUTED,
            _E.REFUSED: _S.REJECTED,
            _E.STOPPED: _S.REJECTED,
            _E.KEPT: _S.DISPUTED,
            _E.CAME_BACK: _S.RETURNED,
        },
        _S.RECALLED: {
            _E.LOSE_SIGHT: _S.RECALLED,
            _E.TAKEN: _S.RECALLED,
            _E.DEBITED: _S.DISPUTED,
            _E.PAID: _S.DISPUTED,
            _E.REFUSED: _S.REJECTED,
            _E.STOPPED: _S.RECALLED,
            _E.KEPT: _S.DISPUTED,
            _E.CAME_BACK: _S.RETURNED,
        },
        _S.DISPUTED: {
            _E.LOSE_SIGHT: _S.DISPUTED,
            _E.TAKEN: _S.DISPUTED,
            _E.DEBITED: _S.DISPUTED,
            _E.PAID: _S.DISPUTED,
            _E.REFUSED: _S.DISPUTED,
            _E.STOPPED: _S.DISPUTED,
            _E.KEPT: _S.DISPUTED,
            _E.CAME_BACK: _S.RETURNED,
        },
        _S.RETURNED: {
            _E.LOSE_SIGHT: _S.RETURNED,
            _E.TAKEN: _S.RETURNED,
            _E.DEBITED: _S.RETURNED,
            _E.PAID: _S.RETURNED,
            _E.REFUSED: _S.RETURNED,
            _E.STOPPED: _S.RETURNED,
            _E.KEPT: _S.RETURNED,
            _E.CAME_BACK: _S.RETURNED,
        },
    }
)
"""Absent pairs are refused: the bank knowing a line that was never released is not a step but an alarm."""
EVENTS: Final[Mapping[BankState, LineEvent | None]] = MappingProxyType(
    {
        BankState.RECEIVED: _E.TAKEN,
        BankState.ACCEPTED: _E.TAKEN,
        BankState.PENDING: _E.TAKEN,
        BankState.DEBITED: _E.DEBITED,
        BankState.PAID: _E.PAID,
        BankState.PARTIAL: None,  # says nothing about any one line
        BankState.REJECTED: _E.REFUSED,
        BankState.RETURNED: _E.CAME_BACK,
        BankState.CANCELLED: _E.STOPPED,
        BankState.BLOCKED: _E.KEPT,
        BankState.UNKNOWN: _E.LOSE_SIGHT,
    }
)
"""What a bank's state is to a line."""
_OVERRULES: Final = frozenset({_E.REFUSED, _E.STOPPED})


def step(state: LineState, event: LineEvent) -> LineState:
    """The state after an event; `TransitionError` for one that cannot happen there."""
    after = TABLE[state].get(event)
    if after is None:
        raise TransitionError(f"a pay line that is {state} cannot be told {event}")
    return after


def settled(state: LineState, events: Iterable[LineEvent]) -> LineState:
    """The state after all of these."""
    for event in events:
        state = step(state, event)
    return state


def alarming(before: LineState, after: LineState) -> bool:
    """Whether somebody has to be told at once: what was paid is not, or the bank contradicts itself."""
    return before is not after and (
        after is LineState.DISPUTED or (before is LineState.PAID and after is LineState.RETURNED)
    )


def event_of_entry(entry: StatementEntry) -> LineEvent | None:
    """What a booking is to the line it names; None while it is not booked. Which way the money went decides."""
    if entry.pending:
        return None
    return LineEvent.CAME_BACK if entry.direction is Direction.CREDIT else LineEvent.PAID


@dataclass(slots=True)
class Reported:
    """What one report says about each line of the order it answers.

    A finer answer overrides a coarser one and unlisted lines inherit, with one exception: a refusal of the whole is a
    refusal of each, and stands beside whatever a line says of itself. ``partial`` is inherited by nobody.
    """

    file: LineEvent | None = None
    batches: dict[str, LineEvent] = field(default_factory=dict)
    lines: dict[str, list[LineEvent]] = field(default_factory=dict)

    def add(self, answer: BankAnswer) -> None:
        """One more answer of the report."""
        event = EVENTS[answer.state]
        if event is None:
            return
        if answer.level is AnswerLevel.FILE:
            self.file = event
        elif answer.level is AnswerLevel.BATCH:
            self.batches[answer.batch_id] = event
        else:
            self.lines.setdefault(answer.reference, []).append(event)

    def events(self, reference: str, batch_id: str = "") -> tuple[LineEvent, ...]:
        """What the report says about a line; empty when it says nothing. A batch without a name is the file's one."""
        batch = self.batches.get(batch_id, self.batches.get(""))
        coarse = [event for event in (batch, self.file) if event is not None]
        own = self.lines.get(reference)
        said = own if own is not None else coarse[:1]
        return (*said, *[event for event in coarse if event in _OVERRULES and event not in said])
