"""Which encoding a text file is in, decided the same way every time, and never with a character lost."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

import polars as pl

from baton.tables.faults import FileError

_REMEDY: Final = "the file may be damaged: have it exported again as UTF-8, or set the encoding of this system"
SAMPLE_BYTES: Final = 65_536
_HANZI: Final = re.compile("[\u4e00-\u9fff]+")
_ASCII: Final = dict.fromkeys(range(128))
"""Deletes ASCII in ``str.translate``."""
_RARE_SHARE: Final = 0.05
_ENOUGH_HANZI: Final = 12
_KOREAN_ENDS: Final = 0xC8
"""Hangul of EUC-KR has first bytes up to this one: hanzi read A to Q, while a third of Chinese text is read R to Z."""
_SELDOM_FROM: Final = 0xD8
_SELDOM_SHARE: Final = 0.4
"""Of different hanzi those of the second level are a tenth; Cyrillic and Greek letters in pairs give half of them."""
_ENOUGH_KANA: Final = 5
_CHINESE: Final = frozenset({"gb18030", "gbk", "gb2312", "hz"})
_RIVALS: Final = ["gb18030", "big5", "big5hkscs", "shift_jis", "euc_jp", "euc_kr", "cp949", "cp1252", "cp1251"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The file's text as UTF-8 bytes without a byte order mark, and the encoding it was found in."""

    utf8: bytes
    encoding: str


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's bytes are to be decoded."""

    codec: str
    name: str
    """As it is reported."""
    mark_bytes: int = 0
    """Length of the byte order mark, which is no content."""


def marked(head: bytes) -> Encoding | None:
    """The encoding that a byte order mark tells, from the first bytes. Raises `FileError` for what is not read."""
    if head.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8", "utf-8-bom", 3)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileError("encoding", "the file is UTF-32, which is not read", _REMEDY)
    if head.startswith(codecs.BOM_UTF16_LE):
        return Encoding("utf-16-le", "utf-16-le", 2)
    if head.startswith(codecs.BOM_UTF16_BE):
        return Encoding("utf-16-be", "utf-16-be", 2)
    if head[:SAMPLE_BYTES].count(0) * 5 > len(head[:SAMPLE_BYTES]):
        raise FileError("encoding", "the file looks like UTF-16 without a byte order mark, or is not text", _REMEDY)
    return None


def decode(data: bytes, named: str | None = None) -> Decoded:
    """Decode strictly: byte order marks first, then UTF-8, GBK, GB18030 in this order; ``named`` skips the guessing.

    Raises `FileError` with the row of the first byte that does not decode.
    """
    if named is not None:
        return Decoded(_strict(data, named), named)
    found = marked(data)
    if found is not None:
        return Decoded(_strict(data[found.mark_bytes :], found.codec), found.name)
    not_utf8 = first_not_utf8(data)
    return Decoded(data, "utf-8") if not_utf8 is None else _chinese(data, not_utf8)


def first_not_utf8(data: bytes) -> UnicodeDecodeError | None:
    """The error at the first byte that is not UTF-8, if there is one."""
    try:
        # Several times as fast as bytes.decode, which makes a text of what is only to be looked at.
        pl.Series([data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            return error
    return None


def _chinese(data: bytes, not_utf8: UnicodeDecodeError) -> Decoded:
    """Not UTF-8: GBK or GB18030, unless it is a damaged UTF-8 file that would only turn into other characters."""
    if damaged_utf8(data[max(0, not_utf8.start - SAMPLE_BYTES) : not_utf8.start + SAMPLE_BYTES]):
        raise _undecodable(data, "utf-8", not_utf8)
    for encoding in ("gbk", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "gb18030":
                raise _undecodable(data, encoding, error) from error
            continue
        break
    check_chinese(text, data)
    return Decoded(text.encode("utf-8"), encoding)


def damaged_utf8(window: bytes) -> bool:
    """True when bytes around one that is not UTF-8 are Chinese UTF-8 otherwise: damage, not another encoding."""
    text = window.decode("utf-8", "replace")
    # Three-byte sequences that give Chinese characters hardly ever arise in GBK text by chance.
    return sum(map(len, _HANZI.findall(text))) > text.count("\ufffd")


def check_chinese(text: str, data: bytes) -> None:
    """Refuse what decodes as GB text but looks like another encoding. Both arguments may be the top of the file."""
    if _looks_foreign(text):
        _break_tie(data)


def _looks_foreign(text: str) -> bool:
    """True when many characters are outside GB 2312: rare names are few, another encoding misread is full of them.

    Also where all are inside, and yet only such as Korean, Cyrillic or Japanese text becomes.
    """
    sample = text[:SAMPLE_BYTES].translate(_ASCII)
    known = sum(1 for character in sample if _in_gb2312(character))
    return len(sample) - known > _RARE_SHARE * len(sample) or _is_one_sided(set(sample))


def _is_one_sided(characters: set[str]) -> bool:
    hanzi = (character for character in characters if _HANZI.match(character) and _in_gb2312(character))
    leads = [character.encode("gb2312")[0] for character in hanzi]
    if len(leads) >= _ENOUGH_HANZI:
        seldom = sum(lead >= _SELDOM_FROM for lead in leads)
        if max(leads) <= _KOREAN_ENDS or seldom > _SELDOM_SHARE * len(leads):
            return True
    return sum("\u3041" <= character <= "\u30fe" for character in characters) >= _ENOUGH_KANA


def _in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _break_tie(data: bytes) -> None:
    """Refuse a file that a statistical look takes for something other than Chinese GB text."""
    from charset_normalizer import from_bytes  # only needed for doubtful files

    best = from_bytes(data[:SAMPLE_BYTES], cp_isolation=_RIVALS).best()
    if best is None or best.encoding not in _CHINESE:
        likely = "an unknown encoding" if best is None else best.encoding
        raise FileError("encoding", f"the file could be GB18030, but looks more like {likely}", _REMEDY)


def _strict(data: bytes, encoding: str) -> bytes:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(data, encoding, error) from error
    return text.removeprefix("\ufeff").encode("utf-8")


def _undecodable(data: bytes, encoding: str, error: UnicodeDecodeError) -> FileError:
    row = data[: error.start].decode(encoding, "ignore").count("\n") + 1
    return undecodable(encoding, row, error.start + 1)


def undecodable(encoding: str, row: int, byte: int) -> FileError:
    """The fault of a file with a byte that is not in its encoding; row and byte count from 1."""
    return FileError("undecodable", f"row {row}: a byte is not valid {encoding} (byte {byte})", _REMEDY)
