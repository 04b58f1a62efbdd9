"""A pay run as it is kept: what is to be paid together, in which files, and where each line stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from baton.model.payable import BankAccount, Component, Payable

JOB: Final = "payment"
"""The job's name on runs and effects."""


class LineState(StrEnum):
    """Where a line of a pay run stands. Only `PAID` means that the money is with the payee."""

    DRAFT = "draft"
    HELD = "held"
    """A check has found something that a named person has to waive first."""
    LEFT_OUT = "left_out"
    """Not paid by this run, with a reason; the payable may be paid by another."""
    FILED = "filed"
    """In a finished file that waits for its signatures."""
    RELEASED = "released"
    """Signed; the file may have reached the bank."""
    ACCEPTED = "accepted"
    DEBITED = "debited"
    """Our account is settled; whether the payee's is, nobody has said."""
    PAID = "paid"
    REJECTED = "rejected"
    RETURNED = "returned"
    """Was paid and came back."""
    IN_DOUBT = "in_doubt"
    """The bank has to be asked; never sent again before it has answered."""
    RECALLED = "recalled"
    """The bank has stopped it at our request; it was not paid."""
    DISPUTED = "disputed"
    """The bank has said two things that cannot both be, or keeps the money: a person has to find out; an alarm."""
    CANCELLED = "cancelled"
    """Given up before any byte left."""

    @property
    def claims(self) -> bool:
        """True while nobody else may use the payable's key: drafts do; what was ever sent does for good.

        What failed at the bank is paid again under the next attempt's key only.
        """
        return self not in (LineState.LEFT_OUT, LineState.CANCELLED)

    @property
    def unsent(self) -> bool:
        """True while no byte about this line can have left."""
        return self in (LineState.DRAFT, LineState.HELD, LineState.FILED)


FAILED: Final = (LineState.REJECTED, LineState.RETURNED, LineState.RECALLED)
"""Not paid, by the bank's own word: only that is paid again, as the next attempt."""
SILENT: Final = (LineState.RELEASED, LineState.IN_DOUBT)
"""Released, and the bank has said nothing of it."""
CLAIMED: Final = "claimed"
"""The code of a line left out since the same payable is in another run, drafts included."""
DOUBLED: Final = "doubled"
"""The code of a line left out since the same payable stands further up in the same run."""
OTHER_COMPONENT: Final = "other_component"
BY_DRAFT: Final = (CLAIMED, DOUBLED, OTHER_COMPONENT)
"""Codes of lines that were left out before any check, and stay so."""


@dataclass(frozen=True, slots=True)
class PayRun:
    """One run: one kind of payment, one currency, one bank, one day."""

    run_id: str
    system: str
    """The bank's channel, by its name in systems.yaml."""
    profile: str
    component: Component
    period: str
    currency: str
    execution_day: date
    created: datetime
    payer: BankAccount = field(repr=False)
    initiator: str
    report_digest: str = ""
    """Of the last checks; empty before the first."""
    people_digest: str = ""
    """Of who the payees were in HR's eyes at the last checks: any later version of one of them changes it."""
    asked: str = ""
    """SHA-256 (hex) of what asked for it (a scheduler's run, a caller's request): asking again finds it. Empty: nothing
    that would ask again."""
    version: int = 1
    facts: Mapping[str, object] = field(default_factory=dict, repr=False)
    """Declared and computed totals, the report of the checks: sealed."""


@dataclass(frozen=True, slots=True)
class PayLine:
    """One payable in one run."""

    run_id: str
    line: int
    """Its place in the run, from 1."""
    payable: Payable
    state: LineState
    message_id: str = ""
    """Of the file it is in."""
    code: str = ""
    """Why it is where it is: a rule's id, or the bank's reason."""
    changed_at: datetime | None = None
    version: int = 1

    @property
    def reference(self) -> str:
        """The end-to-end reference."""
        return self.payable.key.reference


@dataclass(frozen=True, slots=True)
class PayFile:
    """One finished file: the exact bytes that were signed for."""

    message_id: str
    run_id: str
    part: int
    name: str
    plain_digest: str
    """SHA-256 (hex) of what the bank reads once it has opened the file: what approvals are bound to."""
    sealed_digest: str
    """SHA-256 (hex) of the encrypted file as it is delivered."""
    size_bytes: int
    count: int
    effect_key: str
    people_digest: str
    """Of who its payees were in HR's eyes when it was built."""
    created: datetime
    total_minor: int = field(repr=False, default=0)
    version: int = 1
