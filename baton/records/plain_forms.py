"""Texts in the plain forms of their characters, in which nothing is a digit that was written as none.

NFKC makes an ordinary letter of a full-width one, and an ordinary digit of any sign that has a digit in it: 8000① is
80001 by it, and ㎡ is m2. A footnote would change an amount, or name another employee.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby
from typing import Final

import polars as pl

_SIGNS_WITH_DIGITS: Final = r"\u32c0-\u32cb\u3358-\u3370\u3378\u3379\u339f-\u33a6\u33a8\u33af\u33e0-\u33fe"
"""Signs of months, hours, days and units that are no numbers by their category, but have a digit in them by NFKC."""
_KEPT: Final = rf"[\p{{No}}{_SIGNS_WITH_DIGITS}]"
_BEYOND_ASCII: Final = r"[^\x00-\x7f]"


def plain_texts(values: pl.Series) -> pl.Series:
    """Texts in NFKC, but for circled, raised and other numbers that are no decimal digits: these stay as they are.

    >>> plain_texts(pl.Series(["ＨＲ０１２", "8000①", "８０００²", "50㎡", None])).to_list()
    ['HR012', '8000①', '8000²', '50㎡', None]
    """
    beyond = values.str.contains(_BEYOND_ASCII).arg_true()
    if not beyond.len():
        return values
    texts = values.gather(beyond)
    plain = texts.str.normalize("NFKC")
    changed = (texts != plain).arg_true()
    signed = changed.filter(texts.gather(changed).str.contains(_KEPT))
    if signed.len():
        plain = plain.scatter(signed, pl.Series([plain_text(text) for text in texts.gather(signed)], dtype=pl.String))
    return values.clone().scatter(beyond, plain)


def plain_text(text: str) -> str:
    """One text as `plain_texts` has it.

    >>> plain_text("１⒉５０"), plain_text("第①部")
    ('1⒉50', '第①部')
    """
    return "".join(
        "".join(part) if kept else unicodedata.normalize("NFKC", "".join(part)) for kept, part in groupby(text, _stays)
    )


def _stays(char: str) -> bool:
    no_decimal = not char.isascii() and unicodedata.category(char) in ("No", "So")
    return no_decimal and (unicodedata.category(char) == "No" or _has_digit(unicodedata.normalize("NFKC", char)))


def _has_digit(plain: str) -> bool:
    return any("0" <= char <= "9" for char in plain)
