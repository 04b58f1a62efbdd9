"""When two spellings of an account's holder are the same name. Never by sound: 张伟, 章伟 and 张玮 are three people.

The rule, in this order; nothing else is ignored, and upper and lower case differ:

1. Unicode NFC, so that a letter and its accent are one character.
2. Full-width forms of ASCII (U+FF01 to U+FF5E) become ASCII.
3. The bullet U+2022 becomes the middle dot U+00B7, as banks write it in names of minorities.
4. Blanks of any kind (full-width and no-break ones too) become one space; there are none at the ends, beside the middle
   dot, or beside a Chinese character; characters of no width go.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from baton.records.blanks import BLANKS, INVISIBLE

_SAME: Final = {ord("•"): "·"} | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_INVISIBLE: Final = {ord(character): None for character in INVISIBLE}
_BLANKS: Final = re.compile(f"[{BLANKS}]+")
_HAN: Final = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af·"
_LOOSE: Final = re.compile(f"(?<=[{_HAN}]) | (?=[{_HAN}])")
_LATIN: Final = re.compile("[A-Za-z]")
_CHINESE: Final = re.compile(f"[{_HAN[:-1]}]")


@lru_cache(maxsize=4096)
def normalised(name: str) -> str:
    """A name as it is compared.

    >>> normalised("阿依古丽 • 买买提"), normalised("张　三"), normalised("ＬＩ  Lei")
    ('阿依古丽·买买提', '张三', 'LI Lei')
    """
    plain = unicodedata.normalize("NFC", name).translate(_SAME).translate(_INVISIBLE)
    return _LOOSE.sub("", _BLANKS.sub(" ", plain).strip())


def same_name(one: str, other: str) -> bool:
    """Whether both are one name by the rule above."""
    return one == other or normalised(one) == normalised(other)


def is_latin(name: str) -> bool:
    """Whether a name has Latin letters and no Chinese character."""
    return not _CHINESE.search(name) and bool(_LATIN.search(name))
