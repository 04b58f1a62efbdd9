"""Expressions in stages: polars evaluates an expression again wherever it is repeated, a stage only once."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

_STAGE = pl.col("stage")


def once(column: pl.Expr, then: Callable[[pl.Expr], pl.Expr], gives: type[pl.DataType] = pl.String) -> pl.Expr:
    """What ``then`` makes of the column, which is worked out once however often ``then`` refers to it."""
    made = then(_STAGE)

    def stage(values: pl.Series) -> pl.Series:
        return _made(values, made)

    return column.map_batches(stage, return_dtype=gives)


def first_of(
    column: pl.Expr,
    usual: Callable[[pl.Expr], pl.Expr],
    rest: Callable[[pl.Expr], pl.Expr],
    gives: pl.DataType | type[pl.DataType] = pl.String,
) -> pl.Expr:
    """What ``usual`` makes of a cell, or else ``rest``, which is worked out for those cells only.

    Where ``usual`` is a short cut (the common form read without repairs), it must give what ``rest`` would give.
    """
    first, second = usual(_STAGE), rest(_STAGE)

    def stage(values: pl.Series) -> pl.Series:
        read = _made(values, first)
        if read.null_count() == values.null_count():
            return read
        left = (read.is_null() & values.is_not_null()).arg_true()
        return read.scatter(left, _made(values[left], second))

    return column.map_batches(stage, return_dtype=gives)


def _made(values: pl.Series, expression: pl.Expr) -> pl.Series:
    return values.alias("stage").to_frame().select(expression.alias(values.name)).to_series()
