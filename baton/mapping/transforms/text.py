"""Transforms on plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from baton.records.blanks import BLANKS, INVISIBLE
from baton.records.plain_forms import plain_texts

_TRIMMED: Final = BLANKS + INVISIBLE
_FULL_WIDTH: Final = {
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **dict(zip("\u3000￠￡￥￦", " ¢£¥₩", strict=True)),
}
"""Per full-width character the ordinary one: letters, digits and signs of ASCII, the blank, signs of currencies."""


def present(column: pl.Expr) -> pl.Expr:
    """The column with empty text turned into no value."""
    return column.replace("", None)


def trim(column: pl.Expr) -> pl.Expr:
    """Blanks (full-width and zero-width ones too) are taken off both ends; nothing left means no value.

    >>> one("trim", "\u3000张三 \ufeff"), one("trim", "  ")
    ('张三', None)
    """
    return present(column.str.strip_chars(_TRIMMED))


def nfc(column: pl.Expr) -> pl.Expr:
    """Unicode is brought to one composed form (NFC), so that equal names compare equal.

    >>> one("nfc", "Jose\u0301")
    'José'
    """
    return column.str.normalize("NFC")


def nfkc(column: pl.Expr) -> pl.Expr:
    """Full-width letters and digits become ordinary ones (NFKC). For codes and numbers, not for names.

    Numbers that are no decimal digits (①, ², ½), and signs with a digit in them (㎡), stay: none becomes a digit.

    >>> one("nfkc", "ＨＲ０１２"), one("nfkc", "８０００①")
    ('HR012', '8000①')
    """
    return column.map_batches(plain_texts, return_dtype=pl.String)


def half_width(column: pl.Expr) -> pl.Expr:
    """Full-width letters, digits, signs and blanks become ordinary ones; nothing else changes.

    >>> one("half_width", "ＨＲ０１２　（１）"), one("half_width", "￥５"), one("half_width", "0012②")
    ('HR012 (1)', '¥5', '0012②')
    """
    return column.str.replace_many(_FULL_WIDTH)


def upper(column: pl.Expr) -> pl.Expr:
    """Letters become capitals.

    >>> one("upper", "ab1")
    'AB1'
    """
    return column.str.to_uppercase()


def lower(column: pl.Expr) -> pl.Expr:
    """Letters become small.

    >>> one("lower", "Ab1")
    'ab1'
    """
    return column.str.to_lowercase()


def squeeze(column: pl.Expr) -> pl.Expr:
    """Runs of blanks inside become one space.

    >>> one("squeeze", "San  Zhang")
    'San Zhang'
    """
    return column.str.replace_all(r"\s+", " ")


def no_blanks(column: pl.Expr) -> pl.Expr:
    """All blanks are taken out.

    >>> one("no_blanks", "张 三")
    '张三'
    """
    return present(column.str.replace_all(rf"[\s{INVISIBLE}]+", ""))


def prefix(column: pl.Expr, text: str) -> pl.Expr:
    """The argument is put in front.

    >>> one("prefix(E-)", "0012")
    'E-0012'
    """
    return pl.lit(text) + column


def suffix(column: pl.Expr, text: str) -> pl.Expr:
    """The argument is put behind.

    >>> one("suffix(@example.com)", "0012")
    '0012@example.com'
    """
    return column + pl.lit(text)


def strip_prefix(column: pl.Expr, text: str) -> pl.Expr:
    """The argument is taken off the front, where it stands there.

    >>> one("strip_prefix(+86)", "+8613800000001"), one("strip_prefix(+86)", "+85251230001")
    ('13800000001', '+85251230001')
    """
    return present(column.str.strip_prefix(text))


def last(column: pl.Expr, characters: int) -> pl.Expr:
    """The last so many characters.

    >>> one("last(4)", "6222000000000000004")
    '0004'
    """
    return present(column.str.tail(characters))


def default(column: pl.Expr, text: str) -> pl.Expr:
    """No value becomes the argument.

    >>> one("default(Asia/Shanghai)", None)
    'Asia/Shanghai'
    """
    return column.fill_null(text)


def empty_if(column: pl.Expr, text: str) -> pl.Expr:
    """A placeholder (``-``, ``无``, ``9999-12-31``) becomes no value.

    >>> one("empty_if(-)", "-"), one("empty_if(-)", "A-1")
    (None, 'A-1')
    """
    return pl.when(column != text).then(column)


def truncate(column: pl.Expr, characters: int) -> pl.Expr:
    """Text is cut after so many characters.

    >>> one("truncate(2)", "䶮三丰")
    '䶮三'
    """
    return present(column.str.head(characters))


def zero_pad(column: pl.Expr, width: int) -> pl.Expr:
    """Digits that a spreadsheet shortened get their leading zeros back.

    >>> one("zero_pad(4)", "12"), one("zero_pad(4)", "A7")
    ('0012', 'A7')
    """
    return pl.when(column.str.contains("^[0-9]+$")).then(column.str.pad_start(width, "0")).otherwise(column)


def before(column: pl.Expr, mark: str) -> pl.Expr:
    """What stands before the first occurrence of the argument; the whole text where there is none.

    >>> one("before(@)", "zhang.san@example.com")
    'zhang.san'
    """
    return present(column.str.splitn(mark, 2).struct.field("field_0"))


def after(column: pl.Expr, mark: str) -> pl.Expr:
    """What stands after the first occurrence of the argument; no value where there is none.

    >>> one("after(/)", "总部/销售部")
    '销售部'
    """
    return present(column.str.splitn(mark, 2).struct.field("field_1"))


def join(columns: Sequence[pl.Expr], separator: str) -> pl.Expr:
    """Several inputs become one text with the argument between them; missing ones are left out.

    >>> one("join(-)", "A", None, "B")
    'A-B'
    """
    return present(pl.concat_str(*columns, separator=separator, ignore_nulls=True))


def join_nospace(columns: Sequence[pl.Expr]) -> pl.Expr:
    """Several inputs become one text with nothing between them, as Chinese names are written.

    >>> one("join_nospace", "欧阳", "䶮")
    '欧阳䶮'
    """
    return join(columns, "")


def coalesce(columns: Sequence[pl.Expr]) -> pl.Expr:
    """The first of several inputs that has a value.

    >>> one("coalesce", None, "b")
    'b'
    """
    return pl.coalesce(*columns)


def email(column: pl.Expr) -> pl.Expr:
    """A mail address in small letters.

    >>> one("email_lower", "Zhang.San@Example.COM"), one("email_lower", "zhang at example")
    ('zhang.san@example.com', None)
    """
    form = r"^[^@\s,;<>\"()]{1,64}@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"
    low = column.str.to_lowercase()
    return pl.when(low.str.contains(form) & (low.str.len_bytes() <= 254)).then(low)
