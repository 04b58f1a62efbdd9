"""What may be wrong with a value, as far as the value alone can tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from baton.records.blanks import BLANKS, CONTROLS, DIRECTION_MARKS, INVISIBLE
from baton.records.mojibake import garbled
from baton.records.plain_forms import plain_texts

_NO_VALUE: Final = (
    "无 無 空 暂无 未知 不详 没有 待定 待补充 なし 없음 - -- --- — —— / // \\ . .. … ... ? ？ * n/a na n.a. none null"
    " nil nan tbd unknown #n/a #ref! #value! #div/0! #name? #null! #num!"
)
_NO_DAY: Final = (
    "9999-12-31 9999/12/31 99991231 1900-01-01 1900/1/1 1900/01/01 1900-01-00 1970-01-01 0000-00-00 0001-01-01"
)
PLACEHOLDERS: Final = frozenset(f"{_NO_VALUE} {_NO_DAY}".split())
"""What people and programs write where there is no value, in small letters."""


class Doubt(StrEnum):
    """A way in which a value may be wrong."""

    MOJIBAKE = "mojibake"
    """Decoded with the wrong encoding."""
    LOST_CHARACTER = "lost_character"
    """U+FFFD stands where a character was."""
    PRIVATE_USE = "private_use"
    FULL_WIDTH = "full_width"
    CONTROL = "control"
    INVISIBLE = "invisible"
    """Zero-width characters and marks of direction."""
    OUTER_BLANKS = "outer_blanks"
    PLACEHOLDER = "placeholder"
    FORMULA = "formula"
    """A spreadsheet would calculate it."""
    SCIENTIFIC = "scientific"
    """A number in E notation: digits may be gone."""
    POINT_ZERO = "point_zero"
    """Whole numbers that got a ``.0`` behind."""
    ROUNDED = "rounded"
    """A long number that is zeros from its sixteenth digit on."""
    ZEROS_LOST = "leading_zeros_lost"
    MIXED_DATES = "mixed_date_order"
    NO_SUCH_DAY = "no_such_day"
    IDENTITY_CHECK = "identity_check"
    """A resident identity number whose form, date or check character does not fit."""
    CARD_CHECK = "card_check"
    PHONE_FORM = "phone_form"
    VARIANTS = "variants"
    """The same as another value but for width, case, blanks or Unicode form."""


@dataclass(frozen=True, slots=True)
class Detector:
    """Asks the shapes first; only values of a shape that may hold the doubt are looked at."""

    doubt: Doubt
    shape: str
    """A regular expression on shapes (see `baton.records.cell_shapes.shapes`)."""
    holds: Callable[[pl.Series], pl.Series]


def _matches(pattern: str) -> Callable[[pl.Series], pl.Series]:
    return lambda values: values.str.contains(pattern)


_PLACEHOLDER_SPELLINGS: Final = sorted({spelt for word in PLACEHOLDERS for spelt in (word, word.upper(), word.title())})


def _outer_blanks(values: pl.Series) -> pl.Series:
    bare = values.str.strip_chars(BLANKS)
    return (bare != values) & (bare != "")


def _placeholder(values: pl.Series) -> pl.Series:
    return values.is_in(_PLACEHOLDER_SPELLINGS)


DETECTORS: Final = (
    Detector(Doubt.MOJIBAKE, "[HLZ]", garbled),
    Detector(Doubt.LOST_CHARACTER, "F", _matches("\ufffd")),
    Detector(Doubt.PRIVATE_USE, "[PF]", _matches("[\ue000-\uf8ff]")),
    Detector(Doubt.FULL_WIDTH, "F", _matches("[０-９Ａ-Ｚａ-ｚ]")),
    Detector(Doubt.CONTROL, "[CL]", _matches(f"[{CONTROLS}]")),
    Detector(
        Doubt.INVISIBLE,
        "[ZFLX]",
        _matches(rf"[\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff{DIRECTION_MARKS}]"),
    ),
    Detector(Doubt.OUTER_BLANKS, "^[ CKLZ]|[ CKLZ]$", _outer_blanks),
    Detector(Doubt.PLACEHOLDER, r"^([^9]{1,7}|9999[/-]9{1,2}[/-]9{1,2}|99991231|9{8})$", _placeholder),
    Detector(Doubt.FORMULA, r"^[=@F]|^[+\-][^9. \-]", _matches(r"^([=＝@＠]|[+\-][^0-9.\s\-]).")),
    Detector(
        Doubt.SCIENTIFIC, r"^[+-]?9(\.9+)?a[+\-]?9{1,3}$", _matches(r"^[+-]?[0-9](\.[0-9]+)?[Ee][+-]?[0-9]{1,3}$")
    ),
    Detector(Doubt.POINT_ZERO, r"^[+-]?9+\.9$", _matches(r"\.0$")),
    Detector(Doubt.ROUNDED, "^9{17,20}$", _matches(r"^[1-9][0-9]{14}0+$")),
)
"""Every doubt that one value by itself can raise."""


def plain_form(values: pl.Series, shapes: pl.Series) -> pl.Series:
    """Texts without what people do not see: width, case, blanks, Unicode form. ``shapes`` tells what may occur."""
    if shapes.str.contains("[FLKZXRSC]").any():
        values = plain_texts(values)
    if shapes.str.contains("[ FLKZXC]").any():
        values = values.str.replace_all(rf"[{BLANKS}{INVISIBLE}]+", "")
    return values.str.to_lowercase()


MAY_VARY: Final = "[a FLKZXRCS]"
"""Shapes of which a plain form may differ from the value: letters, blanks, anything but digits, signs and Han."""
