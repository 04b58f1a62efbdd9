"""The bench as the laws of records see it: plain rows in, plain rows and receipts out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from baton.contracts import RecordTarget
from baton.kit.bench import Bench, LawBrokenError, NotApplicableError, Said, expect
from baton.model.account import FieldSpec, FieldType, Outcome, Receipt, Scalar
from baton.records.types import frame_schema

if TYPE_CHECKING:
    import polars as pl

Row = Mapping[str, Scalar]
Key = tuple[Scalar, ...]
NOTHING: Final[Row] = MappingProxyType({})

_ROOM: Final = 64
"""Characters that a field for free text must take."""


def collection_name(bench: Bench) -> str:
    """The collection the counterpart offers to the laws; without one no law of records can be tried."""
    name = getattr(bench.counterpart, "record_collection", None)
    if not isinstance(name, str):
        raise LawBrokenError("the counterpart has no record_collection, so nothing shows that the law holds")
    return name


class RecordDesk:
    """One collection of the target on a bench. Rows are whole records unless told otherwise."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.target: RecordTarget = bench.connector
        self.collection = self.target.collection(collection_name(bench))

    def record(self, n: int, other: Row = NOTHING) -> dict[str, Scalar]:
        """The n-th record, with other values where given."""
        return {**self.bench.counterpart.record(n), **other}

    def changes(self, n: int) -> dict[str, Scalar]:
        """Other legal values of some fields of the n-th record."""
        return dict(self.bench.counterpart.record_changed(n))

    def bad(self, n: int) -> dict[str, Scalar]:
        """An n-th record that the other side will not take."""
        return dict(self.bench.counterpart.bad_record(n))

    def key(self, row: Row) -> Key:
        """What names this record."""
        return tuple(row[name] for name in self.collection.key)

    def only(self, row: Row, names: Iterable[str]) -> dict[str, Scalar]:
        """The key and these fields."""
        return {name: row[name] for name in dict.fromkeys((*self.collection.key, *names))}

    def frame(self, rows: Sequence[Row], names: Iterable[str] | None = None) -> pl.DataFrame:
        """Rows as they travel; ``names`` for a frame that may have none."""
        import polars as pl

        return pl.DataFrame(list(rows), schema=frame_schema(self.collection.fields, names or rows[0]))

    def free_text(self) -> str:
        """The name of a field for any text, judged by what the counterpart itself puts there."""
        chosen = getattr(self.bench.counterpart, "record_text", None)
        if chosen is not None:
            return str(chosen)
        for name, value in self.record(1).items():
            spec = self.collection.fields[name]
            if isinstance(value, str) and not value.isascii() and self._takes_text(name, spec):
                return name
        raise NotApplicableError("no readable field takes Chinese text in the counterpart's record")

    def _takes_text(self, name: str, spec: FieldSpec) -> bool:
        free = spec.type is FieldType.TEXT and spec.readable and spec.choices is None
        return free and name not in self.collection.key and (spec.max_length or _ROOM) >= _ROOM

    # --- writing

    def insert(self, rows: Sequence[Row]) -> list[Receipt]:
        """One call."""
        return self._call("insert", len(rows), partial(self.target.insert, self.collection, self.frame(rows)))

    def amend(self, rows: Sequence[Row], before: Sequence[Row]) -> list[Receipt]:
        """One call; of ``before`` the fields of ``rows`` that can be read are sent."""
        names = [name for name in rows[0] if self.collection.fields[name].readable]
        sent = self.frame(rows), self.frame([self.only(row, names) for row in before], names)
        return self._call("amend", len(rows), partial(self.target.amend, self.collection, *sent))

    def delete(self, before: Sequence[Row]) -> list[Receipt]:
        """One call."""
        names = [name for name in before[0] if self.collection.fields[name].readable]
        sent = self.frame([self.only(row, names) for row in before], names)
        return self._call("delete", len(before), partial(self.target.delete, self.collection, sent))

    def _call(self, action: str, count: int, call: Callable[[], Sequence[Receipt]]) -> list[Receipt]:
        receipts = list(call())
        expect(len(receipts) == count, f"{action}: {len(receipts)} receipts for {count} records, one each is the law")
        return receipts

    def put(self, *rows: Row) -> None:
        """Insert records and insist that it is done."""
        insist(Outcome.DONE, self.insert(rows), "insert of legal records")

    # --- looking

    def held(self, rows: Iterable[Row], fields: Sequence[str] | None = None) -> dict[Key, dict[str, Scalar]]:
        """What is there under the keys of these rows, by key; all fields of the first row unless told."""
        listed = list(rows)
        asked = [self.only(row, ()) for row in listed]
        names = [name for name in (listed[0] if fields is None else fields) if name not in self.collection.key]
        readable = [name for name in names if self.collection.fields[name].readable]
        keys = self.frame(asked, self.collection.key)
        found = self.target.fetch(self.collection, keys, readable)
        self.expect_shape(found, readable)
        by_key = {self.key(row): row for row in found.to_dicts()}
        expect(len(by_key) == found.height, "fetch gives two records with the same key")
        expect(set(by_key) <= {self.key(row) for row in asked}, "fetch gives a record that was not asked for")
        return by_key

    def expect_shape(self, found: pl.DataFrame, fields: Sequence[str]) -> None:
        """Insist on the columns that fetch promises: the key, then the fields, in their types."""
        wanted = list(frame_schema(self.collection.fields, (*self.collection.key, *fields)).items())
        given = list(found.schema.items())
        expect(given == wanted, f"fetch gives the columns {given}, not {wanted}")

    def expect_held(self, rows: Sequence[Row], when: str) -> None:
        """Insist that these records are there, exactly so."""
        found = self.held(rows)
        for row in rows:
            there = found.get(self.key(row))
            if there is None:
                raise LawBrokenError(f"{when}, a record that should be there is not found")
            wrong = sorted(name for name, value in there.items() if value != row[name])
            expect(not wrong, f"{when}, the fields {', '.join(wrong)} are not what they should be")

    def expect_absent(self, rows: Iterable[Row], when: str) -> None:
        """Insist that none of these records is there."""
        expect(not self.held(rows, ()), f"{when}, a record is there that should not be")

    def count(self) -> int:
        """How many records there are."""
        return self.target.count(self.collection)


def insist(outcome: Outcome, receipts: Iterable[Receipt], what: str, code: str = "") -> None:
    """Insist on the same outcome (and code) of all receipts."""
    others = [receipt for receipt in receipts if receipt.outcome is not outcome or (code and receipt.code != code)]
    expect(not others, f"{what} gave {Said(tuple(others))}, not {outcome} {code}".strip())


def said_of(call: Callable[[], Sequence[Receipt]]) -> Said:
    """What came of a call, with an error as a result."""
    try:
        return Said(tuple(call()))
    except (LawBrokenError, NotApplicableError):
        raise
    except Exception as error:  # noqa: BLE001 - which error it is, is what the law is about
        return Said(error=error)


def told(receipts: Iterable[Receipt]) -> str:
    """Everything that receipts say to people."""
    return repr([(r.code, r.message, r.remedy, dict(r.evidence)) for r in receipts])


__all__ = ["Key", "RecordDesk", "Row", "collection_name", "insist", "said_of", "told"]
