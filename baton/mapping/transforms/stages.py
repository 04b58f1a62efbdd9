"""Expressions in stages: polars evaluates an expression again wherever it is repeated, a stage only once."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def once(column: pl.Expr, then: Callable[[pl.Expr], pl.Expr], gives: type[pl.DataType] = pl.String) -> pl.Expr:
    """What ``then`` makes of the column, which is worked out once however often ``then`` refers to it."""

    def stage(values: pl.Series) -> pl.Series:
        return values.alias("stage").to_frame().select(then(pl.col("stage")).alias(values.name)).to_series()

    return column.map_batches(stage, return_dtype=gives)
