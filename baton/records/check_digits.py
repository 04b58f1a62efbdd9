"""Numbers that carry a check of their own: resident identity numbers and bank cards."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Final

import polars as pl

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = tuple("10X98765432")
_IDENTITY: Final = r"^[1-9][0-9]{5}(18[5-9]|19[0-9]|[2-9][0-9]{2})[0-9]{8}[0-9Xx]$"
"""The first year of birth is 1850."""
_GROUP: Final = 4
_GROUPS: Final = 5
"""A number is summed up four digits at a time, each group looked up in a table: five steps instead of twenty."""
_IN_GROUPS: Final = [
    (pl.col("number") // 10 ** (_GROUP * place) % 10**_GROUP).alias(str(place)) for place in range(_GROUPS)
]


def _sum_of(digits: pl.Expr, contribution: Callable[[int, int], int]) -> pl.Expr:
    """The sum over up to 19 digits of what each contributes; a place is counted from the right, from 0.

    Text that is no such number gives any sum: its form is for the caller to check.
    """

    def total(numbers: pl.Series) -> pl.Series:
        # On the series itself: an expression would work out the number once for each group.
        groups = numbers.alias("number").to_frame().select(_IN_GROUPS).iter_columns()
        first, *others = (_table(place, contribution)[group] for place, group in enumerate(groups))
        return sum(others, start=first)

    return digits.cast(pl.UInt64, strict=False).fill_null(0).map_batches(total, return_dtype=pl.Int32)


@cache
def _table(group: int, contribution: Callable[[int, int], int]) -> pl.Series:
    """What each group of four digits contributes at its place."""
    first = _GROUP * group
    places = ([contribution(digit, first + place) for digit in range(10)] for place in reversed(range(_GROUP)))
    return pl.Series([sum(digits) for digits in product(*places)], dtype=pl.Int32)


def _weighted(digit: int, place: int) -> int:
    """In the first 17 digits of a resident identity number."""
    return digit * _ID_WEIGHTS[16 - place] if place <= 16 else 0


def _luhn(digit: int, place: int) -> int:
    """In a card number: every second digit counts as the sum of the digits of its double."""
    return sum(divmod(2 * digit, 10)) if place % 2 else digit


def identity_check(first17: pl.Expr) -> pl.Expr:
    """The check character that belongs to the first 17 digits of a resident identity number (GB 11643)."""
    remainder = _sum_of(first17, _weighted) % 11
    return remainder.replace_strict(dict(enumerate(_ID_CHECKS)), default=None, return_dtype=pl.String)


def identity_birth(number: pl.Expr) -> pl.Expr:
    """The birth date in a number of 18 characters; null where there is none."""
    return number.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)


def identity_15_birth(number: pl.Expr) -> pl.Expr:
    """The birth date in a number of the old form (15 digits, 20th century throughout); null where there is none."""
    return (pl.lit("19") + number.str.slice(6, 6)).str.to_date("%Y%m%d", strict=False)


def identity_fits(number: pl.Expr) -> pl.Expr:
    """True for a number of 18 characters (x or X) whose birth date exists and whose check character fits."""
    formed = number.str.contains(_IDENTITY)
    last = pl.coalesce(number.str.slice(17, 1).cast(pl.Int32, strict=False), 10)
    fits = (_sum_of(number.str.slice(0, 17), _weighted) + last) % 11 == 1
    return (formed & fits & identity_birth(number).is_not_null()).fill_null(value=False)


def identity_15_fits(number: pl.Expr) -> pl.Expr:
    """True for a number of the old form (15 digits, no check) whose birth date exists."""
    return (number.str.contains("^[1-9][0-9]{14}$") & identity_15_birth(number).is_not_null()).fill_null(value=False)


def luhn_fits(digits: pl.Expr) -> pl.Expr:
    """True for 12 to 19 digits whose last one is the check digit of the others (ISO/IEC 7812)."""
    fits = _sum_of(digits, _luhn) % 10 == 0
    return (digits.str.contains(r"^[0-9]{12,19}$") & fits).fill_null(value=False)
