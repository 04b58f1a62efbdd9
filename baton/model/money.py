"""How many decimals a currency has, said once: money is counted in minor units, and read and written in major ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

_USUAL: Final = 2
_DIGITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"), 0),
        **dict.fromkeys(("PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
        **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
        **dict.fromkeys(("CLF", "UYW"), 4),
    }
)
"""ISO 4217: digits of the minor unit where they are not two."""


_DOLLARS: Final = ("USD", "AUD", "CAD", "HKD", "MOP", "NZD", "SGD", "TWD")
_WRITTEN: Final[Mapping[str, Collection[str]]] = MappingProxyType(
    {
        **dict.fromkeys(("rmb", "人民币"), ("CNY",)),
        **dict.fromkeys(("元", "元整", "圆", "圆整"), ("CNY", "HKD", "MOP", "TWD")),
        "¥": ("CNY", "JPY"),
        "円": ("JPY",),
        "€": ("EUR",),
        "£": ("GBP",),
        "$": _DOLLARS,
        "us$": ("USD",),
        "hk$": ("HKD",),
        **dict.fromkeys(("₩", "원"), ("KRW",)),
    }
)
"""Signs and names that stand with amounts, in small letters: which currencies each may mean."""


def may_mean(written: str, currency: str) -> bool:
    """Whether a sign, a name or a code that stands with an amount may mean this currency.

    >>> may_mean("￥", "CNY"), may_mean("US$", "CNY"), may_mean("cny", "CNY"), may_mean("人民币", "CNY")
    (True, False, True, True)
    """
    text = normalize("NFKC", written).casefold()
    return text == currency.casefold() or currency in _WRITTEN.get(text, ())


def minor_digits(currency: str) -> int:
    """How many decimals a currency has."""
    return _DIGITS.get(currency, _USUAL)


def major_text(minor: int, currency: str) -> str:
    """An amount as people read it.

    >>> major_text(1234567, "CNY"), major_text(-5, "CNY"), major_text(1200, "JPY"), major_text(1234, "KWD")
    ('12,345.67 CNY', '-0.05 CNY', '1,200 JPY', '1.234 KWD')
    """
    return f"{Decimal(minor).scaleb(-minor_digits(currency)):,f} {currency}"
