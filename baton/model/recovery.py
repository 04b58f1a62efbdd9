"""A recovery case: what one person was paid and not owed, what was agreed about it, and what came back.

A case is a closed machine: every step is one function and one audit entry. Money may come back in any state, also
after a claim was given up or turned out to be none; then it is owed back. And money that was back can be gone again,
when a bank takes its own return back: then the case is open again, a closed one too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from baton.errors import TransitionError


class RecoveryState(StrEnum):
    """Where a recovery case stands."""

    CLAIMED = "claimed"
    NOTICED = "noticed"
    """The person has been written to."""
    AGREED = "agreed"
    """They have agreed how they pay it back."""
    PARTLY_BACK = "partly_back"
    REPAID = "repaid"
    """All of it is back."""
    WRITTEN_OFF = "written_off"
    """Given up by a named office, with a reason."""
    WITHDRAWN = "withdrawn"
    """It was owed after all: HR has taken back what it said."""

    @property
    def open(self) -> bool:
        """True while money is waited for."""
        return self not in (RecoveryState.REPAID, RecoveryState.WRITTEN_OFF, RecoveryState.WITHDRAWN)


class RecoveryEvent(StrEnum):
    """What happens to a recovery case."""

    NOTICE = "notice"
    AGREE = "agree"
    PART_BACK = "part_back"
    """Money came back, and more is open."""
    ALL_BACK = "all_back"
    NOT_BACK = "not_back"
    """What counted as back does so no more: the bank has taken its return back. The person is told anew."""
    REPAY = "repay"
    """Of what came back too much, something was paid to the person."""
    WRITE_OFF = "write_off"
    WITHDRAW = "withdraw"


_S, _E = RecoveryState, RecoveryEvent
TABLE: Final[Mapping[RecoveryState, Mapping[RecoveryEvent, RecoveryState]]] = MappingProxyType(
    {
        _S.CLAIMED: {
            _E.NOTICE: _S.NOTICED,
            _E.PART_BACK: _S.PARTLY_BACK,
            _E.ALL_BACK: _S.REPAID,
            _E.NOT_BACK: _S.CLAIMED,
            _E.WRITE_OFF: _S.WRITTEN_OFF,
            _E.WITHDRAW: _S.WITHDRAWN,
        },
        _S.NOTICED: {
            _E.NOTICE: _S.NOTICED,
            _E.AGREE: _S.AGREED,
            _E.PART_BACK: _S.PARTLY_BACK,
            _E.ALL_BACK: _S.REPAID,
            _E.NOT_BACK: _S.CLAIMED,
            _E.WRITE_OFF: _S.WRITTEN_OFF,
            _E.WITHDRAW: _S.WITHDRAWN,
        },
        _S.AGREED: {
            _E.NOTICE: _S.AGREED,
            _E.AGREE: _S.AGREED,
            _E.PART_BACK: _S.PARTLY_BACK,
            _E.ALL_BACK: _S.REPAID,
            _E.NOT_BACK: _S.CLAIMED,
            _E.WRITE_OFF: _S.WRITTEN_OFF,
            _E.WITHDRAW: _S.WITHDRAWN,
        },
        _S.PARTLY_BACK: {
            _E.NOTICE: _S.PARTLY_BACK,
            _E.AGREE: _S.PARTLY_BACK,
            _E.PART_BACK: _S.PARTLY_BACK,
            _E.ALL_BACK: _S.REPAID,
            _E.NOT_BACK: _S.CLAIMED,
            _E.WRITE_OFF: _S.WRITTEN_OFF,
            _E.WITHDRAW: _S.WITHDRAWN,
        },
        _S.REPAID: {
            _E.ALL_BACK: _S.REPAID,
            _E.NOT_BACK: _S.CLAIMED,
            _E.REPAY: _S.REPAID,
            _E.WITHDRAW: _S.WITHDRAWN,
        },
        _S.WRITTEN_OFF: {
            _E.PART_BACK: _S.WRITTEN_OFF,
            _E.ALL_BACK: _S.REPAID,
            _E.NOT_BACK: _S.CLAIMED,
            _E.WITHDRAW: _S.WITHDRAWN,
        },
        _S.WITHDRAWN: {
            _E.PART_BACK: _S.WITHDRAWN,
            _E.ALL_BACK: _S.WITHDRAWN,
            _E.NOT_BACK: _S.WITHDRAWN,
            _E.REPAY: _S.WITHDRAWN,
        },
    }
)
"""Absent pairs are refused: nobody agrees to what they were not told of, and nothing is written off twice."""


def step(state: RecoveryState, event: RecoveryEvent) -> RecoveryState:
    """The state after an event; `TransitionError` for one that cannot happen there."""
    after = TABLE[state].get(event)
    if after is None:
        raise TransitionError(f"a recovery case that is {state} cannot be told {event}", code="recovery_state")
    return after


class Way(StrEnum):
    """How money comes back."""

    TRANSFER = "transfer"
    """Booked on a statement of ours."""
    WAGES = "wages"
    """Kept from wages, with consent."""
    RETURNED = "returned"
    """The bank has returned the payment itself."""
    REPAID = "repaid"
    """Went the other way: paid to the person out of what came back too much. Below zero in the ledger."""


@dataclass(frozen=True, slots=True)
class ClaimedLine:
    """One payment that is claimed back, whole or in part, as it was found."""

    reference: str
    run_id: str
    period: str
    component: str
    pay_day: date
    paid_minor: int = field(repr=False)
    amount_minor: int = field(repr=False)
    """What is claimed of it."""
    working: str
    cause_version: int
    """The version of the person that makes it so."""
    cause_recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Instalment:
    """One part of a plan."""

    due: date
    amount_minor: int = field(repr=False)
    way: Way = Way.TRANSFER


@dataclass(frozen=True, slots=True)
class RecoveryCase:
    """One claim against one person, in one currency."""

    id: str
    number: str
    reference: str
    """What a transfer back has to name: 26 characters A-Z and 2-7."""
    state: RecoveryState
    currency: str
    opened_by: str
    opened_at: datetime
    lines: Sequence[ClaimedLine] = field(repr=False)
    plan: Sequence[Instalment] = field(default=(), repr=False)
    back_minor: int = field(default=0, repr=False)
    """What has come back so far, by whatever way."""
    repaid_minor: int = field(default=0, repr=False)
    """What of it was paid to the person, since it had come back too much."""
    wage_minor: int | None = field(default=None, repr=False)
    """The month's wage that the person agreed to have instalments kept from; None where none are."""
    changed_at: datetime | None = None
    version: int = 1

    @property
    def amount_minor(self) -> int:
        """What was claimed."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def claimed_minor(self) -> int:
        """What is claimed now: nothing once the claim was withdrawn."""
        return 0 if self.state is RecoveryState.WITHDRAWN else self.amount_minor

    @property
    def open_minor(self) -> int:
        """What is still waited for; nothing once the case is closed.

        Of a claim that was withdrawn only what was paid to the person of a return that the bank has taken back since.
        """
        waits = self.state.open or self.state is RecoveryState.WITHDRAWN
        return max(self.claimed_minor - self.kept_minor, 0) if waits else 0

    @property
    def kept_minor(self) -> int:
        """What came back and is still here."""
        return self.back_minor - self.repaid_minor

    @property
    def owed_back_minor(self) -> int:
        """What came back too much, and is not paid to the person yet."""
        return max(self.kept_minor - self.claimed_minor, 0)


class EntryKind(StrEnum):
    """What an entry of a case's ledger is about."""

    OPENED = "opened"
    NOTICE = "letter"
    AGREEMENT = "agreement"
    MONEY = "money"
    WRITE_OFF = "write_off"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class RecoveryEntry:
    """One entry of a case's ledger. Nothing in it is ever changed or deleted."""

    kind: EntryKind
    at: datetime
    person: str
    """Who did it; ``baton`` for what was taken in by itself."""
    state: RecoveryState
    """Where the case stood afterwards."""
    evidence: str = ""
    """The name of what proves it, the same only for the same thing: a booking, a payslip, a signed paper."""
    amount_minor: int = field(default=0, repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What was said, in JSON values."""
    place: int = 0
    """From 1, in the order of the ledger."""

    @property
    def announcement(self) -> str:
        """The effect of the text message that told of this letter; empty where there is none."""
        return str(self.facts.get("announcement", {}).get("effect", ""))
