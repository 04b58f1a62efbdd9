"""Mobile numbers as people write them, and as the vendor wants them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_BETWEEN: Final = re.compile(r"[\s().\-\u2010-\u2015\u00b7]+")
"""What stands between the digits for the eye alone."""
_TRUNK: Final = re.compile(r"\(\s*0\s*\)")
"""``+44 (0)7911 …``: the 0 is dialled at home alone, and no part of the number that begins with a country code."""
_MAINLAND: Final = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})", re.ASCII)
_ABROAD: Final = re.compile(r"(?:\+|00)([1-9]\d{6,14})", re.ASCII)
"""E.164: at most 15 digits, the first never 0; fewer than 7 are nobody's."""
_CHINA: Final = "86"


@dataclass(frozen=True, slots=True, repr=False)
class Mobile:
    """One number. Its text form is left to nobody's log: ``repr`` shows no digit."""

    wire: str
    """Mainland numbers in their 11 digits, all others as country code and number, digits only."""
    mainland: bool

    def __repr__(self) -> str:
        return f"Mobile(mainland={self.mainland})"


def mobile(written: str) -> Mobile | None:
    """The number somebody wrote; None for one that cannot be told to be a mobile number.

    Without ``+`` or ``00`` only a mainland number is one: anything else could be a number of any country.
    """
    plain = _BETWEEN.sub("", written)
    if plain.startswith(("+", "00")):
        plain = _BETWEEN.sub("", _TRUNK.sub("", written))
    mainland = _MAINLAND.fullmatch(plain)
    if mainland:
        return Mobile(mainland[1], mainland=True)
    abroad = _ABROAD.fullmatch(plain)
    if abroad is None or abroad[1].startswith(_CHINA):  # +86 and no mobile number: a landline, or a digit too few
        return None
    return Mobile(abroad[1], mainland=False)
