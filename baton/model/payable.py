"""What a person is owed, and the order that asks a bank to pay it. Money is integer minor units, always."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

REFERENCE_CHARACTERS: Final = 26
"""Short enough for every bank layout known here (CMB's own reference takes 30, BOC's 32, ISO 20022 takes 35)."""
PERIOD_PATTERN: Final = "^[12][0-9]{3}-(0[1-9]|1[0-2])$"
"""What a month is, such as 2026-11, for whatever takes a regular expression: a form, an API's description, a file."""
_PERIOD: Final = re.compile(PERIOD_PATTERN)
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def is_period(text: str) -> bool:
    """Whether it is a month as payables are keyed by.

    >>> is_period("2026-11"), is_period("2026-13"), is_period("2026-1"), is_period("9999-12")
    (True, False, False, False)
    """
    return _PERIOD.fullmatch(text) is not None


def is_currency(text: str) -> bool:
    """Whether it has the form of a currency.

    >>> is_currency("CNY"), is_currency("rmb")
    (True, False)
    """
    return _CURRENCY.fullmatch(text) is not None


class Component(StrEnum):
    """What a payment is for. A departed person appears as a final settlement, or not at all."""

    SALARY = "salary"
    BONUS = "bonus"
    EXPENSE = "expense"
    FINAL_SETTLEMENT = "final_settlement"
    RECOVERY = "recovery"
    """Money that goes back to somebody after a recovery took too much."""


@dataclass(frozen=True, slots=True, order=True)
class PayableKey:
    """What may be paid once, ever: drafts and paid lines share this one name space.

    ``period`` is ``YYYY-MM``. ``attempt`` is 1; a higher one exists only with evidence that the one before came back.
    """

    number: str
    period: str
    component: Component
    attempt: int = 1

    def __post_init__(self) -> None:
        """Refuse a key that could be written in two ways."""
        if not self.number or not is_period(self.period) or self.attempt < 1:
            raise ValueError(f"not a payable's key: period {self.period!r}, attempt {self.attempt}")

    @property
    def reference(self) -> str:
        """The end-to-end reference at every bank: 26 characters A-Z and 2-7, a pure function of the key.

        The same payable in another run, another file or after a restored backup has the same reference, so that a
        bank's own check for doubles stands behind ours.
        """
        return _letters(_head("payable", self.period, self.component, self.attempt), self.number)


def order_reference(run: str, part: int) -> str:
    """The message id of a run's ``part``-th file (from 1): 26 characters A-Z and 2-7, never random."""
    return _letters(_head("order", part), run)


def recovery_reference(case: str) -> str:
    """What a transfer that pays a recovery case back has to name: 26 characters A-Z and 2-7, never random."""
    return _letters(_head("recovery"), case)


_LETTERS: Final = bytes(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte & 31] for byte in range(256))


@lru_cache(maxsize=1024)
def _head(*parts: str | int) -> bytes:
    """What all lines of a run have in common, worked out once; framed, so that no two heads read alike."""
    encoded = [str(part).encode() for part in parts]
    return b"baton-payment-1" + b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _letters(head: bytes, last: str) -> str:
    """Five bits of each of the digest's first bytes, 130 in all. Asked for once a line, so it has to be cheap."""
    return hashlib.sha256(head + last.encode()).digest()[:REFERENCE_CHARACTERS].translate(_LETTERS).decode("ascii")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account, as a bank wants it named. Personal when it is a person's: never logged, sealed at rest."""

    holder: str = field(repr=False)
    """The name exactly as the bank has it; never transliterated."""
    account: str = field(repr=False)
    """Card, account number or IBAN, without spaces."""
    bank_code: str = ""
    """CNAPS (12 digits) or BIC, as the scheme of the profile says; empty within one's own bank."""
    bank_name: str = ""
    town: str = ""
    country: str = ""
    """ISO 3166 alpha-2; town and country go out together or not at all."""


@dataclass(frozen=True, slots=True)
class Payable:
    """One line of a pay run."""

    key: PayableKey
    payee: BankAccount
    amount_minor: int
    currency: str = "CNY"
    remark: str = ""
    """Shown to the payee by the bank, where the layout carries one."""
    place: str = ""
    """Where it came from: ``file:row``, or the record at the source."""

    def __post_init__(self) -> None:
        """A currency is three capital letters; an amount is a whole number of minor units (its size is a check's)."""
        if not is_currency(self.currency) or type(self.amount_minor) is not int:
            raise ValueError(f"not a payable: currency {self.currency!r}")


Lines: TypeAlias = Callable[[], Iterator[Payable]]
"""The lines of an order, from the first, each time it is called: writers read them twice and keep none."""


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """One file for one bank: what a writer turns into bytes. The same order gives the same bytes, always."""

    message_id: str
    created: datetime
    """UTC; stored with the run, so that building again builds the same."""
    execution_day: date
    payer: BankAccount
    initiator: str
    """The paying company as the bank's contract names it."""
    component: Component
    """One file pays one kind of thing."""
    currency: str
    count: int
    total_minor: int
    lines: Lines = field(repr=False)
