"""From source rows to typed target records: cleaned, mapped, and every row that cannot be used named cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from baton.errors import ConfigurationError, Fault
from baton.jobs.migration.cells import CELL_SCHEMA, cells_at
from baton.jobs.migration.cleaning import clean
from baton.jobs.migration.source_types import time_text, typed
from baton.mapping.compile import within_scope
from baton.mapping.result import FieldFaults, Mapped
from baton.mapping.schema import CleaningRule, FieldMapping, Otherwise
from baton.model.account import FieldSpec
from baton.records.types import column_type

ROW: Final = "#row"
"""The row's number in the source."""
SOURCE_DIGEST: Final = "#source"
"""Digest of the source row, as read."""
NAMES_APART: Final = "\x1f"
"""Stands between names in `KEPT` and `FIXED`: names may hold commas."""
KEPT: Final = "#kept"
"""Fields (see `NAMES_APART`) in which the target keeps what it has."""
FIXED: Final = "#fixed"
"""Source columns (see `NAMES_APART`) that cleaning has changed."""
OWN_COLUMNS: Final = (ROW, KEPT, FIXED)


@dataclass(frozen=True, slots=True)
class Transformed:
    """A page after cleaning and mapping."""

    records: pl.DataFrame
    """The usable rows: `OWN_COLUMNS`, then the target fields in their types."""
    unfit: pl.DataFrame
    """Every cell that keeps its row from being used (`CELL_SCHEMA`)."""
    fixed: Mapping[str, int]
    """Source column -> how many cells cleaning has changed."""
    outside: pl.Series
    """The numbers of the rows that the mapping is not meant for."""


def transform(
    page: pl.DataFrame, numbers: pl.Series, mapping: FieldMapping, fields: Mapping[str, FieldSpec]
) -> Transformed:
    """Clean and map one page. ``numbers`` are the rows' numbers in the source; ``fields`` are what the target keeps."""
    inside = _in_scope(page, mapping)
    outside = numbers.filter(~inside)
    if outside.len():
        page, numbers = page.filter(inside), numbers.filter(inside)
    rules = mapping.records.cleaning if mapping.records else ()
    _require_columns(page, mapping.file, rules)
    cleaned = clean(page, numbers, rules)
    rows, untyped = typed(cleaned.rows, numbers, mapping)
    mapped = mapping.apply(rows)
    without = _without_value(mapped, numbers, _needed(mapping, fields))
    unfit = pl.concat([cleaned.unfit, untyped, *_faults(mapped, numbers), *without])
    usable = mapped.in_scope & ~numbers.is_in(unfit.get_column("row").implode())
    columns = [
        numbers.alias(ROW),
        _kept(mapped).alias(KEPT),
        cleaned.fixed_in.alias(FIXED),
        *(_as(mapped.rows.get_column(name), spec) for name, spec in fields.items()),
    ]
    repaired_out = numbers.filter(~mapped.in_scope)
    return Transformed(pl.DataFrame(columns).filter(usable), unfit, cleaned.fixed, outside.append(repaired_out))


def _require_columns(page: pl.DataFrame, file: str, rules: Sequence[CleaningRule]) -> None:
    """Raise `ConfigurationError` for a column that is to be cleaned and is not there; the mapping asks for others."""
    faults = [
        Fault(
            f"{file}:{rule.line}", "source_column", f"the rows have no column {rule.column!r}, and it is to be cleaned"
        )
        for rule in rules
        if rule.column not in page.columns
    ]
    if faults:
        raise ConfigurationError(faults)


def _in_scope(page: pl.DataFrame, mapping: FieldMapping) -> pl.Series:
    """Before anything is cleaned: rows that are not meant have no faults."""
    inside = pl.Series([True]).new_from_index(0, page.height)
    for column, values in mapping.scope.items():
        if column in page.columns:
            inside &= page.select(within_scope(pl.col(column), values)).to_series()
    return inside


def _needed(mapping: FieldMapping, fields: Mapping[str, FieldSpec]) -> dict[str, str]:
    key = mapping.records.key if mapping.records else ()
    required = {name: "the target needs a value here" for name, spec in fields.items() if spec.required}
    return {**required, **dict.fromkeys((name for name in key if name in fields), "a record needs its key")}


def _as(column: pl.Series, spec: FieldSpec) -> pl.Series:
    """In the type of the target's field; a time of day, which only employees have, travels as text."""
    return time_text(column) if column.dtype == pl.Time else column.cast(column_type(spec))


def _faults(mapped: Mapped, numbers: pl.Series) -> list[pl.DataFrame]:
    """The cells that refuse their row, rule by rule."""
    found = [pl.DataFrame(schema=CELL_SCHEMA)]
    for cells in mapped.cells:
        if cells.otherwise is Otherwise.REFUSE:
            column = ", ".join(mapped.mapping.fields[cells.field].inputs) or cells.field
            for code, (rule, message) in enumerate(cells.rules, start=1):
                at = numbers.filter((cells.codes == code) & mapped.in_scope)
                found.append(cells_at(at, column, rule, f"{cells.field}: {message}"))
    return found


def _without_value(mapped: Mapped, numbers: pl.Series, needed: Mapping[str, str]) -> list[pl.DataFrame]:
    """Cells without the value that a record cannot do without: field -> why."""
    found = []
    for name, why in needed.items():
        absent = mapped.rows.get_column(name).is_null() & mapped.in_scope
        for cells in mapped.cells:
            if cells.field == name and cells.otherwise is Otherwise.REFUSE:
                absent &= cells.codes == 0  # named already, with its own reason
        column = ", ".join(mapped.mapping.fields[name].inputs) or name
        found.append(cells_at(numbers.filter(absent), column, "no_value", f"{name}: {why}"))
    return found


def _kept(mapped: Mapped) -> pl.Series:
    height = mapped.rows.height
    marks = [
        pl.when(pl.Series(cells.codes != 0)).then(pl.lit(cells.field))
        for cells in mapped.cells
        if cells.otherwise is Otherwise.KEEP and _any(cells)
    ]
    if not marks:
        return pl.Series([None], dtype=pl.String).new_from_index(0, height)
    joined = pl.select(pl.concat_str(marks, separator=NAMES_APART, ignore_nulls=True)).to_series()
    return pl.select(pl.when(joined != "").then(joined)).to_series()


def _any(cells: FieldFaults) -> bool:
    return bool((cells.codes != 0).any())


def key_mapping(mapping: FieldMapping, names: tuple[str, ...]) -> FieldMapping:
    """The same mapping with some fields only: what is needed to know which record a row is, and cheap to apply."""
    rules = mapping.records
    fields = {name: mapping.fields[name] for name in names}
    used = {column for rule in fields.values() for column in rule.inputs}
    narrowed = None if rules is None else replace(rules, cleaning=_about(rules.cleaning, used))
    return replace(mapping, fields=fields, records=narrowed, examples=())


def _about(cleaning: tuple[CleaningRule, ...], columns: set[str]) -> tuple[CleaningRule, ...]:
    return tuple(rule for rule in cleaning if rule.column in columns)
