"""camt.053 and camt.054: the bank's statements and notifications, head first, then every booking, in one stream.

All versions from v1 on are read by the same code; where a place has moved, both places are looked at. A booking with a
hundred thousand transactions inside costs no more memory than one with one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from baton.banking.reading.booking import Bookings
from baton.banking.reading.fields import Fields, own_text
from baton.banking.reading.leniency import Leniency
from baton.banking.reading.opening import opened
from baton.banking.refused import BankFileRefusedError
from baton.banking.xml_elements import Element, Found, Reading
from baton.banking.xml_stream import XmlFile
from baton.errors import Fault
from baton.model.bank_answers import Direction, Statement, StatementEntry

_STATEMENTS: Final = {"camt.053": "Stmt", "camt.054": "Ntfctn"}
_OPENING: Final = ("OPBD", "PRCD")
"""The opening balance booked, or the one with which the statement before was closed."""
_CLOSING: Final = ("CLBD",)
_CREDIT: Final = Direction.CREDIT
_PAGE: Final = re.compile("[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """One statement of a file. Take its entries before asking for the next statement: they come from one stream."""

    head: Statement
    entries: Iterator[StatementEntry]
    notification: bool
    """True for a camt.054, which shows bookings and proves no balance."""


def read_statements(stream: BinaryIO, name: str, leniency: Leniency) -> Iterator[ReadStatement]:
    """The statements of a file. ``stream`` must be seekable and is read twice.

    The whole file has been seen, and compared with its schema, before anything is given out. What only the last entry
    can show (that opening balance and bookings make the closing balance) is told at the end of each statement, so a
    caller keeps what it was given in one transaction. `BankFileRefusedError` as the leniency has it.
    """
    file = XmlFile(stream, name)
    wanted = (*_STATEMENTS.values(), "Ntry", "TxDtls")
    survey = opened(file, wanted, tuple(_STATEMENTS), leniency)
    family = _family(survey.root.message, survey.counts)
    if family is None:
        raise BankFileRefusedError(
            Fault(name, "other_message", "is no camt.053 or camt.054, or has no statement in it")
        )
    reading = Reading(file, survey, (*_STATEMENTS.values(), "Ntry", "NtryDtls"))
    items = _Reader(Fields(reading, leniency), _STATEMENTS[family]).items(reading)
    notification = family == "camt.054"
    return (_statement(group, notification) for _, group in groupby(items, key=itemgetter(0)))


def _family(message: str, counts: dict[str, int]) -> str | None:
    """By the namespace; where that says nothing, by what is in the file."""
    for family, element in _STATEMENTS.items():
        if counts[element] and message.startswith((family,) if message else ""):
            return family
    return None


_Item: TypeAlias = tuple[int, Statement | None, StatementEntry | None]
"""The number of a statement in its file, and its head or one of its entries."""


def _statement(group: Iterator[_Item], notification: bool) -> ReadStatement:
    _, head, _ = next(group)
    if head is None:
        raise AssertionError("a statement begins with its head")
    return ReadStatement(head, (entry for _, _, entry in group if entry is not None), notification)


class _Reader:
    """Where the stream stands."""

    def __init__(self, fields: Fields, element: str) -> None:
        self.fields = fields
        self.element = element
        self.bookings = Bookings(fields)
        self.head: Statement | None = None
        self.number = 0
        self.sum_minor = 0
        self.foreign = False
        """Whether an entry is in another currency than the account."""

    def items(self, found: Iterable[Found]) -> Iterator[_Item]:
        """Heads and entries, in order."""
        for what, element, around in found:
            if what == self.element:
                if self.head is None:
                    yield self._begin(element, around)
                self._end(element)
            elif what == "TxDtls":
                if self.head is None:
                    yield self._begin(self._enclosing(element, around), around)
                entry = self.bookings.detail(element, around)
                if entry is not None:
                    self._add(entry)
                    yield self.number, None, entry
            elif what == "Ntry":
                if self.head is None:
                    yield self._begin(self._enclosing(element, around), around)
                for entry in self.bookings.entry(element):
                    self._add(entry)
                    yield self.number, None, entry

    def _begin(self, element: Element, around: Sequence[Element]) -> _Item:
        self.number += 1
        headers = (self.fields.one(each, "GrpHdr/MsgPgntn") for each in around)
        message_page, _ = _page(self.fields, next((each for each in headers if each is not None), None))
        self.head = head(self.fields, element, message_page)
        self.sum_minor, self.foreign = 0, False
        self.bookings.begin(self.fields.moment(element, "CreDtTm"))
        return self.number, self.head, None

    def _enclosing(self, element: Element, around: Sequence[Element]) -> Element:
        tag = self.fields.tag(self.element)
        for ancestor in around:
            if ancestor.tag == tag:
                return ancestor
        raise self.fields.refused(element, "misplaced", f"stands outside of any {self.element}")

    def _add(self, entry: StatementEntry) -> None:
        if self.head is not None and not entry.pending:
            self.sum_minor += entry.amount_minor if entry.direction is _CREDIT else -entry.amount_minor
            self.foreign = self.foreign or entry.currency != self.head.currency

    def _end(self, element: Element) -> None:
        """Check the balance chain; a statement that has none proves nothing, and is no fault."""
        known, self.head = self.head, None
        if known is None or known.opening_minor is None or known.closing_minor is None:
            return
        if self.foreign:
            self.fields.find(element, "balance_chain", "has bookings in another currency than its balances")
        elif known.opening_minor + self.sum_minor != known.closing_minor:
            self.fields.find(element, "balance_chain", "does not add up: opening balance and bookings, closing balance")


def head(fields: Fields, element: Element, message_page: int) -> Statement:
    """The head of a ``Stmt`` or ``Ntfctn`` whose entries have not all been read, on a page of its message."""
    account = fields.text(element, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id", "Acct/Id/BBAN")
    if not account:
        fields.find(element, "account", "does not say which account it is about")
    balances = _balances(fields, element)
    closing = next((balances[kind] for kind in _CLOSING if kind in balances), None)
    currency = fields.text(element, "Acct/Ccy") or next((each.currency for each in balances.values()), "")
    pagination = fields.one(element, "StmtPgntn")
    page, more = _page(fields, fields.one(element, "NtfctnPgntn") if pagination is None else pagination)
    opening = _first(balances, _OPENING, currency)
    return Statement(
        account=account,
        statement_id=fields.text(element, "Id"),
        sequence=fields.text(element, "ElctrncSeqNb", "LglSeqNb"),
        currency=currency,
        # A bank may repeat the balances of the whole on each page, where they prove nothing.
        opening_minor=opening if page <= 1 else None,
        closing_minor=None if more else _first(balances, _CLOSING, currency),
        closed="" if closing is None or closing.day is None else closing.day.isoformat(),
        page=page,
        pages_follow=more,
        told_opening_minor=opening if page > 1 else None,
        message_page=message_page,
    )


def _page(fields: Fields, pagination: Element | None) -> tuple[int, bool]:
    """Which page, and whether more follow; no page where there is but one."""
    if pagination is None:
        return 0, False
    number, last = fields.text(pagination, "PgNb"), fields.text(pagination, "LastPgInd") in ("true", "1")
    page = int(number) if _PAGE.fullmatch(number) else 0
    return (0, False) if page == 0 or (page == 1 and last) else (page, not last)


class _Balance(NamedTuple):
    """Minor units (in debt is negative), currency and day."""

    minor: int
    currency: str
    day: date | None


def _balances(fields: Fields, element: Element) -> dict[str, _Balance]:
    """By type; of several with one type, the first."""
    found: dict[str, _Balance] = {}
    for balance in fields.all(element, "Bal"):
        kind = fields.text(balance, "Tp/CdOrPrtry/Cd", "Tp/Cd")
        amount = fields.one(balance, "Amt")
        if kind in (*_OPENING, *_CLOSING) and amount is not None:
            minor, currency = fields.money(amount)
            in_debt = own_text(fields.one(balance, "CdtDbtInd")) == "DBIT"
            day = fields.day(fields.one(balance, "Dt"))
            found.setdefault(kind, _Balance(-minor if in_debt else minor, currency, day))
    return found


def _first(balances: dict[str, _Balance], kinds: tuple[str, ...], currency: str) -> int | None:
    told = (balances[kind] for kind in kinds if kind in balances)
    return next((each.minor for each in told if each.currency == currency), None)
