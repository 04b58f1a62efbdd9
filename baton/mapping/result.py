"""What comes out of a mapping: typed rows, and every cell that did not fit, by row, field and rule."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from baton.mapping.schema import FieldMapping, Otherwise
from baton.mapping.values import Value
from baton.model.account import Action

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class CellFault:
    """One cell that a rule did not accept. The message never holds the value."""

    row: int
    """Index into the frame that was mapped, from 0."""
    field: str
    rule: str
    message: str
    otherwise: Otherwise = Otherwise.REFUSE
    """What became of the cell."""


@dataclass(frozen=True, slots=True)
class FieldFaults:
    """The cells of one field that did not fit, still columnar."""

    field: str
    otherwise: Otherwise
    codes: pl.Series
    """One code per row: 0 for a cell that fits, else 1 + its place in ``rules``."""
    rules: Sequence[tuple[str, str]]
    """Rule and message."""

    def rows(self) -> list[int]:
        """The rows at fault, in order."""
        found: list[int] = (self.codes != 0).arg_true().to_list()
        return found

    def cells(self) -> Iterator[CellFault]:
        """One fault per cell at fault, in row order."""
        rows = self.rows()
        for row, code in zip(rows, self.codes.gather(rows).to_list(), strict=True):
            rule, message = self.rules[code - 1]
            yield CellFault(row, self.field, rule, message, self.otherwise)


@dataclass(frozen=True)
class Mapped:
    """A mapped frame, row by row as long as the one that went in.

    A refused row and a row out of scope stay in ``rows`` (so that row numbers hold) and are left out by `records`.
    """

    mapping: FieldMapping
    rows: pl.DataFrame
    """The target fields, typed; a cell at fault holds no value."""
    cells: Sequence[FieldFaults]
    in_scope: pl.Series
    """Per row: whether the mapping is meant for it. Rows out of scope have no faults."""

    @cached_property
    def faults(self) -> list[CellFault]:
        """The cells that refuse their row, in order of row and field."""
        return self._of({Otherwise.REFUSE})

    @cached_property
    def notices(self) -> list[CellFault]:
        """The cells left out (keep-current) or cleared (null) because they did not fit."""
        return self._of({Otherwise.KEEP, Otherwise.NULL})

    @cached_property
    def refused_rows(self) -> frozenset[int]:
        """Rows with at least one fault."""
        return self.refused_on(None)

    def refused_on(self, action: Action | None) -> frozenset[int]:
        """Rows with a fault in a field that travels with the action (None: in any field).

        A leaver without a mail address can still be disabled when the address takes no part in disabling.
        """
        if action not in self._refused:
            names = self._names(action)
            self._refused[action] = frozenset(
                row
                for cells in self.cells
                if cells.otherwise is Otherwise.REFUSE and (names is None or cells.field in names)
                for row in cells.rows()
            )
        return self._refused[action]

    @cached_property
    def _refused(self) -> dict[Action | None, frozenset[int]]:
        return {}

    @cached_property
    def kept(self) -> Mapping[int, frozenset[str]]:
        """Per row, the fields left out so that the target keeps what it has."""
        kept: dict[int, set[str]] = {}
        for notice in self.notices:
            if notice.otherwise is Otherwise.KEEP:
                kept.setdefault(notice.row, set()).add(notice.field)
        return {row: frozenset(names) for row, names in kept.items()}

    def record(self, row: int, action: Action | None = None) -> dict[str, Value]:
        """The fields of one row (those that travel with the action); ValueError for a row refused on that action."""
        if row in self.refused_on(action):
            raise ValueError(f"row {row} was refused: see faults")
        return self._cut(row, self.rows.row(row, named=True), self._names(action))

    def records(self, action: Action | None = None) -> Iterator[tuple[int, dict[str, Value]]]:
        """Row number and fields of every row in scope that was not refused on the action."""
        names, refused = self._names(action), self.refused_on(action)
        wanted = self.in_scope.to_list()
        for row, fields in enumerate(self.rows.iter_rows(named=True)):
            if wanted[row] and row not in refused:
                yield row, self._cut(row, fields, names)

    def _names(self, action: Action | None) -> Collection[str] | None:
        return None if action is None else self.mapping.fields_on(action)

    def _cut(self, row: int, fields: dict[str, Value], names: Collection[str] | None) -> dict[str, Value]:
        left_out = self.kept.get(row)
        if left_out is None and names is None:
            return fields
        return {
            name: value
            for name, value in fields.items()
            if (left_out is None or name not in left_out) and (names is None or name in names)
        }

    def _of(self, kinds: Collection[Otherwise]) -> list[CellFault]:
        found = [fault for field in self.cells if field.otherwise in kinds for fault in field.cells()]
        return sorted(found, key=lambda fault: fault.row)


@dataclass(frozen=True, slots=True)
class MappedRecord:
    """One mapped record. ``fields`` is empty when the record was refused."""

    fields: Mapping[str, Value]
    faults: Sequence[CellFault]
    notices: Sequence[CellFault]
    in_scope: bool

    @property
    def refused(self) -> bool:
        """True when at least one cell refuses the record."""
        return bool(self.faults)
