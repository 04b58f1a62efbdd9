"""English: the texts are their own keys, but for words of the hub's that are no words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    "in_doubt": "in doubt",
    "out_of_scope": "out of scope",
    "not_performed": "not performed",
    "found": "found as planned",
    "leading_zeros": "leading zeros",
    "zone_shift": "shifted by a time zone",
    "no_value": "no value against empty text",
    "end_sessions": "end sessions",
    "limited_systems": "limited to systems",
}
