"""The column type of each field type: what a record looks like while it travels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from baton.model.account import FieldSpec, FieldType

if TYPE_CHECKING:
    import polars as pl

_PRECISION: Final = 38


def column_type(spec: FieldSpec) -> pl.DataType:
    """The polars type of a field; a decimal has exactly the places of its spec."""
    import polars as pl  # most commands can do without

    match spec.type:
        case FieldType.TEXT | FieldType.REFERENCE:
            return pl.String()
        case FieldType.INTEGER:
            return pl.Int64()
        case FieldType.DECIMAL:
            return pl.Decimal(_PRECISION, spec.places)
        case FieldType.BOOLEAN:
            return pl.Boolean()
        case FieldType.DATE:
            return pl.Date()
        case FieldType.DATETIME:
            return pl.Datetime("us", "UTC")


def frame_schema(fields: Mapping[str, FieldSpec], names: Iterable[str] | None = None) -> dict[str, pl.DataType]:
    """The schema of a frame with these fields (default: all of them), in that order."""
    return {name: column_type(fields[name]) for name in (fields if names is None else names)}


def from_text(column: pl.Expr, spec: FieldSpec) -> pl.Expr:
    """Values in the canonical text form of sources (`RecordSource.records`) as the field's type; null where unfit."""
    import polars as pl

    match spec.type:
        case FieldType.TEXT | FieldType.REFERENCE:
            return column
        case FieldType.BOOLEAN:
            return pl.when(column.is_in(["true", "false"])).then(column == "true")
        case FieldType.DATETIME:
            return column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False)
        case FieldType.DATE:
            return column.str.to_date("%Y-%m-%d", strict=False)
        case FieldType.INTEGER | FieldType.DECIMAL:
            return column.cast(column_type(spec), strict=False)
