"""What a bank's file holds, asked with lxml and XPath alone: nothing here knows the readers, or trusts them.

Elements go by their local names: some banks leave the namespace out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from lxml import etree

_ABSENT: Final = ("", "NOTPROVIDED")
_AMOUNT: Final = "*[local-name()='Amt']"
_LEVELS: Final = (
    ("file", "OrgnlGrpInfAndSts", "GrpSts"),
    ("batch", "OrgnlPmtInfAndSts", "PmtInfSts"),
    ("line", "TxInfAndSts", "TxSts"),
)
_WAY: Final = "*[local-name()='CdtDbtInd']"


@dataclass
class Held:
    """Of statements and notifications."""

    statements: int = 0
    bookings: int = 0
    transactions: int = 0
    entries: int = 0
    """A booking with one transaction or none is one; of several each that has an amount, and one for what is left."""
    sums: dict[str, Decimal] = field(default_factory=dict)
    """By currency, in the unit the bank writes; what comes in is positive."""
    named: set[str] = field(default_factory=set)
    """End-to-end references of transactions that become entries."""


@dataclass
class Reported:
    """Of a report: how often each word stands at each level, and how often each reason."""

    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    references: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


def tree(content: bytes) -> etree._Element:
    """The outermost element."""
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))


def is_report(content: bytes) -> bool:
    """Whether it is a ``pain.002``, else statements or notifications."""
    return b"<CstmrPmtStsRpt" in content


def count(content: bytes) -> int:
    """Answers, or entries."""
    return reported(content).states.total() if is_report(content) else held(content).entries


def held(content: bytes) -> Held:
    """Every ``Stmt`` and ``Ntfctn`` of a file."""
    told = Held()
    for statement in _all(tree(content), "//*[local-name()='Stmt' or local-name()='Ntfctn']"):
        told.statements += 1
        for booking in _all(statement, "*[local-name()='Ntry'][not(normalize-space(*[local-name()='Sts'])='INFO')]"):
            _count(booking, told)
    return told


def _count(booking: etree._Element, told: Held) -> None:
    currency, whole = _text(booking, "*[local-name()='Amt']/@Ccy"), _signed(booking, _text(booking, _AMOUNT))
    shown = _all(booking, ".//*[local-name()='TxDtls']")
    told.bookings += 1
    told.transactions += len(shown)
    told.sums[currency] = told.sums.get(currency, Decimal(0)) + whole
    given = shown
    if len(shown) > 1:
        given = [each for each in shown if _own_amount(each, currency)]
        left = whole - sum(_signed(each, _own_amount(each, currency), booking) for each in given)
        told.entries += len(given) + (1 if left else 0)
    else:
        told.entries += 1
    names = (_text(each, "*[local-name()='Refs']/*[local-name()='EndToEndId']") for each in given)
    told.named |= {name for name in names if name.upper() not in _ABSENT}


def _own_amount(transaction: etree._Element, currency: str) -> str:
    """What was booked, else what moved, else what was ordered: where it is in the booking's own currency."""
    inside = ("TxAmt", "InstdAmt")
    paths = (_AMOUNT, *(f"*[local-name()='AmtDtls']/*[local-name()='{kind}']/{_AMOUNT}" for kind in inside))
    found = (_text(transaction, f"{path}[@Ccy='{currency}']") for path in paths)
    return next((amount for amount in found if amount), "")


def _signed(element: etree._Element, amount: str, around: etree._Element | None = None) -> Decimal:
    """Comes in: positive. The direction of a transaction that has none is its booking's."""
    way = _text(element, _WAY) or ("" if around is None else _text(around, _WAY))
    return Decimal(amount) if way == "CRDT" else -Decimal(amount)


def reported(content: bytes) -> Reported:
    """A ``pain.002``."""
    told = Reported()
    root = tree(content)
    for level, element, state in _LEVELS:
        for each in _all(root, f"//*[local-name()='{element}'][*[local-name()='{state}']]"):
            told.states[level, _text(each, f"*[local-name()='{state}']")] += 1
            if level == "line":
                told.references.append(_text(each, "*[local-name()='OrgnlEndToEndId']"))
            for reason in _all(each, "*[local-name()='StsRsnInf']"):
                told.reasons[_text(reason, "*[local-name()='Rsn']/*")] += 1
    return told


def _all(element: etree._Element, path: str) -> list[etree._Element]:
    return list(element.xpath(path))


def _text(element: etree._Element, path: str) -> str:
    return str(element.xpath(f"normalize-space({path})"))
