"""What a bank says after a file was delivered, whatever its format: reports on orders, and entries on statements.

What every line has one of is a named tuple: a frozen dataclass of ten fields takes three times as long to make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class AnswerLevel(StrEnum):
    """What an answer is about. A finer one overrides a coarser one of the same report; unlisted lines inherit."""

    FILE = "file"
    BATCH = "batch"
    LINE = "line"


class BankState(StrEnum):
    """What the bank says a payment is, whatever its own word. `PAID` is the only one that means money arrived."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    """Checked in some depth; not paid."""
    PENDING = "pending"
    DEBITED = "debited"
    """Our side is settled; the payee's is not known."""
    PAID = "paid"
    """Credited to the payee, and final."""
    PARTIAL = "partial"
    """Of a file or batch: some lines differ, see them."""
    REJECTED = "rejected"
    RETURNED = "returned"
    """Was paid, came back."""
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    """The bank keeps the money: neither posted to the payee nor coming back by itself."""
    UNKNOWN = "unknown"
    """The bank itself cannot say yet, or has no such order."""


class ReasonKind(StrEnum):
    """What a bank's reason asks of us."""

    NONE = "none"
    DATA = "data"
    """The line is wrong and can be corrected: name, account number, bank code, format."""
    DEAD_ACCOUNT = "dead_account"
    FUNDS = "funds"
    DUPLICATE = "duplicate"
    """Never send again; ask what the bank already has."""
    CUT_OFF = "cut_off"
    LIMIT = "limit"
    REGULATORY = "regulatory"
    UNNAMED = "unnamed"
    UNREAD = "unread"
    """Refused in words of the bank's own that no table has: somebody has to say what they mean."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in the bank's code and in our word for it."""

    code: str
    kind: ReasonKind
    text: str = field(default="", repr=False)
    """The bank's own additional words; may name a person."""
    piece: str = ""
    """The piece of words that its kind was read from; empty where the bank's code says it, or nothing was read."""


class BankAnswer(NamedTuple):
    """One statement of a report about one file, one batch of it or one line of it."""

    level: AnswerLevel
    state: BankState
    raw_state: str
    """The bank's own word."""
    message_id: str = ""
    """Of the order it answers; empty where the report leaves it out."""
    batch_id: str = ""
    reference: str = ""
    """The line's end-to-end reference."""
    reasons: Sequence[Reason] = ()
    amount_minor: int | None = None
    currency: str = ""
    reported: datetime | None = None
    told_count: str = ""
    """Of a file: how many lines the bank says it had, as it is written there."""
    told_sum: str = ""
    """Of a file: what the bank says they add up to."""


class Direction(StrEnum):
    """Which way money went, seen from our account."""

    DEBIT = "debit"
    CREDIT = "credit"


class StatementEntry(NamedTuple):
    """One booking, or one transaction inside a batch booking."""

    entry_id: str
    """The bank's own reference of the booking; unique within its statement."""
    direction: Direction
    amount_minor: int
    currency: str
    booked: date
    references: Sequence[str] = ()
    """Every place in which our reference may stand, the most reliable first; never ``NOTPROVIDED``."""
    batch_id: str = ""
    """Set when one booking stands for a whole batch."""
    batch_count: int | None = None
    returned: Reason | None = None
    """Set when this entry brings back an earlier payment."""
    pending: bool = False
    counterparty: str = ""
    """A hint only: banks cut names."""

    def __repr__(self) -> str:
        """Without the counterparty, who may be a person."""
        told = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields[:-1], self[:-1], strict=True))
        return f"StatementEntry({told})"


@dataclass(frozen=True, slots=True)
class Statement:
    """The head of a statement; its entries are read beside it, so that a million of them cost no memory."""

    account: str = field(repr=False)
    statement_id: str = ""
    sequence: str = ""
    """The bank's electronic sequence number: with account and id what makes a second copy recognisable."""
    currency: str = ""
    opening_minor: int | None = None
    closing_minor: int | None = None
    closed: str = ""
    """The day of its closing balance, ``YYYY-MM-DD``; empty where it tells none. Many banks count anew each year."""
    page: int = 0
    """Which page of its statement it is, from 1; 0 for a statement in one piece. Only the first has the opening
    balance, and only the last the closing one."""
    pages_follow: bool = False
    """Whether its statement goes on on a further page."""
    told_opening_minor: int | None = None
    """What a page after the first tells as its opening balance: that of the whole once more, or, where a bank numbers
    its pages on from one statement to the next, its own."""
    message_page: int = 0
    """Which page of the bank's message it stands on, from 1; 0 for a message in one piece. A statement may go on on
    the next one without a page of its own."""
