"""Text that was decoded with the wrong encoding: how it is recognised, and what it was."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

LOST: Final = ("锟斤拷", "锟叫", "烫烫烫", "屯屯屯")
"""What U+FFFD and uninitialised memory look like once they have been read as GBK: the text itself is gone."""


def _gbk_of_utf8() -> str:
    """The characters that begin a Han character of UTF-8 when it is read as GBK."""
    pairs = (bytes((lead, trail)) for lead in range(0xE4, 0xEA) for trail in range(0x80, 0xC0))
    return "".join(pair.decode("gbk", "ignore") for pair in pairs)


_SUSPECT: Final = (
    # UTF-8 read as GBK; UTF-8 read as Latin-1 or Windows-1252; GBK read as Latin-1
    rf"[{re.escape(_gbk_of_utf8())}]"
    "|[\u00c2-\u00c5\u00c9-\u00cb\u00e2-\u00e9\u00ef\u00f0][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    "|[\u00a1-\u00ff]{4}"
)
_HAN: Final = re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]")
_PLAUSIBLE: Final = re.compile(
    r"[\u0020-\u007e\u00a0-\u024f\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef\u2010-\u2026]+"
)
_LATIN_PAIRS: Final = re.compile(r"(?:[\u00b0-\u00f7][\u00a1-\u00fe])+")


def suspect(column: pl.Expr) -> pl.Expr:
    """True where a text may be garbled: cheap, and wrong often enough that `repaired` must confirm."""
    return column.str.contains(_SUSPECT)


def lost(column: pl.Expr) -> pl.Expr:
    """True where a text holds what is left of characters that are gone for good."""
    return column.str.contains_any(list(LOST))


def repaired(text: str) -> str | None:
    """What the text was before it was decoded wrongly; None when it is sound, or beyond repair.

    >>> repaired("娴嬭瘯"), repaired("Ã©tÃ©"), repaired("æµ‹è¯•"), repaired("²âÊÔ")
    ('测试', 'été', '测试', '测试')
    >>> repaired("测试"), repaired("été"), repaired("王婧"), repaired("锟斤拷")
    (None, None, None, None)
    """
    for wrong, right in (("gbk", "utf-8"), ("cp1252", "utf-8"), ("latin-1", "utf-8")):
        found = _reread(text, wrong, right)
        if found is not None:
            return found
    if _LATIN_PAIRS.fullmatch(re.sub(r"[\x20-\x7e]", "", text)):
        chinese = _gbk(text)
        return chinese if len(_HAN.findall(chinese)) >= 2 and _PLAUSIBLE.fullmatch(chinese) else None
    return None


def garbled(values: pl.Series) -> pl.Series:
    """True for each text that was decoded wrongly. Suspects are looked at one by one in Python, others never."""
    mask = values.to_frame("v").select(lost(pl.col("v")).alias("lost"), suspect(pl.col("v")).alias("suspect"))
    suspects = values.filter(mask["suspect"]).unique()
    confirmed = [text for text in suspects if repaired(text) is not None or torn(text)]
    return mask["lost"] | (mask["suspect"] & values.is_in(confirmed))


def torn(text: str) -> bool:
    """True for UTF-8 read as GBK whose odd last byte was lost: it cannot be put right, only recognised.

    >>> torn("娴嬭瘯鐢\ufffd"), torn("测试甲?")
    (True, False)
    """
    bare = text.rstrip("?\ufffd")
    if bare == text or not bare:
        return False
    try:
        raw = bare.encode("gbk")
    except UnicodeEncodeError:
        return False
    cut = raw.decode("utf-8", "ignore")
    return len(_HAN.findall(cut)) >= 1 and len(raw) - len(cut.encode()) <= 2


def _reread(text: str, wrong: str, right: str) -> str | None:
    try:
        found = text.encode(wrong).decode(right)
    except UnicodeError:
        return None
    return found if found != text and len(found) < len(text) and _PLAUSIBLE.fullmatch(found) else None


def _gbk(text: str) -> str:
    try:
        return text.encode("latin-1").decode("gbk")
    except UnicodeError:
        return ""
