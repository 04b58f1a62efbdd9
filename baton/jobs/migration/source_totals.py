"""Control totals of source text, worked out on a path of their own, so that they can vouch for the transforms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import polars as pl

from baton.mapping.schema import FieldMapping, FieldRule, Otherwise
from baton.model.account import FieldSpec, FieldType
from baton.records.blanks import BLANKS, INVISIBLE
from baton.records.totals import EXACT, ColumnTotal, Totals

_TRIMS: Final = frozenset({"trim", "no_blanks"})
_KEEPS_VALUE: Final = _TRIMS | {"nfc", "nfkc", "half_width", "decimal", "integer", "date", "datetime"}
"""Transforms after which a value is still the same number or day."""
_PRECISE: Final = pl.Decimal(38, 9)


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A source column whose figures must be those of one target field."""

    name: str
    trimmed: bool
    """Whether blanks around a value are taken off on the way, so that blanks alone are no value."""


def comparable_fields(mapping: FieldMapping, fields: Mapping[str, FieldSpec]) -> dict[str, SourceColumn]:
    """The target fields whose totals must equal those of one source column."""
    changed = _changed_by_cleaning(mapping)
    return {
        name: SourceColumn(mapping.fields[name].inputs[0], any(s.name in _TRIMS for s in mapping.fields[name].steps))
        for name, spec in fields.items()
        if spec.type is not FieldType.BOOLEAN and _comparable(mapping.fields[name], changed)
    }


def _comparable(rule: FieldRule, changed: frozenset[str]) -> bool:
    plain = len(rule.inputs) == 1 and rule.table is None and rule.otherwise is Otherwise.REFUSE
    return plain and changed.isdisjoint(rule.inputs) and all(step.name in _KEEPS_VALUE for step in rule.steps)


def _changed_by_cleaning(mapping: FieldMapping) -> frozenset[str]:
    """The columns that cleaning repairs: what was read says nothing about them any more."""
    rules = mapping.records.cleaning if mapping.records else ()
    return frozenset(rule.column for rule in rules if rule.fix)


def source_totals(page: pl.DataFrame, columns: Mapping[str, SourceColumn], fields: Mapping[str, FieldSpec]) -> Totals:
    """The figures of source rows, under the names of the target fields they become."""
    found = Totals(page.height)
    for name, column in columns.items():
        text = page.get_column(column.name)
        if column.trimmed:
            text = text.str.strip_chars(BLANKS + INVISIBLE)
        part = ColumnTotal(count=int((text != "").sum()))
        if fields[name].type in (FieldType.INTEGER, FieldType.DECIMAL) and part.count:
            part.total = _sum(text)
        found.columns[name] = part
    return found


def _sum(text: pl.Series) -> Decimal:
    """The sum of what reads as a number; only texts that do not at once are looked at twice (full-width, blanks)."""
    numbers = text.cast(_PRECISE, strict=False)
    total = Decimal(numbers.sum())
    odd = text.filter(numbers.is_null() & text.is_not_null() & (text != ""))
    if odd.len():
        # A text with a footnote's sign in it (8000①) is no number, though NFKC would make one of it.
        plain = (
            odd.filter(~odd.str.contains(r"\p{No}"))
            .str.normalize("NFKC")
            .str.replace_all(rf"[{BLANKS}{INVISIBLE}]", "")
        )
        total = EXACT.add(total, Decimal(plain.cast(_PRECISE, strict=False).sum()))
    return total.normalize(EXACT)


def agree(source: Totals, planned: Totals) -> list[str]:
    """The fields whose figures in the source and in the plan are not the same."""
    return [
        name
        for name, part in source.columns.items()
        if part.count != planned.columns[name].count or (part.total or 0) != (planned.columns[name].total or 0)
    ]
