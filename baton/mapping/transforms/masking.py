"""Transforms that hide: masks for people to recognise a value by, and a digest to compare values with."""

from __future__ import annotations

import polars as pl
import polars_hash as plh

_SIGN = "*"


def mask(column: pl.Expr, first: int, last: int) -> pl.Expr:
    """All but so many first and last characters become ``*``; a text that is too short to hide enough, wholly.

    At least a third of a text is hidden whatever the arguments say.

    >>> one("mask(1, 0)", "测试甲"), one("mask(3, 4)", "13800000001"), one("mask(3, 4)", "12345678")
    ('测**', '138****0001', '********')
    """
    length = column.str.len_chars()
    hidden = length.cast(pl.Int64) - first - last
    masked = column.str.head(first) + _stars(hidden, column) + column.str.slice(length - last)
    long_enough = hidden * 3 >= length.cast(pl.Int64)
    return pl.when(long_enough).then(masked).otherwise(_stars(length.cast(pl.Int64), column))


def mask_identity(column: pl.Expr) -> pl.Expr:
    """An identity number shows its first three characters and its last one: birth date and serial are hidden.

    >>> one("mask_identity", "11010519491231002X"), one("mask_identity", "E1234567")
    ('110**************X', 'E12****7')
    """
    return mask(column, 3, 1)


def mask_card(column: pl.Expr) -> pl.Expr:
    """A card or account number shows its last four characters.

    >>> one("mask_card", "6222000000000000004")
    '***************0004'
    """
    return mask(column, 0, 4)


def sha256_hex(column: pl.Expr) -> pl.Expr:
    """The SHA-256 of the text (UTF-8) in small hex digits. Not anonymous: numbers and names are found again by trying.

    >>> one("sha256_hex", "abc")
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    """
    return plh.concat_str(column).chash.sha2_256()


def _stars(number: pl.Expr, column: pl.Expr) -> pl.Expr:
    """So many stars per row, made of the text itself so that the height is right."""
    return column.str.replace_all(r"(?s).", _SIGN).str.head(pl.max_horizontal(number, 0))
