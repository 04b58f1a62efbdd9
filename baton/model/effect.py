"""An intended write, before, during and after the call: the hub's one table of intents is made of these."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from baton.errors import TransitionError
from baton.model.account import AccountState, Action, Scalar
from baton.model.handover import HandoverAction


class RecordAction(StrEnum):
    """What an effect does to a segment of records (a migration's unit of work: some thousand records, one row)."""

    LOAD = "load"
    """Bring every record of the segment from its state before into the state that was planned."""
    RESTORE = "restore"
    """The way back: from the planned state into the one before."""

    @property
    def destructive(self) -> bool:
        """False: the gate counts what is taken from people. Migrations have stop rules of their own."""
        return False


class PaymentAction(StrEnum):
    """What an effect does at a bank. Its entity is the message id of a file: money has no version."""

    DELIVER = "deliver"

    @property
    def destructive(self) -> bool:
        """False: what a payment takes away is money, and people sign for it before there is an effect to send."""
        return False


EffectAction: TypeAlias = Action | RecordAction | HandoverAction | PaymentAction
"""What an effect may do."""
ACCOUNT_ACTIONS: Final = frozenset(action.value for action in Action)
EVERY_ACTION: Final[tuple[EffectAction, ...]] = (
    *Action,
    *RecordAction,
    *HandoverAction,
    *PaymentAction,
)
_ACTIONS: Final = {action.value: action for action in EVERY_ACTION}


def effect_action(word: str) -> EffectAction:
    """The action of that name; KeyError for a word that is none."""
    return _ACTIONS[word]


class EffectState(StrEnum):
    """Where an effect stands. ``sent`` is committed before the call, so ``sent`` without a receipt means in doubt."""

    PLANNED = "planned"
    HELD = "held"
    SENT = "sent"
    ACCEPTED = "accepted"
    IN_DOUBT = "in_doubt"
    DONE = "done"
    REFUSED = "refused"
    SUPERSEDED = "superseded"

    @property
    def open(self) -> bool:
        """True while something may still happen; an open effect blocks later ones of the same entity."""
        return self not in (EffectState.DONE, EffectState.REFUSED, EffectState.SUPERSEDED)

    @property
    def unsettled(self) -> bool:
        """True after the first byte may have left and before the outcome is known."""
        return self in (EffectState.SENT, EffectState.ACCEPTED, EffectState.IN_DOUBT)


TRANSITIONS: Final[Mapping[EffectState, frozenset[EffectState]]] = {
    EffectState.PLANNED: frozenset({EffectState.HELD, EffectState.SENT, EffectState.SUPERSEDED}),
    EffectState.HELD: frozenset({EffectState.PLANNED, EffectState.SUPERSEDED}),
    EffectState.SENT: frozenset(
        {
            EffectState.ACCEPTED,
            EffectState.DONE,
            EffectState.REFUSED,
            EffectState.IN_DOUBT,
            EffectState.PLANNED,  # only when the target itself said that it did nothing
        }
    ),
    EffectState.ACCEPTED: frozenset({EffectState.DONE, EffectState.REFUSED, EffectState.IN_DOUBT}),
    EffectState.IN_DOUBT: frozenset({EffectState.DONE, EffectState.ACCEPTED, EffectState.PLANNED, EffectState.REFUSED}),
    EffectState.DONE: frozenset(),
    EffectState.REFUSED: frozenset(),
    EffectState.SUPERSEDED: frozenset(),
}
OPEN_STATES: Final = tuple(state.value for state in EffectState if state.open)
UNSETTLED_STATES: Final = tuple(state.value for state in EffectState if state.unsettled)
REJECTED: Final = "rejected"
"""The code of what a run held when a person rejected it."""
LATEST_COPY: Final = timedelta(hours=1)
"""So long after an effect in doubt has ended nothing of it is taken to be under way. Our own side gives a connection up
after the system's deadline (at most 10 minutes); the rest is what a proxy or a queue of the vendor may take."""


RESTORED: Final[Mapping[EffectState, frozenset[EffectState]]] = {
    EffectState.PLANNED: frozenset({EffectState.IN_DOUBT}),
    EffectState.HELD: frozenset({EffectState.IN_DOUBT}),
}
"""What can happen besides in a store that was set back to a backup: what was unsent then may have been sent since."""


def require_set_back(before: EffectState, after: EffectState) -> None:
    """As `require_transition`, for a store that was restored."""
    if after not in RESTORED.get(before, frozenset()):
        require_transition(before, after)


def require_transition(before: EffectState, after: EffectState) -> None:
    """Raise `TransitionError` unless the closed machine allows this step."""
    if after not in TRANSITIONS[before]:
        raise TransitionError(f"an effect cannot go from {before} to {after}")


def effect_key(job: str, system: str, entity: str, action: str, version: int) -> str:
    """The effect's name, and the idempotency key at the target: a pure function of what it does to whom.

    64 hex digits. The parts are length-prefixed, so that no two different tuples can meet.
    """
    parts = (job, system, entity, action, str(version))
    framed = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hashlib.sha256(b"baton-effect-1" + framed).hexdigest()


def batch_name(keys: list[str]) -> str:
    """The name of a call: a pure function of the effects in it, in order."""
    return hashlib.sha256(b"baton-batch-1" + "".join(keys).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Intention:
    """A write the planner wants, before it has a row."""

    system: str
    number: str
    action: EffectAction
    due_at: datetime
    fields: Mapping[str, Scalar]
    references: Mapping[str, str] = field(default_factory=dict)
    """Fields whose value is another person's external id in the same system: field name -> employee number."""
    rank: int = 0
    """Lower goes first (a manager before those who refer to them)."""


@dataclass(frozen=True, slots=True)
class Link:
    """What the hub last knew for certain about one person's account in one system."""

    system: str
    number: str
    external_id: str | None = None
    state: AccountState = AccountState.ABSENT
    applied: Mapping[str, str] = field(default_factory=dict)
    """Field name -> keyed digest (hex) of the value that is proven to be there."""
    planned_version: int = 0
    """The version of the person that was planned last; below zero since that plan was forgotten."""
    generation: int = 0
    mapping_digest: str = ""
    dirty: bool = False
    rejected_version: int = 0
    """The version of the person of which somebody has rejected what it takes away; 0 for none."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A row of the effects table."""

    id: int
    key: str
    run_id: str
    job: str
    system: str
    number: str
    """The entity: an employee number, or the name of a segment of records."""
    action: EffectAction
    version: int
    state: EffectState
    due_at: datetime
    batch_id: str | None
    epoch: int
    attempts: int
    crashes: int
    fields: Mapping[str, Scalar] = field(repr=False)
    references: Mapping[str, str] = field(repr=False)
    digests: Mapping[str, str] = field(repr=False)
    code: str = ""
    message: str = ""
    remedy: str = ""
