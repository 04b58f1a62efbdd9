"""How a workbook's cell styles show numbers: as they are, as dates and times, or filled up with zeros and parted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

DATE: Final = "date"
TIME: Final = "time"
DATE_TIME: Final = "date_time"
DURATION: Final = "duration"

_LITERAL: Final = re.compile(r'(?i)"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]')
"""Quoted and escaped text, widths, and brackets (colours, languages) that are no elapsed time."""
_TEXT: Final = r'"[^"]*"|\\.|[-+():!^&\'~{} ]'
"""Quoted, escaped, and what spreadsheets show as it is."""
_UNSEEN: Final = r"_.|\*.|\[[^\]<>=]*\]"
_PADDED: Final = re.compile(rf"((?:{_UNSEEN}|{_TEXT})*0(?:{_UNSEEN}|{_TEXT}|0)*0)(?:{_UNSEEN})*(?:;.*)?")
"""Only zeros, with texts in front and between (``"E"0000``, ``00-0000``); negative numbers may have their own form.

A text behind them is a unit, and what is shown an amount of it.
"""
_PART: Final = re.compile(rf"(?P<unseen>{_UNSEEN})|(?P<text>{_TEXT})|0")

_POINTS: Final = frozenset(".,·．，")
"""Between zeros these show an amount, in ten thousands for one (``0"."0000``), and no number of a person."""

_LONGEST_CODE: Final = 255
"""What spreadsheets take; a longer one would only cost time."""

_BUILT_IN: Final[Mapping[int, str]] = {
    **dict.fromkeys((14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), DATE),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56), TIME),
    22: DATE_TIME,
    46: DURATION,
}
"""Formats known by number only, with those of Chinese, Japanese and Korean editions (27 to 36, 50 to 58)."""


@dataclass(frozen=True, slots=True)
class Styles:
    """By style index: ``moments`` (`DATE`, `TIME`, `DATE_TIME`, `DURATION`) and ``padded``.

    The latter are the texts before, between and behind the digits shown: an employee number E0012 may be stored as 12.
    """

    moments: Mapping[int, str]
    padded: Mapping[int, Sequence[str]]

    def shown(self, style: int, whole: str) -> str:
        """A whole number as a padded style shows it; digits that have no place stand before the first one."""
        before, *behind = self.padded[style]
        digits = whole.zfill(len(behind))
        first = len(digits) - len(behind)
        return before + digits[:first] + "".join(map("".join, zip(digits[first:], behind, strict=True)))


def styles(root: etree._Element | None) -> Styles:
    """The styles of ``xl/styles.xml`` that change what a number means."""
    moments: dict[int, str] = {}
    padded: dict[int, Sequence[str]] = {}
    if root is None:
        return Styles(moments, padded)
    formats = root.iterfind("{*}numFmts/{*}numFmt")
    codes = {node.get("numFmtId"): node.get("formatCode", "")[:_LONGEST_CODE] for node in formats}
    for index, node in enumerate(root.iterfind("{*}cellXfs/{*}xf")):
        number = node.get("numFmtId", "0")
        code = codes.get(number)
        moment = _BUILT_IN.get(int(number)) if code is None and number.isdecimal() else moment_of(code or "")
        if moment is not None:
            moments[index] = moment
        elif code is not None and (zeros := _PADDED.fullmatch(code)):
            texts = _around_digits(zeros[1])
            if not _POINTS.intersection("".join(texts[1:])):
                padded[index] = texts
    return Styles(moments, padded)


def _around_digits(form: str) -> list[str]:
    """The texts before, between and behind the zeros of a format.

    >>> _around_digits('"E"00-0')
    ['E', '', '-', '']
    """
    texts = [""]
    for part in _PART.finditer(form):
        if part["text"]:
            texts[-1] += re.sub(r'"([^"]*)"|\\(.)', r"\1\2", part["text"])
        elif not part["unseen"]:
            texts.append("")
    return texts


def moment_of(code: str) -> str | None:
    """What a number format shows a number as; None for a plain number.

    >>> moment_of('yyyy"年"m"月"d"日"'), moment_of("[HH]:mm"), moment_of("[Red]0.00E+00"), moment_of("mm:ss")
    ('date', 'duration', None, 'time')
    """
    shown = _LITERAL.sub("", code).split(";")[0].lower()
    if "general" in shown or "通用" in shown:
        return None
    if "[" in shown:
        return DURATION
    clock = "h" in shown or "s" in shown
    if re.search(r"[yd]|e(?![+-])|aaa|bb", shown) or ("m" in shown and not clock):
        return DATE_TIME if clock else DATE
    return TIME if clock else None
