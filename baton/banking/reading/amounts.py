"""Amounts of money as banks write them, into integer minor units. Exactly, or not at all."""

from __future__ import annotations

import re
from typing import Final

_DECIMAL: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,5}))?", re.ASCII)
_MINOR: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_DIGITS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"), 0),
    **dict.fromkeys(("PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""ISO 4217: digits of the minor unit where they are not two."""


def minor_digits(currency: str) -> int:
    """How many decimals a currency has."""
    return _DIGITS.get(currency, 2)


def from_major(text: str, currency: str) -> int:
    """``12.3`` of CNY is 1230. ValueError (which does not repeat the text) for what is not an exact plain decimal.

    Signs, exponents, NaN, thousands separators, other alphabets' digits and more decimals than the currency has are
    refused; zeros at the end are not decimals.
    """
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise ValueError("is not a plain decimal number")
    digits = minor_digits(currency)
    decimals = (found[2] or "").ljust(digits, "0")
    if decimals[digits:].strip("0"):
        raise ValueError(f"has more than the {digits} decimals of its currency")
    return int(found[1] + decimals[:digits])


def from_minor(text: str) -> int:
    """``1230`` is 1230, for banks that count in the smallest unit. ValueError for anything but digits."""
    if not _MINOR.fullmatch(text):
        raise ValueError("is not a whole number of minor units")
    return int(text)
