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
_PRECISE: Final = pl.Decimal(38, 9)


def comparable_fields(mapping: FieldMapping, fields: Mapping[str, FieldSpec]) -> dict[str, str]:
    """The target fields whose totals must equal those of one source column: field -> column."""
    return {
        name: mapping.fields[name].inputs[0]
        for name, spec in fields.items()
        if spec.type is not FieldType.BOOLEAN and _comparable(mapping.fields[name])
    }


def _comparable(rule: FieldRule) -> bool:
    plain = len(rule.inputs) == 1 and rule.table is None and rule.otherwise is Otherwise.REFUSE
    return plain and all(step.name in _KEEPS_VALUE for step in rule.steps)


def source_totals(page: pl.DataFrame, columns: Mapping[str, str], fields: Mapping[str, FieldSpec]) -> Totals:
    """The figures of source rows, under the names of the target fields they become."""
    found = Totals(page.height)
    for name, column in columns.items():
        text = page.get_column(column).str.normalize("NFKC").str.strip_chars()
        part = ColumnTotal(count=int((text.fill_null("") != "").sum()))
        if fields[name].type in (FieldType.INTEGER, FieldType.DECIMAL) and part.count:
            total = text.str.replace_all(r"\s", "").cast(_PRECISE, strict=False).sum()
            part.total = Decimal(total).normalize()
        found.columns[name] = part
    return found


def agree(source: Totals, planned: Totals) -> list[str]:
    """The fields whose figures in the source and in the plan are not the same."""
    return [
        name
        for name, part in source.columns.items()
        if part.count != planned.columns[name].count or (part.total or 0) != (planned.columns[name].total or 0)
    ]
