"""Source text in the types the mapping reads: all of it is text, but for the canonical employee's days and times."""

from __future__ import annotations

from typing import Final

import polars as pl

from baton.jobs.migration.cells import CELL_SCHEMA, cells_at
from baton.mapping.schema import FieldMapping
from baton.mapping.values import ValueType

_WANTED: Final = {ValueType.DATE: "a day like 2026-11-22", ValueType.TIME: "a time like 18:00:00"}


def typed(rows: pl.DataFrame, numbers: pl.Series, mapping: FieldMapping) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with these columns typed, and the cells whose text is none of that type (`CELL_SCHEMA`)."""
    unfit = [pl.DataFrame(schema=CELL_SCHEMA)]
    for column in mapping.source_columns:
        kind = mapping.source_type(column)
        if kind is ValueType.TEXT or column not in rows.columns:
            continue
        text = rows.get_column(column)
        read = text.str.to_date("%Y-%m-%d", strict=False) if kind is ValueType.DATE else _times(text)
        bad = read.is_null() & (text != "").fill_null(value=False)
        unfit.append(cells_at(numbers.filter(bad), column, "type", f"the value is not {_WANTED[kind]}"))
        rows = rows.with_columns(read)
    return rows, pl.concat(unfit)


def time_text(times: pl.Series) -> pl.Series:
    """Times of day as ISO 8601 text, microseconds where there are any: what a field of type text makes of them."""
    long, short = times.dt.to_string("%H:%M:%S%.6f"), times.dt.to_string("%H:%M:%S")
    return pl.select(pl.when(long.str.ends_with(".000000")).then(short).otherwise(long).alias(times.name)).to_series()


def _times(text: pl.Series) -> pl.Series:
    return text.str.to_time("%H:%M:%S%.f", strict=False)
