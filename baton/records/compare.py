"""How two records of one key differ: in which column, what was expected, what was found, and of which kind it is.

Records are compared strictly: a trailing blank is a difference. The *cause* then says what kind it is, so that a person
can tell a value that changed from one that is only written differently.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

import polars as pl

from baton.model.account import FieldSpec
from baton.records.masking import masked
from baton.records.plain_forms import plain_text

_MOJIBAKE: Final = (
    ("utf-8", "gbk"),
    ("utf-8", "latin-1"),
    ("gbk", "latin-1"),
    ("utf-8", "cp1252"),
    ("gb18030", "utf-8"),
)
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_QUARTER_HOUR: Final = timedelta(minutes=15)
_WIDEST_SHIFT: Final = timedelta(hours=26)
_LONGEST_NUMBER: Final = 60


class Cause(StrEnum):
    """What kind of difference it is, as far as the two values show."""

    VALUE = "value"
    MISSING = "missing"
    EXTRA = "extra"
    DUPLICATE = "duplicate"
    CUT = "cut"
    LEADING_ZEROS = "leading_zeros"
    ZONE_SHIFT = "zone_shift"
    MOJIBAKE = "mojibake"
    SWAPPED = "swapped"
    NO_VALUE = "no_value"
    """One is no value, the other is empty text."""
    PADDING = "padding"
    UNICODE = "unicode"
    WIDTH = "width"
    SCALE = "scale"
    ZONE = "zone"

    @property
    def representation(self) -> bool:
        """True when both say the same in another form."""
        return self in (Cause.NO_VALUE, Cause.PADDING, Cause.UNICODE, Cause.WIDTH, Cause.SCALE, Cause.ZONE)


_MADE_OF: Final = frozenset(
    {Cause.NO_VALUE, Cause.PADDING, Cause.UNICODE, Cause.WIDTH, Cause.SCALE, Cause.ZONE, Cause.CUT}
)
"""What a system does to a value by itself when it takes it: trims, rounds, normalises, cuts."""


def made_of(given: pl.DataFrame, found: pl.DataFrame, fields: Mapping[str, FieldSpec]) -> list[bool]:
    """Per row of two frames in one order: whether what was found is what a system may have made of what was given."""
    verdicts = []
    for left, right in zip(given.select(list(fields)).rows(), found.select(list(fields)).rows(), strict=True):
        causes = {cause_of(one, other) for one, other in zip(left, right, strict=True) if one != other}
        verdicts.append(causes <= _MADE_OF)
    return verdicts


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell (or one whole record, where ``column`` is empty) that is not as it should be; values are masked."""

    position: int
    """Row of the expected frame, from 0; -1 for a record that nobody expected."""
    column: str
    cause: Cause
    expected: str = ""
    found: str = ""


def differing_cells(
    expected: pl.DataFrame, found: pl.DataFrame, fields: Mapping[str, FieldSpec], positions: Sequence[int]
) -> list[Difference]:
    """Every cell that differs between two frames of the same rows in the same order; ``positions`` names the rows."""
    differing = []
    sides = zip(expected.select(list(fields)).rows(), found.select(list(fields)).rows(), positions, strict=True)
    for left, right, position in sides:
        cells = [place for place in range(len(left)) if left[place] != right[place]]
        for place, name in enumerate(fields):
            if place in cells:
                cause = _swapped(left, right, place, cells) or cause_of(left[place], right[place])
                personal = fields[name].personal
                shown = masked(left[place], personal=personal), masked(right[place], personal=personal)
                differing.append(Difference(position, name, cause, *shown))
    return differing


def _swapped(left: Sequence[Any], right: Sequence[Any], place: int, cells: Sequence[int]) -> Cause | None:
    """Whether this cell and another one that differs have changed places."""
    if any(left[place] == right[other] and right[place] == left[other] for other in cells if other != place):
        return Cause.SWAPPED
    return None


def cause_of(expected: object, found: object) -> Cause:
    """What kind of difference two values show.

    >>> cause_of("0012", "12"), cause_of("张三 ", "张三"), cause_of("1.50", "1.5")
    (<Cause.LEADING_ZEROS: 'leading_zeros'>, <Cause.PADDING: 'padding'>, <Cause.SCALE: 'scale'>)
    """
    if expected is None or found is None:
        return Cause.NO_VALUE if not (expected or found) and "" in (expected, found) else Cause.VALUE
    if isinstance(expected, datetime) and isinstance(found, datetime):
        return _shift(expected, found)
    if not (isinstance(expected, str) and isinstance(found, str)):
        return Cause.VALUE
    return _textual(expected, found)


def _textual(expected: str, found: str) -> Cause:
    if _stripped(expected) == _stripped(found):
        return Cause.PADDING
    if unicodedata.normalize("NFC", expected) == unicodedata.normalize("NFC", found):
        return Cause.UNICODE
    if plain_text(expected) == plain_text(found):
        return Cause.WIDTH
    moments = _moment(expected), _moment(found)
    if moments[0] is not None and moments[1] is not None:
        return Cause.ZONE if moments[0] == moments[1] else _shift(moments[0], moments[1])
    if _bare(expected) and expected.lstrip("0") == found.lstrip("0") and "." not in expected + found:
        return Cause.LEADING_ZEROS
    numbers = _number(expected), _number(found)
    if numbers[0] is not None and numbers[0] == numbers[1]:
        return Cause.SCALE
    if _is_mojibake(expected, found):
        return Cause.MOJIBAKE
    if found and expected.startswith(found):
        return Cause.CUT
    return Cause.VALUE


def _stripped(text: str) -> str:
    return text.translate(_INVISIBLE).strip()


def _bare(text: str) -> bool:
    return text.strip("0") != "" or len(text) > 1


def _number(text: str) -> Decimal | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> datetime | None:
    if len(text) < len("2026-11-22T18:00") or len(text) > _LONGEST_NUMBER:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _shift(expected: datetime, found: datetime) -> Cause:
    """A whole number of quarter hours, up to a day and a bit, is how a wrong time zone shows."""
    apart = abs(expected - found)
    return Cause.ZONE_SHIFT if apart <= _WIDEST_SHIFT and not apart % _QUARTER_HOUR else Cause.VALUE


def _is_mojibake(expected: str, found: str) -> bool:
    for written, read in _MOJIBAKE:
        try:
            data = expected.encode(written)
        except UnicodeEncodeError:
            continue
        if found in (data.decode(read, "replace"), data.decode(read, "ignore")):
            return True
    return False
