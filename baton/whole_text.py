"""The one rule for text that comes from outside: every character of it is whole.

Half of a surrogate pair is no character. Python's text can hold one (JSON escapes, YAML escapes, bytes of a command
line that are no UTF-8), and no database, file or message can. So it is refused where it comes in.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

RULE: Final = "half_character"
COMPLAINT: Final = "holds half of a character (a lone surrogate), which can be neither stored nor sent"
_ESCAPED: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def is_whole(text: str) -> bool:
    """Whether a text can be stored and sent at all."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_whole_json(content: bytes) -> bool:
    """Whether JSON holds no half characters; the standard library's parser would let them through.

    Only what has such an escape in it at all is read for this; other faults of it are somebody else's to find.
    """
    if not _ESCAPED.search(content):
        return True
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True
