"""Transforms that undo what spreadsheets and wrong encodings did to a value, or refuse where it cannot be undone."""

from __future__ import annotations

from typing import Final

import polars as pl

from baton.mapping.transforms.text import present
from baton.records.mojibake import garbled, repaired

_SCIENTIFIC: Final = r"^([+-]?[0-9])(?:\.([0-9]{1,20}))?[Ee]\+?([0-9]{1,2})$"


def excel_scientific(column: pl.Expr) -> pl.Expr:
    """A number in E notation becomes its digits, if they are all there; any other text stays.

    >>> one("excel_scientific", "1.23456E+5"), one("excel_scientific", "1.2345E+2"), one("excel_scientific", "0012")
    ('123456', '123.45', '0012')
    >>> one("excel_scientific", "1.1010119900101E+17"), one("excel_scientific", "1E+5")
    (None, None)
    """
    head = column.str.extract(_SCIENTIFIC, 1).str.strip_prefix("+")
    behind = pl.coalesce(column.str.extract(_SCIENTIFIC, 2), pl.lit(""))
    shift = column.str.extract(_SCIENTIFIC, 3).cast(pl.UInt32)
    rest = behind.str.slice(shift)
    number = head + behind.str.head(shift) + pl.when(rest != "").then(pl.lit(".") + rest).otherwise(pl.lit(""))
    complete = shift <= behind.str.len_bytes()
    return pl.when(shift.is_null()).then(column).when(complete).then(number)


def strip_trailing_zero_decimal(column: pl.Expr) -> pl.Expr:
    """A whole number loses the ``.0`` that a spreadsheet or a float put behind it; any other text stays.

    >>> one("strip_trailing_zero_decimal", "12.0"), one("strip_trailing_zero_decimal", "12.50")
    ('12', '12.50')
    """
    return column.str.replace(r"^([+-]?[0-9]+)\.0+$", "${1}")


def strip_formula_prefix(column: pl.Expr) -> pl.Expr:
    """A text loses what kept a spreadsheet from calculating it: a leading ``'``, or ``="…"`` around it.

    >>> one("strip_formula_prefix", "'0012"), one("strip_formula_prefix", '="0012"'), one("strip_formula_prefix", "a'b")
    ('0012', '0012', "a'b")
    """
    return present(column.str.replace(r'(?s)^="([^"]*)"$', "${1}").str.replace("^'", ""))


def unmojibake(column: pl.Expr) -> pl.Expr:
    """A text that was decoded with the wrong encoding is put right; one that is beyond repair is refused.

    Knows UTF-8 read as GBK, Latin-1 or Windows-1252, and GBK read as Latin-1. A repair must give valid, plausible text;
    texts that are sound stay, but pairs of nothing but accented letters (éüéü), which no word is, are what Chinese in
    GBK looks like, and are read as that. Suspects are looked at one by one in Python: slow where most of a column is
    garbled.

    >>> one("unmojibake", "娴嬭瘯"), one("unmojibake", "Ã©tÃ©"), one("unmojibake", "测试")
    ('测试', 'été', '测试')
    >>> one("unmojibake", "锟斤拷"), one("unmojibake", "测\ufffd")
    (None, None)
    """
    return column.map_batches(_put_right, return_dtype=pl.String)


def _put_right(column: pl.Series) -> pl.Series:
    values = column.drop_nulls().unique()
    bad = values.filter(garbled(values) | values.str.contains("\ufffd", literal=True)).to_list()
    return column.replace(bad, [repaired(value) for value in bad]) if bad else column
