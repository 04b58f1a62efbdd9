"""Records of any kind, for migration."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from baton.contracts.base import Connector, Promise
from baton.contracts.people import Feed
from baton.model.account import FieldSpec, Receipt

if TYPE_CHECKING:
    import polars as pl


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
