"""Amounts of money as banks write them, into integer minor units. Exactly, or not at all."""

from __future__ import annotations

import re
from typing import Final

from baton.model.money import minor_digits

_MOST_WHOLE_DIGITS: Final = 18
_MOST_DECIMALS: Final = 5
_MINOR: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


def from_major(text: str, currency: str) -> int:
    """``12.3`` of CNY is 1230. ValueError (which does not repeat the text) for what is not an exact plain decimal.

    Signs, exponents, NaN, thousands separators, other alphabets' digits and more decimals than the currency has are
    refused; zeros at the end are not decimals.
    """
    whole, point, decimals = text.partition(".")
    written = whole + decimals
    plain = written.isascii() and written.isdigit() and bool(whole) and bool(point) == bool(decimals)
    if not plain or len(whole) > _MOST_WHOLE_DIGITS or len(decimals) > _MOST_DECIMALS:
        raise ValueError("is not a plain decimal number")
    digits = minor_digits(currency)
    if len(decimals) != digits:
        decimals = decimals.ljust(digits, "0")
        if decimals[digits:].strip("0"):
            raise ValueError(f"has more than the {digits} decimals of its currency")
        written = whole + decimals[:digits]
    return int(written)


def from_minor(text: str) -> int:
    """``1230`` is 1230, for banks that count in the smallest unit. ValueError for anything but digits."""
    if not _MINOR.fullmatch(text):
        raise ValueError("is not a whole number of minor units")
    return int(text)
