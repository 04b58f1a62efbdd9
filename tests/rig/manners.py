"""What a text for people must keep in a language, as far as it can be seen from its letters."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Mapping

_CASUAL_KOREAN = re.compile(r"([세어아해나군지네에예]요|죠)([.?!]|$)")
"""Endings of a lower level of politeness than the one of forms and letters (합니다)."""
_KOREAN_SENTENCE = re.compile(r"(니다|십시오)\.$")
_POLITE_JAPANESE = ("です", "ます", "ません", "ました", "でした", "ください")
_PARTICLE = re.compile(r"[})](은|는|이|가|을|를|과|와|로|으로)(?![가-힣(])")
"""Particles that change with the sound before them: right after a value they are wrong for half of all values."""


def blanks(text: str) -> set[str]:
    """The values that stand in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def columns(text: str) -> int:
    """How wide a text is: one for a Latin letter, two for a CJK character."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def unmannered_japanese(texts: Mapping[str, str]) -> dict[str, str]:
    """The sentences that do not end politely (です, ます)."""
    return {
        key: part
        for key, text in texts.items()
        for part in text.split("。")[:-1]
        if not part.endswith(_POLITE_JAPANESE)
    }


def unmannered_korean(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts in another level of politeness, or with a particle that does not fit every value."""
    return {
        key: text
        for key, text in texts.items()
        if _CASUAL_KOREAN.search(text)
        or _PARTICLE.search(text)
        or (text.endswith(".") and not _KOREAN_SENTENCE.search(text))
    }
