"""A leaver's case: the list of what they hold, who is to have it, and every statement made about it.

A case and an item are closed machines like an effect: every step is one function and one audit entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import orjson

from baton.errors import TransitionError
from baton.model.account import Scalar
from baton.model.handover import Holding, HoldingKind, HoldingRef, Undo

LARGEST_NUMBER: Final = 2**31 - 1
"""Of an item or a version: what the store's columns can hold. Nothing larger can even be asked for."""


class Cause(StrEnum):
    """Why a case was opened."""

    RESIGNATION = "resignation"
    EMERGENCY = "emergency"
    """The person must be out at once: nobody waits for a last working moment."""
    BY_HAND = "by_hand"


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    PAUSED = "paused"
    RETRACTED = "retracted"
    """The person stays after all."""
    COMPLETED = "completed"


NEW_MANAGER: Final = "manager: "
"""So begins what is kept of naming another manager: an `Act.OPEN` that does not say that the leaver leaves."""
CASE_STEPS: Final[Mapping[CaseState, frozenset[CaseState]]] = {
    CaseState.OPEN: frozenset({CaseState.PAUSED, CaseState.RETRACTED, CaseState.COMPLETED}),
    CaseState.PAUSED: frozenset({CaseState.OPEN, CaseState.RETRACTED}),
    CaseState.RETRACTED: frozenset({CaseState.OPEN}),
    CaseState.COMPLETED: frozenset({CaseState.OPEN}),
}


class ItemState(StrEnum):
    """Where one item of the checklist stands."""

    OPEN = "open"
    """Nobody is to have it yet."""
    OFFERED = "offered"
    """A successor is named and has not answered."""
    ACCEPTED = "accepted"
    """The successor has accepted this version."""
    APPROVED = "approved"
    """The manager has approved that acceptance: it may go."""
    MOVING = "moving"
    """The transfer is under way, or the vendor has only promised it."""
    STUCK = "stuck"
    """The system, or the client, has refused: a person has to do something."""
    DONE = "done"
    """Read back: the successor holds it. Or, by hand: a person has confirmed it with evidence."""
    LEFT = "left"
    """Decided, with a reason, not to be passed on."""
    GONE = "gone"
    """The leaver no longer holds it, by no doing of ours."""

    @property
    def closed(self) -> bool:
        """True when nothing is left to do about it."""
        return self in (ItemState.DONE, ItemState.LEFT, ItemState.GONE)


NO_ACCOUNT: Final = "no_account"
"""The code of an approved item whose successor has no account in its system: it goes once there is one."""
READ_BACK: Final = "read_back"
"""The code of an item whose system itself has shown that it is as it should be."""
MOVED_AGAIN: Final = "moved_again"
"""The code of an item that is with somebody who is not to have it (any more), by no doing of ours that we know of."""
NOT_BACK: Final = "not_back"
"""The code of an item that its system says has come back, and that is not there."""
NOT_TAKEN_BACK: Final = "not_taken_back"
"""The code of an item that is done, and whose way back was refused. A person may try again; nothing does by itself."""
NO_SYSTEM: Final = "no_system"
"""The code of an item, and of an effect that was called back, whose system has been taken out of ``systems.yaml``."""

ITEM_STEPS: Final[Mapping[ItemState, frozenset[ItemState]]] = {
    ItemState.OPEN: frozenset(
        {ItemState.OFFERED, ItemState.MOVING, ItemState.STUCK, ItemState.DONE, ItemState.LEFT, ItemState.GONE}
    ),
    ItemState.OFFERED: frozenset(
        {
            ItemState.OPEN,
            ItemState.OFFERED,
            ItemState.ACCEPTED,
            ItemState.STUCK,
            ItemState.DONE,
            ItemState.LEFT,
            ItemState.GONE,
        }
    ),
    ItemState.ACCEPTED: frozenset(
        {ItemState.OPEN, ItemState.OFFERED, ItemState.APPROVED, ItemState.STUCK, ItemState.LEFT, ItemState.GONE}
    ),
    ItemState.APPROVED: frozenset(
        {
            ItemState.OPEN,
            ItemState.OFFERED,
            ItemState.MOVING,
            ItemState.STUCK,
            ItemState.DONE,
            ItemState.LEFT,
            ItemState.GONE,
        }
    ),
    ItemState.MOVING: frozenset(
        {
            ItemState.DONE,
            ItemState.STUCK,
            ItemState.APPROVED,
            ItemState.OFFERED,
            ItemState.OPEN,
            ItemState.LEFT,
            ItemState.GONE,
        }
    ),
    ItemState.STUCK: frozenset(
        {ItemState.OPEN, ItemState.MOVING, ItemState.OFFERED, ItemState.DONE, ItemState.LEFT, ItemState.GONE}
    ),
    ItemState.DONE: frozenset({ItemState.OPEN, ItemState.MOVING}),
    ItemState.LEFT: frozenset({ItemState.OPEN, ItemState.MOVING, ItemState.GONE}),
    ItemState.GONE: frozenset({ItemState.OPEN}),
}


def require_item_step(before: ItemState, after: ItemState) -> None:
    """Raise `TransitionError` unless the closed machine of items allows this step."""
    if after not in ITEM_STEPS[before]:
        raise TransitionError(f"an item cannot go from {before} to {after}")


WITH_A_SUCCESSOR: Final = (ItemState.OFFERED, ItemState.ACCEPTED, ItemState.APPROVED)
"""Where an item stands that is offered to somebody, or that they are to get."""


def require_case_step(before: CaseState, after: CaseState) -> None:
    """Raise `TransitionError` unless the closed machine of cases allows this step."""
    if after not in CASE_STEPS[before]:
        raise TransitionError(f"a case cannot go from {before} to {after}")


class Role(StrEnum):
    """As whom a person speaks in a case."""

    LEAVER = "leaver"
    SUCCESSOR = "successor"
    MANAGER = "manager"
    HR = "hr"


class Act(StrEnum):
    """What a statement does."""

    OPEN = "open"
    PAUSE = "pause"
    RETRACT = "retract"
    REOPEN = "reopen"
    COMPLETE = "complete"
    NAME = "name"
    """Name the successor of an item."""
    NOTE = "note"
    ASK = "ask"
    ANSWER = "answer"
    ATTACH = "attach"
    """Put a file to an item: `baton.model.attachment`."""
    ACCEPT = "accept"
    REFUSE = "refuse"
    APPROVE = "approve"
    LEAVE = "leave"
    """Decide that an item is not passed on."""
    CONFIRM = "confirm"
    """Say that something done by hand is done, with evidence."""
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class LeaverDates:
    """The three moments (UTC) of a leaver; None while one is not decided."""

    last_working_at: datetime | None = None
    contract_end_at: datetime | None = None
    pay_end_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One person's leaving."""

    id: str
    number: str
    """The leaver's employee number."""
    state: CaseState
    cause: Cause
    policy: str
    """The name of the policy that applies (by role and department)."""
    manager: str
    """The employee number of who approves."""
    opened_by: str
    opened_at: datetime
    dates: LeaverDates
    version: int = 1
    name: str = field(default="", repr=False)
    """The leaver's name when the case was opened."""
    salt: bytes = field(default=b"", repr=False)
    """32 random bytes under which contents are digested: nobody can guess a title from its digest."""
    department: str = ""
    checked_at: datetime | None = None
    """When the checklist was last compared with every system."""
    picture: bytes = b""
    """What all systems showed then, in one digest (32 bytes); empty when the list has been changed since."""
    completed_at: datetime | None = None
    protected_until: datetime | None = None
    """Until then the clients are watched after the person has left."""
    watched_until: datetime | None = None
    """Up to (and not including) then what was done in the systems has been looked at."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on the checklist, at its newest version."""

    case_id: str
    id: int
    system: str
    """Empty for what no system knows: a paper file, a key, a promise made to a client."""
    ref: HoldingRef
    state: ItemState
    version: int
    digest: bytes
    """Of what a successor accepts: `content_digest`."""
    title: str = field(repr=False)
    facts: Mapping[str, Scalar] = field(default_factory=dict, repr=False)
    about: HoldingRef | None = None
    amount: Decimal | None = None
    currency: str = ""
    by_hand: str = ""
    undo: Undo = Undo.REVERSIBLE
    successor: str = ""
    """An employee number; empty while nobody is named."""
    accepted_version: int = 0
    accepted_by: str = ""
    approved_by: str = ""
    holder_id: str = ""
    """The leaver's external id in that system, when it was last seen there."""
    due_at: datetime | None = None
    effect_key: str = ""
    """The newest effect that moves it."""
    code: str = ""
    message: str = ""
    changed_at: datetime | None = None

    @property
    def kind(self) -> HoldingKind:
        """What sort of thing it is."""
        return self.ref.kind

    @property
    def holding(self) -> Holding:
        """The thing itself, as last seen."""
        return Holding(self.ref, self.title, self.facts, self.about, self.amount, self.currency, self.by_hand)


@dataclass(frozen=True, slots=True)
class Statement:
    """Something a person said about a case or an item, signed by the hub for them."""

    case_id: str
    item_id: int | None
    """None: about the case as a whole."""
    item_version: int
    item_digest: bytes
    act: Act
    person: str
    """An employee number, or the name a person logged in with."""
    role: Role
    at: datetime
    text: str = field(repr=False)
    signature: bytes = field(default=b"", repr=False)
    """Ed25519 over `statement_bytes`."""


def content_document(holding: Holding) -> dict[str, Any]:
    """What a successor accepts, as JSON values: title, facts, amount, and what it belongs to."""
    return {
        "kind": holding.ref.kind.value,
        "id": holding.ref.external_id,
        "title": holding.title,
        "about": str(holding.about) if holding.about else "",
        "facts": {name: _plain(value) for name, value in holding.facts.items()},
        "amount": "" if holding.amount is None else f"{holding.amount} {holding.currency}",
        "by_hand": holding.by_hand,
    }


def document_digest(document: Mapping[str, Any], salt: bytes) -> bytes:
    """The digest (32 bytes) of a `content_document` under a case's salt."""
    content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(b"baton-item-1" + salt + content).digest()


def content_digest(holding: Holding, salt: bytes) -> bytes:
    """What a successor accepts, in one value (32 bytes)."""
    return document_digest(content_document(holding), salt)


STATEMENT_DOMAIN: Final = b"statement-1"
"""What a signature over a statement is made for, and nothing else."""


def statement_document(said: Statement) -> dict[str, Any]:
    """What is signed of a statement, as JSON values."""
    return {
        "case": said.case_id,
        "item": said.item_id,
        "version": said.item_version,
        "digest": said.item_digest.hex(),
        "act": said.act.value,
        "person": said.person,
        "role": said.role.value,
        "at": said.at.isoformat(),
        "text": said.text,
    }


def statement_bytes(said: Statement) -> bytes:
    """What is signed of a statement: canonical JSON, so that anybody can check it."""
    return orjson.dumps(statement_document(said), option=orjson.OPT_SORT_KEYS)


def _plain(value: Scalar) -> list[str]:
    """A value with its type, so that 1 and "1" differ."""
    return [type(value).__name__, "" if value is None else str(value)]
