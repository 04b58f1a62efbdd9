"""Control totals of source text, worked out on a path of their own, so that they can vouch for the transforms."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import polars as pl

from baton.mapping.schema import FieldMapping, FieldRule, Otherwise
from baton.model.account import FieldSpec, FieldType
from baton.records.totals import ColumnTotal, Totals

_KEEPS_VALUE: Final = frozenset(
    {"trim", "nfc", "nfkc", "half_width", "squeeze", "no_blanks", "decimal", "integer", "date", "datetime"}
)
"""Transforms after which a value is still the same number or day."""
_BLANK: Final = "\t\n\r \u00a0\u200b\u2007\u202f\u3000\ufeff"
_PRECISE: Final = pl.Decimal(38, 9)


def comparable_fields(mapping: FieldMapping, fields: Mapping[str, FieldSpec]) -> dict[str, str]:
    """The target fields whose totals must equal those of one source column: field -> column."""
    changed = _changed_by_cleaning(mapping)
    return {
        name: mapping.fields[name].inputs[0]
        for name, spec in fields.items()
        if spec.type is not FieldType.BOOLEAN and _comparable(mapping.fields[name], changed)
    }


def _comparable(rule: FieldRule, changed: frozenset[str]) -> bool:
    plain = len(rule.inputs) == 1 and rule.table is None and rule.otherwise is Otherwise.REFUSE
    return plain and changed.isdisjoint(rule.inputs) and all(step.name in _KEEPS_VALUE for step in rule.steps)


def _changed_by_cleaning(mapping: FieldMapping) -> frozenset[str]:
    """The columns that cleaning is meant to change: what was read says nothing about them any more."""
    rules = mapping.records.cleaning if mapping.records else ()
    return frozenset(rule.column for rule in rules if any(step.name not in _KEEPS_VALUE for step in rule.fix))


def source_totals(page: pl.DataFrame, columns: Mapping[str, str], fields: Mapping[str, FieldSpec]) -> Totals:
    """The figures of source rows, under the names of the target fields they become."""
    found = Totals(page.height)
    for name, column in columns.items():
        text = page.get_column(column).str.strip_chars(_BLANK)
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
        plain = odd.str.normalize("NFKC").str.replace_all(r"\s", "")
        total += Decimal(plain.cast(_PRECISE, strict=False).sum())
    return total.normalize()


def agree(source: Totals, planned: Totals) -> list[str]:
    """The fields whose figures in the source and in the plan are not the same."""
    return [
        name
        for name, part in source.columns.items()
        if part.count != planned.columns[name].count or (part.total or 0) != (planned.columns[name].total or 0)
    ]
