"""Transforms between text and numbers, and truth values."""

from __future__ import annotations

from typing import Final

import polars as pl

_TRUTH: Final = {
    **dict.fromkeys(("true", "yes", "y", "1", "是"), True),
    **dict.fromkeys(("false", "no", "n", "0", "否"), False),
}


def integer(column: pl.Expr) -> pl.Expr:
    """A whole number in ordinary digits, up to 18 of them; ``1e3``, ``1_000`` and ``１２`` are refused.

    >>> one("integer", "-12"), one("integer", "1e3"), one("integer", "１２")
    (-12, None, None)
    """
    return pl.when(column.str.contains(r"^[+-]?[0-9]{1,18}$")).then(column.str.strip_prefix("+")).cast(pl.Int64)


def decimal(column: pl.Expr, places: int) -> pl.Expr:
    """A decimal number with at most so many places; ``NaN``, ``1e3`` and further places are refused.

    >>> one("decimal(2)", "10.5"), one("decimal(2)", "10.555")
    (Decimal('10.50'), None)
    """
    form = rf"^[+-]?[0-9]{{1,18}}(\.[0-9]{{1,{places}}})?$" if places else r"^[+-]?[0-9]{1,18}$"
    return pl.when(column.str.contains(form)).then(column.str.strip_prefix("+")).cast(pl.Decimal(38, places))


def boolean(column: pl.Expr) -> pl.Expr:
    """A truth value: true/false, yes/no, y/n, 1/0, 是/否.

    >>> one("boolean", "是"), one("boolean", "NO"), one("boolean", "maybe")
    (True, False, None)
    """
    return column.str.to_lowercase().replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)


def integer_text(column: pl.Expr) -> pl.Expr:
    """A whole number as text.

    >>> one("integer_text", 12)
    '12'
    """
    return column.cast(pl.String)


def places(text: str) -> int:
    """The argument of ``decimal``: 0 to 9 places."""
    if text not in "0123456789" or len(text) != 1:
        raise ValueError("expected 0 to 9 places")
    return int(text)
