"""The ways in which file, approvals, the bank's answers and the statement can disagree."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class DifferenceKind(StrEnum):
    """What does not agree."""

    NOT_APPROVED = "not_approved"
    """A file, or these bytes of it, that nobody has signed for."""
    NOT_FILED = "not_filed"
    """Signed for, and in no file."""
    FILE_TOTAL = "file_total"
    """The lines of a file are not what its count and total say."""
    MISSING = "missing"
    """Filed, not refused, and on no statement in time."""
    UNEXPECTED_DEBIT = "unexpected_debit"
    PAID_TWICE = "paid_twice"
    PAID_THOUGH_REFUSED = "paid_though_refused"
    """The bank has said that it will not pay, and has booked it."""
    NOT_SENT = "not_sent"
    """Booked, and never released by anybody here."""
    AMOUNT_DIFFERS = "amount_differs"
    OTHER_ACCOUNT = "other_account"
    AMBIGUOUS = "ambiguous"
    DISPUTED = "disputed"
    RETURNED = "returned"
    RETURNED_TWICE = "returned_twice"
    RETURN_MISSING = "return_missing"
    """The bank has said that it came back, and no statement shows the money in time."""
    DOUBLED_STATEMENT = "doubled_statement"
    """A statement that was read before, with the same content: not counted again."""
    CHANGED_STATEMENT = "changed_statement"
    """The same account, sequence and id, in one year, with another content."""
    STATEMENT_GAP = "statement_gap"
    """Between two statements of an account something is missing: sequence or balance does not go on."""
    BALANCE = "balance"
    """Within one statement the bookings do not make the closing balance."""


ALARMS: Final = frozenset(
    {
        DifferenceKind.NOT_APPROVED,
        DifferenceKind.UNEXPECTED_DEBIT,
        DifferenceKind.PAID_TWICE,
        DifferenceKind.PAID_THOUGH_REFUSED,
        DifferenceKind.NOT_SENT,
        DifferenceKind.AMOUNT_DIFFERS,
        DifferenceKind.OTHER_ACCOUNT,
        DifferenceKind.AMBIGUOUS,
        DifferenceKind.DISPUTED,
        DifferenceKind.CHANGED_STATEMENT,
    }
)
"""Somebody has to be told at once: money may be leaving that should not."""
EXPLAINED: Final = frozenset({DifferenceKind.RETURNED, DifferenceKind.DOUBLED_STATEMENT})
"""Listed, and accounted for: these alone do not keep a run from being clean."""


class Weight(StrEnum):
    """What a difference asks of people."""

    ALARM = "alarm"
    """To look at once."""
    LOOK = "look"
    """To find out what is missing: no money is known to have left that should not."""
    NONE = ""
    """Listed, and accounted for."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree."""

    kind: DifferenceKind
    what: str
    """The reference of a line, the id of a file, booking or statement; never a name or an account."""
    expected_minor: int | None = field(repr=False, default=None)
    found_minor: int | None = field(repr=False, default=None)
    hint: str = ""
    """A reference that a person may look at."""
    place: str = ""
    """The statement it stands on, by its file and place; empty for what stands on none, or on several."""

    @property
    def alarm(self) -> bool:
        """Whether somebody has to be told at once."""
        return self.kind in ALARMS

    @property
    def weight(self) -> Weight:
        """What it asks of people."""
        return Weight.ALARM if self.alarm else Weight.NONE if self.kind in EXPLAINED else Weight.LOOK
