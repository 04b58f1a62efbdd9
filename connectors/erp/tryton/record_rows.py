"""What the record kinds share: a record as it was read, and their common shape."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection as Names
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from baton.sdk import Collection, Receipt, RejectedError, Scalar
from connectors.erp.tryton.rpc import Rpc

MARKS_PAGE: Final = 2000
_USED: Final = "because they are used by"
"""Of Tryton's sentence about a foreign key; the context asks for English."""

Values = Mapping[str, Any]
"""Field values in Tryton's JSON."""


@dataclass(frozen=True, slots=True)
class Held:
    """One record as it was read: its values by field name, and the marks a write to it is conditional on."""

    id: int
    key: str
    values: Mapping[str, Scalar]
    marks: Mapping[str, str]
    """``model,id`` -> ``_timestamp``, of the record and of the parts that were read with it."""
    parts: Mapping[str, int]
    """Field name (or ``address``) -> id of the part that holds it."""
    crowded: frozenset[str] = frozenset()
    """Contact types of which there are several."""
    woken: bool = False
    """True when it was inactive and is active only for being changed (see `RecordKind.open`)."""


class RecordKind(ABC):
    """One collection of Tryton. Writes are one server transaction each, and all or nothing."""

    collection: Collection
    watched: Sequence[str]
    """Models whose records a reading of the collection shows."""
    unstripped: Names[str] = ()
    """Text fields around which Tryton leaves blanks as they are."""

    def __init__(self, rpc: Rpc, context: Mapping[str, Any]) -> None:
        self.rpc = rpc
        self.context = context

    @property
    def model(self) -> str:
        """The Tryton model, which is the collection's name too."""
        return self.collection.name

    @property
    def scope(self) -> Sequence[Any]:
        """The domain that all records of the collection match."""
        return ()

    def count(self) -> int:
        """How many records there are."""
        return int(self.rpc.read(f"model.{self.model}.search_count", list(self.scope), context=self.context))

    def marks(self) -> Iterator[bytes]:
        """One line per watched record, with its ``_timestamp``: equal lines mean that nothing was written between."""
        for model in self.watched:
            last, page = 0, MARKS_PAGE
            while page == MARKS_PAGE:
                domain = [["id", ">", last], *(self.scope if model == self.model else ())]
                rows = self.rpc.rows(model, domain, ["id", "_timestamp"], _mark, context=self.context, limit=MARKS_PAGE)
                yield from (f"{model},{number} {mark}\n".encode() for number, mark in rows)
                page, last = len(rows), rows[-1][0] if rows else last

    @abstractmethod
    def read(self, keys: Sequence[str], fields: Names[str]) -> list[Held]:
        """The records with these keys (at most `directory.PAGE`), with these fields."""

    @abstractmethod
    def page(self, after: int, limit: int) -> list[Held]:
        """Up to ``limit`` records with higher ids, by id, with all fields."""

    @abstractmethod
    def prepare(self, rows: Sequence[Mapping[str, Scalar]]) -> list[Values | Receipt]:
        """The rows in Tryton's values, references looked up; a refusal where one leads nowhere."""

    @abstractmethod
    def create(self, rows: Sequence[tuple[str, Values]]) -> list[Receipt]:
        """Create records with these keys; a receipt each, `CHANGED` refusals for those that came up meanwhile."""

    @abstractmethod
    def change(self, changes: Sequence[tuple[Held, Values]]) -> None:
        """Write records that are as they were read."""

    def objection(self, held: Held, row: Mapping[str, Scalar]) -> Receipt | None:
        """Why this change cannot be made so that it could be taken back; None when it can."""
        return None

    def open(self, changes: Mapping[int, tuple[Held, Mapping[str, Scalar]]]) -> Mapping[int, Held | Receipt]:
        """Make changeable what Tryton keeps as it is: the records as they are now, by place; only those touched."""
        return {}

    def close(self, opened: Sequence[Held]) -> None:
        """Put records back that were opened and then not changed."""

    def guard_removal(self, doomed: Sequence[Held]) -> Mapping[int, Receipt]:
        """Refusals by record id where Tryton would take away more than the record."""
        return {}

    def remove(self, doomed: Sequence[Held]) -> list[Receipt]:
        """Delete records that are as they were read."""
        marks = {name: mark for held in doomed for name, mark in held.marks.items()}
        try:
            ids = [held.id for held in doomed]
            self.rpc.write(f"model.{self.model}.delete", ids, context={**self.context, "_timestamp": marks})
        except RejectedError as error:
            if _USED in error.message:
                refusal = in_use()
                raise RejectedError(refusal.message, code=refusal.code, remedy=refusal.remedy) from error
            raise
        return [Receipt.done(str(held.id)) for held in doomed]

    def write(self, changes: Sequence[tuple[Held, Values]]) -> None:
        """One transaction that writes every record its own values, under the condition of all marks."""
        pairs = [part for held, values in changes for part in ([held.id], values)]
        marks = {name: mark for held, _ in changes for name, mark in held.marks.items()}
        self.rpc.write(f"model.{self.model}.write", *pairs, context={**self.context, "_timestamp": marks})


def in_use() -> Receipt:
    """Other records hold on to this one."""
    return Receipt.refused(
        "in_use",
        "other records in Tryton use this one, so it cannot be taken out",
        remedy="take out what uses it first (employees before parties), or set active to false instead",
    )


def text(value: Any) -> str | None:
    """A text of Tryton, where empty and missing are the same."""
    return str(value) if value not in (None, "") else None


def _mark(row: Mapping[str, Any]) -> tuple[int, str]:
    return int(row["id"]), str(row["_timestamp"])
