"""What a person holds: records they own, work that waits for them, rights they have. And passing each of it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from baton.model.account import AccountRef, Scalar


class HoldingKind(StrEnum):
    """What sort of thing a holding is, whatever the vendor calls it."""

    CLIENT = "client"
    CONTACT = "contact"
    LEAD = "lead"
    OPPORTUNITY = "opportunity"
    QUOTE = "quote"
    ORDER = "order"
    CONTRACT = "contract"
    RECEIVABLE = "receivable"
    TICKET = "ticket"
    """A service case (a *case* is a leaver's handover here)."""
    TASK = "task"
    APPROVAL = "approval"
    DOCUMENT = "document"
    CALENDAR = "calendar"
    GROUP = "group"
    EXPENSE = "expense"
    ADVANCE = "advance"
    ACCOUNT = "account"
    GRANT = "grant"
    ASSET = "asset"
    PAPER = "paper"
    REPOSITORY = "repository"
    OTHER = "other"


class Undo(StrEnum):
    """Whether passing something on can be taken back."""

    REVERSIBLE = "reversible"
    TIME_LIMITED = "time_limited"
    IRREVERSIBLE = "irreversible"


class HandoverAction(StrEnum):
    """What an effect of a handover does."""

    TRANSFER = "transfer"
    """Give a holding from its expected holder to another person; taking it back is the same with the sides swapped."""
    ENTITLE = "entitle"
    """Give a person a right."""
    REVOKE = "revoke"
    """Take a right from a person."""
    END_SESSIONS = "end_sessions"
    """Log a person out everywhere."""
    NOTIFY = "notify"
    """Send a message."""

    @property
    def destructive(self) -> bool:
        """False: the gate counts people who lose their accounts. A handover has acceptance and approval of its own."""
        return False


@dataclass(frozen=True, slots=True)
class HoldingRef:
    """How to find one holding in its system."""

    kind: HoldingKind
    external_id: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.external_id}"


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing a person holds, as its system shows it now."""

    ref: HoldingRef
    title: str = field(repr=False)
    """What a person calls it: the client's name, the subject of an approval."""
    facts: Mapping[str, Scalar] = field(default_factory=dict, repr=False)
    """What a successor should know before accepting (stage, amount, due date). A change makes a new version of the
    item, so nothing belongs here that changes by itself (last viewed, modified at)."""
    about: HoldingRef | None = None
    """What it belongs to in the same system: the client of an opportunity, the opportunity of an approval."""
    amount: Decimal | None = None
    currency: str = ""
    by_hand: str = ""
    """Why this system's interface cannot pass it on, where it cannot: then a named person has to. Else empty."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One holding to be given from one person to another."""

    key: str
    """The effect key (64 hex digits): the same on every repeat."""
    ref: HoldingRef
    holder: AccountRef
    """Who must hold it now. Anything else is refused (`OwnershipStore.CHANGED`), never overwritten."""
    successor: AccountRef
    batch_id: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One right of a person in a system: a role, a membership, access to one object."""

    id: str
    """Names the right itself, not the person's having it: what another person would be given."""
    title: str
    level: str = ""
    """``role``, ``member``, ``read``, ``edit`` …: the vendor's own word."""
    object: HoldingRef | None = None
    """What it opens, where it is a right to one thing."""
    by_hand: str = ""
    """Why the system's interface cannot take it away, where it cannot. Else empty."""


@dataclass(frozen=True, slots=True)
class GrantChange:
    """One right to be given to a person, or taken from them."""

    key: str
    person: AccountRef
    grant_id: str
    batch_id: str = ""


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """One person to be logged out everywhere."""

    key: str
    person: AccountRef
    batch_id: str = ""


class AddressKind(StrEnum):
    """What the address of a message is, for a notifier where people have no accounts."""

    MAIL = "mail"
    MOBILE = "mobile"
    """Looked up in HR's newest word at the moment of sending, and kept with no message."""


class MessageForm(StrEnum):
    """How much of a message reaches the person."""

    LETTER = "letter"
    """All of it: subject, text and link, as they were written."""
    NOTE = "note"
    """That there is something: the subject or its beginning, and the link whole or not at all. Never the text."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person."""

    key: str
    to: AccountRef
    address: str = field(repr=False)
    """A mail address, a mobile number, or whatever the notifier needs besides the account; may be empty."""
    subject: str
    text: str = field(repr=False)
    link: str = field(default="", repr=False)
    batch_id: str = ""
    since: datetime | None = None
    """Nothing of it was sent before this moment; None where nobody knows."""


HandoverWrite: TypeAlias = Transfer | GrantChange | SessionEnd | Message
"""One intended write of a handover, as the engine hands it to a connector."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something that will keep a person's account from being closed, found before it is tried."""

    code: str
    title: str
    remedy: str
    """What to do, where: in the vendor's own words for menus and fields."""
    ref: HoldingRef | None = None


class ActivityKind(StrEnum):
    """What somebody did that matters during a handover."""

    ORDER = "order"
    EXPORT = "export"
    DISCOUNT = "discount"
    REASSIGNED = "reassigned"


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that was done in a system."""

    id: str
    """The vendor's own id of the event: seen twice, it is one."""
    kind: ActivityKind
    at: datetime
    actor: str
    """The external id of the person who did it."""
    about: HoldingRef | None = None
    """The client, or the record, it was done to."""
    title: str = field(default="", repr=False)
    amount: Decimal | None = None
    currency: str = ""
    count: int | None = None
    """Records exported; None where the system does not say how many, and for what is no export. Never 0."""
    before: str = ""
    after: str = ""
    """For a change: the values (an owner's external id, a discount in per cent)."""
    client: HoldingRef | None = None
    """The client that ``about`` belongs to, where it is not the client itself and the system knows."""

    @property
    def concerns(self) -> tuple[HoldingRef, ...]:
        """What it was done to, and whose that is."""
        return tuple(ref for ref in (self.about, self.client) if ref is not None)
