"""What a connector can do, as small types. A connector's class line reads as its feature list.

A connector is synchronous and built as ``Connector(settings, client)``. It keeps no state that matters: all it must
remember is in the target or in the hub's store. Every write takes a sequence and returns one receipt per item, in
order; what concerns the whole call (unreachable, throttled, no permission) is raised as one of the connector errors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

from baton.model.account import Account, AccountRef, AccountWrite, FieldSpec, Receipt
from baton.model.source_rows import Origin, SourcePage

if TYPE_CHECKING:
    import polars as pl

    from baton.client import Client


class Promise(StrEnum):
    """What a target offers, and so what the hub may promise about writes to it."""

    KEY = "A"
    """Honours an idempotency key or a unique external id: one effect per change."""
    CONDITION = "B"
    """Conditional write: one effect, never an older value over a newer."""
    UPSERT = "C"
    """Plain upsert by natural key: right after reconcile."""
    BLIND = "D"
    """No key and no look-up: at most one automatic send; an unknown outcome waits for a person."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a system may be called: ``calls`` per ``per_s`` seconds, at most ``burst`` at once."""

    calls: float
    per_s: float = 1.0
    burst: int = 1


class ConnectorSettings(BaseModel):
    """Base of every connector's settings.

    Fields of type ``SecretStr`` come from the vault, never from a file in git. Fields whose name ends in ``_url`` name
    the hosts the connector may reach.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, str_strip_whitespace=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a connector's self-check: what was looked at, whether it is well, what to do if not."""

    what: str
    ok: bool
    detail: str = ""
    remedy: str = ""


class Connector(ABC):
    """Base of all connectors."""

    title: ClassVar[str]
    """Shown to people: the vendor and product."""
    Settings: ClassVar[type[ConnectorSettings]]
    rate: ClassVar[Rate]

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        self.settings = settings
        self.client = client

    @abstractmethod
    def check(self) -> Sequence[Finding]:
        """Look, without writing, whether credentials, permissions and the other side's version are as needed."""

    def close(self) -> None:
        """Release what the connector holds open. Called once; the client is closed by its owner."""


# --- where people come from


@dataclass(frozen=True, slots=True)
class Feed:
    """One reading of a source. ``pages`` may be walked once."""

    origin: Origin
    pages: Iterator[SourcePage]


class EmployeeSource(Connector):
    """An HR system, or an export of one."""

    @abstractmethod
    def census(self) -> Feed:
        """Everyone, leavers the source still knows included."""

    @abstractmethod
    def changes(self, since: str | None) -> Feed:
        """Those changed since a cursor; a source that cannot tell gives the census."""


class Hint(BaseModel):
    """An inbound event, already verified. It never carries data into the hub: it only causes a poll."""

    model_config = ConfigDict(frozen=True)
    event_id: str
    kind: str
    numbers: tuple[str, ...] = ()
    """Employee numbers it is about, when the event says; empty means: look at everything."""


@dataclass(frozen=True, slots=True)
class HintReply:
    """What to answer the sender, and the hints to store before answering."""

    status: int
    body: bytes
    hints: Sequence[Hint] = ()
    content_type: str = "application/json"


class HintSource(Connector):
    """A vendor that calls us when something has changed."""

    @abstractmethod
    def receive(self, headers: Mapping[str, str], body: bytes) -> HintReply:
        """Verify, decrypt and answer one callback. An invalid one gives a 4xx reply and no hints; nothing is raised."""


# --- where accounts live


class AccountTarget(Connector):
    """A system in which every employee has (at most) one account."""

    promise: ClassVar[Promise]
    batch_limit: ClassVar[int]
    """The most writes one call of this connector takes."""
    whole_batches: ClassVar[bool] = False
    """True when a call's outcome hangs on the call as a whole (a file): an unfinished batch is repeated unchanged."""
    fields: ClassVar[Mapping[str, FieldSpec]]

    @abstractmethod
    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        """The accounts of these people, in order; None where there is none."""

    @abstractmethod
    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Create accounts. An account that already exists for the number is taken over and updated, not doubled."""

    @abstractmethod
    def update(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Set the given fields, and only those."""

    @abstractmethod
    def disable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Stop the person from using the account; reversible."""

    @abstractmethod
    def enable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Undo a disable or a removal, setting the given fields as well."""

    @abstractmethod
    def scan(self) -> Iterator[Account]:
        """Every account, for reconcile."""


class RemovalTarget(AccountTarget):
    """A target that can also end an account for good (or as good as)."""

    @abstractmethod
    def remove(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """End accounts: delete, deactivate, release the licence. What they own goes to the acceptors in ``fields``."""


class ResultSource(ABC):
    """A target whose "ok" is only a promise."""

    @abstractmethod
    def results(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """What has become of accepted writes: done, refused, or still accepted."""


class LookupTarget(ABC):
    """A target that can be asked by our key what became of a write, better than by comparing fields."""

    @abstractmethod
    def look_up(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Done/accepted if the target has it, not_performed if it certainly has not, in_doubt if it cannot tell."""


# --- records of any kind, for migration


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of record that a system holds: a table, an object, a model."""

    name: str
    fields: Mapping[str, FieldSpec]
    key: tuple[str, ...] = ()
    """The fields that together name one record, enforced as unique by the system itself; empty where there are none."""
    title: str = ""


class RecordSource(Connector):
    """A system that records can be read from: a file, a database, a vendor."""

    @abstractmethod
    def collections(self) -> Sequence[str]:
        """The names of what can be read here: sheets, tables, objects."""

    @abstractmethod
    def records(self, collection: str) -> Feed:
        """All records of one collection, in a stable order, page by page (never the whole in memory).

        Pages hold text in one canonical form: days and moments as ISO 8601 (moments with their offset), decimals
        plain with all their places, yes and no as ``true`` and ``false``, no value as null and never as empty text.
        ``SourcePage.first_row`` counts all rows of the source, unreadable ones included. What was read must be one
        state of the source: one that changed meanwhile ends the pages with `FeedRefusedError` (``source_changed``).
        Raises `ConfigurationError` when there is no such collection.
        """


class RecordTarget(Connector):
    """A system that records can be written to, found again by key, and taken out of.

    Frames hold the key fields and the fields in question, in the types of `baton.sdk.frame_schema`. A write tells
    the engine the state it expects to find; a target that can (promise class B, or A for inserts) compares and writes
    in one step. One that can compare but not in the same step does so just before writing. A record that is not as
    expected is refused with the code `CHANGED` and left as it is.
    """

    record_promise: ClassVar[Promise]
    record_batch_limit: ClassVar[int]
    """The most records one call of this connector takes."""

    CHANGED: ClassVar[str] = "changed"
    """The code of a refusal because the record is not (or no longer) as expected."""

    @abstractmethod
    def collection(self, name: str) -> Collection:
        """What records of this kind look like here. Raises `ConfigurationError` when there is no such collection."""

    @abstractmethod
    def count(self, collection: Collection) -> int:
        """How many records there are now."""

    @abstractmethod
    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        """The records with these keys, in any order: key columns, then the fields; the rest is left out.

        ``keys`` may have any number of rows; the connector cuts it to what its vendor takes. ``fields`` names no key
        field, and may be empty.
        """

    @abstractmethod
    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        """Create records; one that exists already is refused (`CHANGED`)."""

    @abstractmethod
    def amend(self, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> Sequence[Receipt]:
        """Set the fields of ``rows`` in existing records.

        ``before`` is what is there: the same records in the same order, without the fields that cannot be read.
        """

    @abstractmethod
    def delete(self, collection: Collection, before: pl.DataFrame) -> Sequence[Receipt]:
        """Take records out that are as ``before`` says; one that is gone already is done."""
