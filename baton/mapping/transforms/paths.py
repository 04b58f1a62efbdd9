"""Transforms on texts of several parts: organisation paths and lists."""

from __future__ import annotations

import polars as pl

from baton.mapping.transforms.text import present
from baton.records.blanks import BLANKS, INVISIBLE


def path_clean(column: pl.Expr, separator: str) -> pl.Expr:
    r"""A path without blanks around its parts and without empty parts; ``／`` and ``\`` become the argument.

    >>> one("path_clean(/)", " 总部 ／ 销售部//一组/"), one("path_clean(/)", "//")
    ('总部/销售部/一组', None)
    """
    one_sign = column.str.replace_all(r"[／＼\\]", "/")
    if separator != "/":
        one_sign = one_sign.str.replace_all("/", separator, literal=True)
    parts = one_sign.str.split(separator).list.eval(pl.element().str.strip_chars(BLANKS + INVISIBLE))
    return present(parts.list.eval(pl.element().filter(pl.element() != "")).list.join(separator))


def path_last(column: pl.Expr, separator: str) -> pl.Expr:
    """The last part of a path.

    >>> one("path_last(/)", "总部/销售部/一组"), one("path_last(/)", "总部")
    ('一组', '总部')
    """
    return present(column.str.split(separator).list.last())


def path_parent(column: pl.Expr, separator: str) -> pl.Expr:
    """A path without its last part; no value for the first level.

    >>> one("path_parent(/)", "总部/销售部/一组"), one("path_parent(/)", "总部")
    ('总部/销售部', None)
    """
    parts = column.str.split(separator)
    return present(parts.list.head(parts.list.len() - 1).list.join(separator))


def path_level(column: pl.Expr, level: int, separator: str) -> pl.Expr:
    """The part of a path at a level, counted from 1; no value where the path is shorter.

    >>> one("path_level(2, /)", "总部/销售部/一组"), one("path_level(4, /)", "总部/销售部/一组")
    ('销售部', None)
    """
    return present(column.str.split(separator).list.get(level - 1, null_on_oob=True))


def split_nth(column: pl.Expr, separator: str, number: int) -> pl.Expr:
    """The n-th part between separators, counted from 1; no value where there are fewer.

    >>> one("split_nth(;, 2)", "a;b;c"), one("split_nth(;, 4)", "a;b;c")
    ('b', None)
    """
    return path_level(column, number, separator)


def separator(text: str) -> str:
    """An argument that stands between parts: 1 to 20 characters."""
    if not 1 <= len(text) <= 20:
        raise ValueError("expected 1 to 20 characters")
    return text


def level(text: str) -> int:
    """An argument that counts from 1 to 99."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 99):
        raise ValueError("expected a number from 1 to 99")
    return int(text)
