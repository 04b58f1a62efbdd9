"""Numbers of accounts and banks, and the checks they carry in themselves.

CNAPS numbers end in a check digit by ISO 7064 MOD 11,10. No public text of the scheme's owner was at hand for that,
only published numbers of banks, all of which fit: it is worth a warning and no more. Cards end in a Luhn digit;
passbooks and company accounts need not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import Final

_SEPARATORS: Final = re.compile(r"[\s\u3000-]+")
_WIDE: Final = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_FORM: Final = re.compile(r"[0-9A-Z]{4,34}")
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")
_CARD: Final = re.compile(r"62[0-9]{14,17}|[345][0-9]{15}")
_CNAPS: Final = re.compile(r"[0-9]{12}")
_BIC: Final = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
IBAN_LENGTHS: Final = MappingProxyType(
    {"AT": 20, "BE": 16, "CH": 21, "CZ": 24, "DE": 22, "DK": 18, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "IE": 22,
     "IT": 27, "LI": 21, "LU": 20, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "SE": 24}
)  # fmt: skip
"""Lengths by country; IBANs of other countries are judged by their check digits alone."""


def plain_account(account: str) -> str:
    """An account as it is compared: without spaces and hyphens, full-width digits made ordinary, letters large.

    >>> plain_account("6222 0000-0000 0001"), plain_account("de89３７０4")
    ('6222000000000001', 'DE893704')
    """
    if account.isascii() and account.isdecimal():
        return account
    return _SEPARATORS.sub("", account.translate(_WIDE)).upper()


def is_account(account: str) -> bool:
    """Whether it can be an account at all: 4 to 34 digits and letters."""
    return bool(_FORM.fullmatch(account))


def is_card(account: str) -> bool:
    """Whether it looks like a card, whose last digit should be a Luhn digit."""
    return bool(_CARD.fullmatch(account))


def is_iban(account: str) -> bool:
    """Whether it looks like an IBAN."""
    return bool(_IBAN.fullmatch(account))


@lru_cache(maxsize=65_536)
def iban_fits(iban: str) -> bool:
    """Whether an IBAN's check digits (ISO 7064 MOD 97-10) and, where known, its length fit.

    >>> iban_fits("DE89370400440532013000"), iban_fits("DE89370400440532013001")
    (True, False)
    """
    length = IBAN_LENGTHS.get(iban[:2])
    if length is not None and len(iban) != length:
        return False
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def is_bank_code(code: str) -> bool:
    """Whether it is a CNAPS number or a BIC by its form."""
    return bool(_CNAPS.fullmatch(code) or _BIC.fullmatch(code))


@lru_cache(maxsize=65_536)
def cnaps_fits(code: str) -> bool:
    """Whether the last of 12 digits is the check digit of the others; True for what is no CNAPS number.

    >>> cnaps_fits("105100000017"), cnaps_fits("105100000018")
    (True, False)
    """
    if not _CNAPS.fullmatch(code):
        return True
    product = 10
    for digit in code[:-1]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(code[-1])
