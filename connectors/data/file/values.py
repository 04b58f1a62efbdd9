"""Values between their types and the one canonical text that stands in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from baton.sdk import FieldSpec, FieldType, frame_schema

_MOMENT: Final = "%Y-%m-%dT%H:%M:%S%.f"
_INTEGER: Final = r"^-?[0-9]{1,19}$"
_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_YES_NO: Final = {"true": True, "false": False}


def as_text(frame: pl.DataFrame, fields: Mapping[str, FieldSpec]) -> pl.DataFrame:
    """Typed columns as canonical text: ISO dates, moments in UTC with their offset, decimals with all places."""
    return frame.select(_text(name, fields[name]) for name in frame.columns)


def as_types(frame: pl.DataFrame, fields: Mapping[str, FieldSpec]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Text columns in the types of their fields, and of every cell whether it is none of that type (then null)."""
    schema = frame_schema(fields, frame.columns)
    typed = frame.select(_typed(name, fields[name]).cast(schema[name]).alias(name) for name in frame.columns)
    wrong = pl.DataFrame(
        [typed.get_column(name).is_null() & frame.get_column(name).is_not_null() for name in frame.columns]
    )
    return typed, wrong


def _text(name: str, spec: FieldSpec) -> pl.Expr:
    column = pl.col(name)
    if spec.type is FieldType.DATETIME:
        return column.dt.strftime(_MOMENT) + "+00:00"
    return column.cast(pl.String())


def _typed(name: str, spec: FieldSpec) -> pl.Expr:
    column = pl.col(name)
    match spec.type:
        case FieldType.TEXT | FieldType.REFERENCE:
            return column
        case FieldType.INTEGER:
            return _only(column, _INTEGER).cast(pl.Int64(), strict=False)
        case FieldType.DECIMAL:
            places = rf"(?:\.[0-9]{{1,{spec.places}}})?" if spec.places else ""
            return _only(column, rf"^-?[0-9]+{places}$").cast(pl.Decimal(38, spec.places), strict=False)
        case FieldType.BOOLEAN:
            return column.str.to_lowercase().replace_strict(_YES_NO, default=None, return_dtype=pl.Boolean())
        case FieldType.DATE:
            return _only(column, _DATE).str.to_date("%Y-%m-%d", strict=False)
        case FieldType.DATETIME:
            moment = column.str.replace("[zZ]$", "+00:00")
            return moment.str.to_datetime(_MOMENT + "%z", time_unit="us", time_zone="UTC", strict=False)


def _only(column: pl.Expr, pattern: str) -> pl.Expr:
    return pl.when(column.str.contains(pattern)).then(column)
