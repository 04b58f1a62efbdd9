"""Cell values on their way: the database's text to typed frames, typed frames to the database and to canonical text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

import polars as pl

from baton.sdk import frame_schema
from connectors.data.sql.catalogue import Column, Kind

UNFIT: Final = "\0"
"""Stands in raw text for a stored value that is not what its column declares; it fits no type."""
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
_MOMENT: Final = "%Y-%m-%d %H:%M:%S%.f"


def typed(raw: pl.DataFrame, columns: Sequence[Column], zone: str) -> tuple[pl.DataFrame, Mapping[str, pl.Series]]:
    """Raw text (one column per column, no value as null) in the types of `frame_schema`; what does not fit is null.

    The second part says where that happened: per column a mask, for columns that have such cells only.
    """
    frame = raw.select(_parsed(column, zone) for column in columns)
    before, after = raw.null_count().row(0, named=True), frame.null_count().row(0, named=True)
    wrong = [column.name for column in columns if before[column.name] != after[column.name]]
    return frame, {name: frame[name].is_null() & raw[name].is_not_null() for name in wrong}


def _parsed(column: Column, zone: str) -> pl.Expr:
    value = pl.col(column.name)
    if column.spec.refers_to or column.kind is Kind.TEXT:
        return pl.when(~value.str.contains(UNFIT, literal=True)).then(value).alias(column.name)
    match column.kind:
        case Kind.BOOLEAN:
            truth = pl.when(value.is_in(["t", "1"])).then(pl.lit(value=True))
            return truth.when(value.is_in(["f", "0"])).then(pl.lit(value=False)).alias(column.name)
        case Kind.DATE:
            day = value.str.to_date("%Y-%m-%d", strict=False)
            return pl.when(day.is_between(date.min, date.max)).then(day).alias(column.name)
        case Kind.MOMENT:
            naive = value.str.strip_suffix("+00").str.to_datetime(_MOMENT, strict=False, time_unit="us")
            return _within_years(naive.dt.replace_time_zone("UTC"), column.name)
        case Kind.LOCAL:
            naive = value.str.to_datetime(_MOMENT, strict=False, time_unit="us")
            return _within_years(_in_utc(naive, zone), column.name)
    schema = frame_schema({column.name: column.spec})
    return value.cast(schema[column.name], strict=False)


def _within_years(moment: pl.Expr, name: str) -> pl.Expr:
    return pl.when(moment.is_between(_FIRST, _LAST)).then(moment).alias(name)


def _in_utc(naive: pl.Expr, zone: str) -> pl.Expr:
    """The earlier of two moments with the same clock reading; none for a reading that was skipped."""
    return naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def local(moment: pl.Expr, zone: str) -> pl.Expr:
    """What a clock in that zone shows."""
    return moment.dt.convert_time_zone(zone).dt.replace_time_zone(None)


def returns(moment: pl.Expr, zone: str) -> pl.Expr:
    """True where the clock reading leads back to the same moment (the second of a repeated hour does not)."""
    return _in_utc(local(moment, zone), zone) == moment


def outgoing(frame: pl.DataFrame, columns: Sequence[Column], zone: str) -> pl.DataFrame:
    """Typed values as the database is to have them: moments without offset, in UTC or in the local zone."""
    changed = []
    for column in columns:
        if column.kind is Kind.MOMENT and not column.spec.refers_to:
            changed.append(pl.col(column.name).dt.replace_time_zone(None))
        elif column.kind is Kind.LOCAL and not column.spec.refers_to:
            changed.append(local(pl.col(column.name), zone))
    return frame.select(column.name for column in columns).with_columns(changed)


def canonical(frame: pl.DataFrame) -> pl.DataFrame:
    """Typed values as the text that sources give: see `baton.contracts.RecordSource.records`."""
    written = []
    for name, type_ in frame.schema.items():
        value = pl.col(name)
        match type_:
            case pl.String():
                written.append(pl.when(value != "").then(value).alias(name))
            case pl.Date():
                written.append(value.dt.strftime("%Y-%m-%d"))
            case pl.Datetime():
                written.append(value.dt.strftime("%Y-%m-%dT%H:%M:%S%.f%:z"))
            case _:
                written.append(value.cast(pl.String))
    return frame.select(written)
