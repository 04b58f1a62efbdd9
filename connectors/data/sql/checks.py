"""What is wrong with records before the database is asked: found by the batch, named by column and rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from baton.sdk import FieldType, Receipt
from connectors.data.sql.backend import Refusals
from connectors.data.sql.catalogue import Column, Kind, Table
from connectors.data.sql.cells import returns
from connectors.data.sql.settings import Product, SqlSettings

EXACT_DIGITS: Final = 15
"""What SQLite keeps exactly in a column of numeric affinity, where it stores binary floating point."""
_Check = tuple[str, str, pl.Expr, str]
"""Column, rule, where it is broken, what to do."""


def refused_rows(table: Table, rows: pl.DataFrame, settings: SqlSettings) -> Refusals:
    """Records that cannot be written as they are; the first fault of each."""
    checks = [check for column in table.some(rows.columns) for check in _checks(column, table, rows, settings)]
    repeated = ~pl.struct(table.key).is_first_distinct()
    checks.append((", ".join(table.key), "duplicate", repeated, "the key comes twice in one batch; send one of them"))
    broken = rows.select(where.alias(str(number)) for number, (_, _, where, _) in enumerate(checks))
    refused: Refusals = {}
    for mask, (column, rule, _, remedy) in zip(broken.iter_columns(), checks, strict=True):
        if mask.any():
            receipt = Receipt.refused(rule, f"the record breaks the rule {rule} in the column {column}", remedy=remedy)
            for place in mask.fill_null(value=False).arg_true():
                refused.setdefault(place, receipt)
    return refused


def absent_columns(table: Table, rows: pl.DataFrame) -> Sequence[str]:
    """The columns that a new record needs and these do not have."""
    return [name for name, column in table.columns.items() if column.spec.required and name not in rows.columns]


def _checks(column: Column, table: Table, rows: pl.DataFrame, settings: SqlSettings) -> Iterator[_Check]:
    name, value, spec = column.name, pl.col(column.name), column.spec
    if name in table.key or not column.nullable:
        yield name, "required", value.is_null(), "give the column a value"
    if rows.schema[name] == pl.String():
        yield name, "nul", value.str.contains("\0", literal=True), "take the NUL character out"
    if column.form and name in table.key:
        # In another form it would be written, and not be found by its key afterwards.
        remedy = "write it as the database gives it back: small letters, with hyphens"
        yield name, "uuid_form", ~value.str.contains(column.form), remedy
    if spec.type is FieldType.TEXT and spec.max_length is not None:
        remedy = f"at most {spec.max_length} characters fit"
        yield name, "too_long", value.str.len_chars() > spec.max_length, remedy
    if column.kind is Kind.LOCAL and rows.schema[name] == pl.Datetime("us", "UTC"):
        back = returns(value, settings.time_zone)
        yield (
            name,
            "ambiguous_time",
            ~back.fill_null(value=True),
            "the clock showed this twice; use a column with time zone",
        )
    if column.kind is Kind.DECIMAL and spec.type is FieldType.DECIMAL and settings.product is Product.SQLITE:
        digits = value.cast(pl.String).str.replace_all(r"[-.]", "").str.strip_chars_start("0").str.len_chars()
        yield name, "precision", digits > EXACT_DIGITS, "SQLite keeps 15 digits; declare the column TEXT"
