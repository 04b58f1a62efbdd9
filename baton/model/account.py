"""A person's account in one target system, and the writes that change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | bool | Decimal | date | datetime | None
"""What a mapped field may hold. Floats never: they do not survive a round trip."""


class AccountState(StrEnum):
    """What an account is in its system, whatever the vendor calls it."""

    ABSENT = "absent"
    ENABLED = "enabled"
    DISABLED = "disabled"
    REMOVED = "removed"


class Action(StrEnum):
    """What an effect does to an account."""

    PROVISION = "provision"
    UPDATE = "update"
    DISABLE = "disable"
    ENABLE = "enable"
    REMOVE = "remove"

    @property
    def destructive(self) -> bool:
        """True for what the gate counts: taking something away from a person."""
        return self in (Action.DISABLE, Action.REMOVE)

    @property
    def leaves(self) -> AccountState:
        """The account state a successful action leaves behind."""
        return {Action.DISABLE: AccountState.DISABLED, Action.REMOVE: AccountState.REMOVED}.get(
            self, AccountState.ENABLED
        )


class FieldType(StrEnum):
    """The type of a target field, checked when a mapping is loaded."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    REFERENCE = "reference"
    """An employee number that the engine replaces by that person's external id in the same system before sending.

    In a record (`baton.contracts.Collection`): the key of another record, which the connector itself translates.
    """


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a target says about one of its fields."""

    type: FieldType = FieldType.TEXT
    required: bool = False
    """Needed to provision an account."""
    readable: bool = True
    """False when the target never gives the value back (it is then left out of read-back and drift)."""
    personal: bool = False
    max_length: int | None = None
    choices: frozenset[str] | None = None
    about: str = ""
    places: int = 2
    """Of a decimal: digits after the point. Values travel with exactly so many."""
    refers_to: str = ""
    """Of a reference in a record: the collection whose key the value is."""


@dataclass(frozen=True, slots=True)
class AccountRef:
    """How to find one account: the employee number always, the target's own id when we know it."""

    number: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account as read from its system. ``fields`` holds the mapped names, in the types of the field specs."""

    number: str | None
    """The employee number it is correlated by; None for an account that carries none."""
    external_id: str
    state: AccountState
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    version: str | None = None
    """The target's own version mark (timestamp, ETag) for conditional writes, where it has one."""


@dataclass(frozen=True, slots=True)
class AccountWrite:
    """One intended change of one account, as the engine hands it to a connector."""

    key: str
    """The effect key (64 hex digits): the same on every repeat. Pass it on wherever the target honours one."""
    ref: AccountRef
    action: Action
    version: int
    """Grows with every change of this person in this system; an older value must never overwrite a newer one."""
    fields: Mapping[str, Scalar]
    """Only what is to change (everything, when provisioning). None means: clear the field."""
    batch_id: str
    """Names the call this write travels in; a repeat of that call has the same id and the same writes."""
    expected: Account | None = None
    """For conditional writes (promise class B): the account as last read."""


class Outcome(StrEnum):
    """What a target said about one write."""

    DONE = "done"
    ACCEPTED = "accepted"
    """Taken, but only a later answer proves it (see `ResultSource`)."""
    REFUSED = "refused"
    NOT_PERFORMED = "not_performed"
    """Certainly not done, for a passing reason: send again later."""
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one write. ``code`` and ``message`` are the vendor's, redacted; ``remedy`` is ours."""

    outcome: Outcome
    external_id: str | None = None
    code: str = ""
    message: str = ""
    remedy: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)
    """Ids that let a person find the call at the vendor (log id, file name); never personal data."""
    retry_after_s: float | None = None

    @classmethod
    def done(cls, external_id: str | None = None, **evidence: str) -> Receipt:
        """The target's own per-record success, or a read-back that shows it."""
        return cls(Outcome.DONE, external_id=external_id, evidence=evidence)

    @classmethod
    def accepted(cls, external_id: str | None = None, **evidence: str) -> Receipt:
        """Taken; the proof comes later."""
        return cls(Outcome.ACCEPTED, external_id=external_id, evidence=evidence)

    @classmethod
    def refused(cls, code: str, message: str, *, remedy: str = "", **evidence: str) -> Receipt:
        """The target will not do this, however often it is asked."""
        return cls(Outcome.REFUSED, code=code, message=message, remedy=remedy, evidence=evidence)

    @classmethod
    def not_performed(cls, code: str, message: str, *, retry_after_s: float | None = None) -> Receipt:
        """Nothing happened; the same write may be sent again."""
        return cls(Outcome.NOT_PERFORMED, code=code, message=message, retry_after_s=retry_after_s)

    @classmethod
    def in_doubt(cls, code: str, message: str, **evidence: str) -> Receipt:
        """The write may have happened."""
        return cls(Outcome.IN_DOUBT, code=code, message=message, evidence=evidence)
