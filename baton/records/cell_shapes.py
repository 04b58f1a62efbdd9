"""The shape of a text: what kind of character stands at each place, one ASCII letter per character.

Shapes are few where values are many, so whatever hangs on the shape alone is asked once per shape.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

import polars as pl

_BETWEEN: Final = b"\x1e"
_CONTINUATION: Final = bytes(range(0x80, 0xC0))


def _class_of(byte: int) -> int:
    """The class of the character that begins with this byte of UTF-8."""
    if byte == _BETWEEN[0]:
        return byte
    if byte < 0x80:
        char = chr(byte)
        if char.isdigit():
            return ord("9")
        if char.isalpha():
            return ord("a")
        return byte if char.isprintable() else ord("C")
    leads = {0xC2: "L", 0xC3: "L", 0xE2: "Z", 0xE3: "K", 0xEE: "P", 0xEF: "F"}
    if byte in leads:
        return ord(leads[byte])
    if 0xE4 <= byte <= 0xE9:
        return ord("H")
    if 0xEA <= byte <= 0xED:
        return ord("R")
    return ord("S" if byte >= 0xF0 else "X")


_CLASSES: Final = bytes(map(_class_of, range(256)))
_SHOWN: Final = str.maketrans(
    {"H": "中", "K": "、", "R": "한", "L": "é", "X": "я", "S": "𠮷", "F": "Ａ", "Z": "…", "P": "\ufffd", "C": "␀"}
)
_LONGEST_SHOWN: Final = 60


def shapes(values: pl.Series) -> pl.Series:
    """The shape of each text, in order; the series must hold no null.

    ``9`` digit, ``a`` Latin letter, ``H`` Han, ``K`` kana and CJK signs, ``R`` Hangul, ``L`` Latin-1, ``Z`` general
    punctuation (invisible characters are among it), ``F`` full-width and other compatibility forms, ``P`` private use,
    ``X`` any other alphabet, ``S`` beyond the first plane, ``C`` control; ASCII signs and the space are themselves.
    """
    if values.is_empty():
        return pl.Series(values.name, [], dtype=pl.String)
    joined: bytes = values.str.join(_BETWEEN.decode()).cast(pl.Binary).item()
    if joined.count(_BETWEEN) != len(values) - 1:
        plain = values.str.replace_all(_BETWEEN.decode(), "\x1f", literal=True)
        joined = plain.str.join(_BETWEEN.decode()).cast(pl.Binary).item()
    # A translation that drops continuation bytes leaves one byte per character: the cheapest pass there is.
    classes = joined.translate(_CLASSES, _CONTINUATION)
    return pl.Series(values.name, [classes]).cast(pl.String).str.split(_BETWEEN.decode()).explode()


def shown(shape: str) -> str:
    """A shape as a person reads it: kinds of characters with how many in a row.

    >>> shown("9999-99-99"), shown("HHH99H"), shown("")
    ('9{4}-9{2}-9{2}', '中{3}9{2}中', '')
    """
    runs = ((char.translate(_SHOWN), sum(1 for _ in run)) for char, run in groupby(shape))
    text = "".join(char if number == 1 else f"{char}{{{number}}}" for char, number in runs)
    return text if len(text) <= _LONGEST_SHOWN else re.sub(r"\{[^}]*$", "", text[:_LONGEST_SHOWN]) + "⋯"
