"""How a workbook's cell styles show numbers: as they are, as dates and times, or filled up with zeros."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

DATE: Final = "date"
TIME: Final = "time"
DATE_TIME: Final = "date_time"
DURATION: Final = "duration"

_LITERAL: Final = re.compile(r'(?i)"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]')
"""Quoted and escaped text, widths, and brackets (colours, languages) that are no elapsed time."""
_UNSEEN: Final = r"(?:_.|\*.|\[[^\]<>=]*\])*"
_PADDED: Final = re.compile(rf'{_UNSEEN}((?:"[^"]*"|\\.)*){_UNSEEN}(0{{2,}}){_UNSEEN}(?:;.*)?')
"""Only zeros, with a text in front (``"E"0000``) or without; negative numbers may have a form of their own."""

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
    """By style index: ``moments`` (`DATE`, `TIME`, `DATE_TIME`, `DURATION`), ``padded`` (digits shown), ``before``.

    The last is the text shown in front of padded digits: an employee number E0012 may be stored as 12.
    """

    moments: Mapping[int, str]
    padded: Mapping[int, int]
    before: Mapping[int, str]


def styles(root: etree._Element | None) -> Styles:
    """The styles of ``xl/styles.xml`` that change what a number means."""
    moments: dict[int, str] = {}
    padded: dict[int, int] = {}
    before: dict[int, str] = {}
    if root is None:
        return Styles(moments, padded, before)
    formats = root.iterfind("{*}numFmts/{*}numFmt")
    codes = {node.get("numFmtId"): node.get("formatCode", "")[:_LONGEST_CODE] for node in formats}
    for index, node in enumerate(root.iterfind("{*}cellXfs/{*}xf")):
        number = node.get("numFmtId", "0")
        code = codes.get(number)
        moment = _BUILT_IN.get(int(number)) if code is None and number.isdecimal() else moment_of(code or "")
        if moment is not None:
            moments[index] = moment
        elif code is not None and (zeros := _PADDED.fullmatch(code)):
            before[index] = re.sub(r'"([^"]*)"|\\(.)', r"\1\2", zeros[1])
            padded[index] = len(zeros[2])
    return Styles(moments, padded, before)


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
