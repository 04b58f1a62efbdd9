"""One ``Ntry`` of a statement and the transactions inside it, as entries that add up to the booking.

A booking with one transaction is one entry. One with several gives an entry for each, and one more for what they leave
over, so that nothing of the booking is ever lost from the sum: that rest is the whole booking where a bank shows
only the batch (salary secrecy), and carries the batch's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from baton.banking.reading.fields import Fields, own_text
from baton.banking.reading.iso_reasons import RETURN_REASONS
from baton.banking.reading.reasons import reason
from baton.banking.reading.references import free_text, references
from baton.banking.xml_elements import Element
from baton.model.bank_answers import Direction, Reason, ReasonKind, StatementEntry

_CREDIT: Final = Direction.CREDIT
_DIRECTIONS: Final = {"DBIT": Direction.DEBIT, "CRDT": _CREDIT}
_BOOKED: Final = "BOOK"
_INFORMATION: Final = "INFO"
"""Shown, and never booked on this account."""
_STATUSES: Final = frozenset({_BOOKED, _INFORMATION, "PDNG", "FUTR"})
_RETURNED: Final = "RRTN"
"""The bank transaction code's sub-family of returns."""
_TOLD_ONCE: Final = ("Amt", "CdtDbtInd", "Sts", "Refs")
"""What makes a booking or a transaction another one."""
_TOO_MANY: Final = 2
_OWN_NAMES: Final = ("AcctSvcrRef", "NtryRef")
_PARTIES: Final = {
    Direction.DEBIT: ("Cdtr", "Pty", "Nm"),
    Direction.CREDIT: ("Dbtr", "Pty", "Nm"),
}
"""Where the name of the other side stands: in a place of its own (``Pty``) since v8."""
_COUNT: Final = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class _Booking:
    """A ``Ntry`` as far as it is known before its transactions."""

    name: str
    direction: Direction
    minor: int
    currency: str
    booked: date
    pending: bool
    own: Sequence[str]
    """The bank's references of the booking itself."""
    came_back: bool
    shown: bool


@dataclass(slots=True)
class _Transaction:
    """A ``TxDtls``, kept until it is known whether it is the only one of its booking."""

    name: str
    minor: int
    """0 when it has no amount in the booking's currency."""
    direction: Direction
    references: tuple[str, ...]
    batch_id: str
    returned: Reason | None
    counterparty: str

    def entry(self, booking: _Booking, *, only: bool) -> StatementEntry:
        """As an entry of its own; the only one has the booking's name and amount.

        The booking's amount counts: a transaction may be told without charges, or in another currency.
        """
        # By position: naming the fields of every transaction takes longer than filling them.
        return StatementEntry(
            booking.name if only else f"{booking.name}/{self.name}",
            booking.direction if only else self.direction,
            booking.minor if only else self.minor,
            booking.currency,
            booking.booked,
            self.references,
            self.batch_id,
            None,
            self.returned,
            booking.pending,
            self.counterparty,
        )


@dataclass(frozen=True, slots=True)
class _Batch:
    batch_id: str = ""
    count: int | None = None


class Bookings:
    """Reads the bookings of one statement after another."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.position = 0
        self.created: datetime | None = None
        self._booking: _Booking | None = None
        self._waiting: _Transaction | None = None
        """The last transaction, not given out before it is known whether it is the only one."""
        self._batch: _Batch | None = None
        self._around: Element | None = None
        """What holds the transactions that are being read."""
        self._details = 0
        self._given_minor = 0
        """Of the booking, in its direction."""
        self._unpriced: list[_Transaction] = []
        """The first two transactions that have no amount: of one alone it is known by what the others leave over."""

    def begin(self, created: datetime | None) -> None:
        """A new statement, made at a moment."""
        self.position, self.created = 0, created
        self._forget()

    def detail(self, element: Element, around: Sequence[Element]) -> StatementEntry | None:
        """A ``TxDtls`` has ended. Gives the one before it, once it is known not to be the only one."""
        if self._booking is None:
            self._booking = self._read(self._entry_of(element, around))
        if around[-1] is not self._around:
            self._around = around[-1]
            self._batch = self._batch_of(around[-1]) or self._batch
        self._details += 1
        before, self._waiting = self._waiting, self._transaction(element, self._booking)
        return None if before is None else self._give(before)

    def entry(self, element: Element) -> Iterator[StatementEntry]:
        """A ``Ntry`` has ended: its last transaction, and what all of them leave over."""
        booking = self._booking or self._read(element)
        batch = self._batch
        if self._details == 0:
            batch = self._batch_of(element) or self._batch_of(self.fields.one(element, "NtryDtls"))
        only = self._waiting
        single = self._details == 1 and (batch is None or batch.count in (None, 1))
        if booking.shown:
            if single and only is not None:
                yield only.entry(booking, only=True)
            else:
                if only is not None and (given := self._give(only)):
                    yield given
                yield from self._rest(element, booking, batch or _Batch())
        self._forget()

    def _forget(self) -> None:
        self._booking = self._waiting = self._batch = self._around = None
        self._details = self._given_minor = 0
        self._unpriced = []

    def _give(self, transaction: _Transaction) -> StatementEntry | None:
        """A transaction as an entry of its own, where it has an amount and its booking is shown."""
        booking = self._booking
        if booking is None or not booking.shown:
            return None
        if not transaction.minor:
            if len(self._unpriced) < _TOO_MANY:
                self._unpriced.append(transaction)
            return None
        same = transaction.direction is booking.direction
        self._given_minor += transaction.minor if same else -transaction.minor
        return transaction.entry(booking, only=False)

    def _rest(self, element: Element, booking: _Booking, batch: _Batch) -> Iterator[StatementEntry]:
        rest = booking.minor - self._given_minor
        if rest == 0:
            return
        if self._is_of_one(rest, booking, batch):
            yield replace(self._unpriced[0], minor=rest).entry(booking, only=False)
            return
        if self._given_minor:
            self.fields.find(element, "batch_sum", "is another amount than the transactions shown in it")
        direction = booking.direction
        if rest < 0:
            direction = Direction.CREDIT if direction is Direction.DEBIT else Direction.DEBIT
        yield StatementEntry(
            entry_id=booking.name,
            direction=direction,
            amount_minor=abs(rest),
            currency=booking.currency,
            booked=booking.booked,
            references=(*free_text(self.fields, element), *booking.own),
            batch_id=batch.batch_id,
            batch_count=batch.count if self._given_minor == 0 else None,
            returned=Reason(_RETURNED, ReasonKind.UNNAMED) if booking.came_back else None,
            pending=booking.pending,
        )

    def _is_of_one(self, rest: int, booking: _Booking, batch: _Batch) -> bool:
        """Whether what is left over is the amount of the one transaction that has none of its own."""
        if len(self._unpriced) != 1 or not self._given_minor or batch.count not in (None, self._details):
            return False
        return rest > 0 and self._unpriced[0].direction is booking.direction

    def _read(self, element: Element) -> _Booking:
        self.position += 1
        self.fields.require_single(element, _TOLD_ONCE)
        children = self.fields.children(element)
        amount, direction = children.get("Amt"), _DIRECTIONS.get(own_text(children.get("CdtDbtInd")))
        if amount is None or direction is None:
            raise self.fields.refused(element, "incomplete", "has no amount or no direction before its transactions")
        minor, currency = self.fields.money(amount)
        bank = [text for name in _OWN_NAMES if name in children and (text := own_text(children[name]))]
        status = self._status(children.get("Sts"))
        booked = self._booked(element, children)
        if status not in _STATUSES:
            self.fields.note(element, "entry_status", "does not say in a known word that it is booked")
        came_back = direction is _CREDIT and (
            own_text(children.get("RvslInd")) in ("true", "1") or self._is_return(children)
        )
        # By position, as above.
        return _Booking(
            bank[0] if bank else f"#{self.position}",
            direction,
            minor,
            currency,
            booked,
            status != _BOOKED,
            bank,
            came_back,
            status != _INFORMATION,
        )

    def _status(self, element: Element | None) -> str:
        """``BOOK`` itself up to v7, in a choice of its own since."""
        if element is None:
            return ""
        return own_text(element[0] if len(element) else element)

    def _booked(self, element: Element, children: dict[str, Element]) -> date:
        day = self.fields.day(children.get("BookgDt"))
        if day is not None:
            return day
        day = self.fields.day(children.get("ValDt")) or (None if self.created is None else self.created.date())
        if day is None:
            raise self.fields.refused(element, "incomplete", "has no date, and neither has its statement")
        self.fields.find(element, "booking_date", "has no booking date; the value date or the statement's is taken")
        return day

    def _transaction(self, element: Element, booking: _Booking) -> _Transaction:
        fields = self.fields
        fields.require_single(element, _TOLD_ONCE)
        children = fields.children(element)
        direction = _DIRECTIONS.get(own_text(children.get("CdtDbtInd")), booking.direction)
        found = references(fields, element, children, "" if self._batch is None else self._batch.batch_id)
        returned = None
        if "RtrInf" in children:
            returned = reason(fields, children["RtrInf"], RETURN_REASONS)
        elif booking.came_back or (direction is _CREDIT and self._is_return(children)):
            returned = Reason(_RETURNED, ReasonKind.UNNAMED)
        return _Transaction(
            found.transaction or str(self._details),
            self._amount(children, booking.currency),
            direction,
            _with_own(found.ours, booking.own),
            "" if found.names_line else found.batch,
            returned,
            self._counterparty(children, direction),
        )

    def _is_return(self, children: dict[str, Element]) -> bool:
        code = children.get("BkTxCd")
        return code is not None and self.fields.text(code, "Domn/Fmly/SubFmlyCd") == _RETURNED

    def _amount(self, children: dict[str, Element], currency: str) -> int:
        if "Amt" in children:
            minor, found = self.fields.money(children["Amt"])
            if found == currency:
                return minor
        if "AmtDtls" in children:
            for path in ("TxAmt/Amt", "InstdAmt/Amt"):
                amount = self.fields.one(children["AmtDtls"], path)
                minor, found = (0, "") if amount is None else self.fields.money(amount)
                if found == currency:
                    return minor
        return 0

    def _counterparty(self, children: dict[str, Element], direction: Direction) -> str:
        parties = children.get("RltdPties")
        if parties is None:
            return ""
        side, own_place, name = self.fields.tags(_PARTIES[direction])
        party = parties.find(side)
        if party is None:
            return ""
        placed = party.find(own_place)
        return (party if placed is None else placed).findtext(name, "").strip()

    def _entry_of(self, element: Element, around: Sequence[Element]) -> Element:
        tag = self.fields.tag("Ntry")
        for ancestor in around[-1:-3:-1]:
            if ancestor.tag == tag:
                return ancestor
        raise self.fields.refused(element, "misplaced", "stands outside of any Ntry")

    def _batch_of(self, element: Element | None) -> _Batch | None:
        """The ``Btch`` of a ``NtryDtls``, or of a ``Ntry`` of the first version; None when it has none."""
        if element is None or (len(element) and element[0].tag == self.fields.tag("TxDtls")):
            return None  # it comes before the transactions, where there is one
        batch = self.fields.one(element, "Btch")
        if batch is None:
            return None
        count = self.fields.text(batch, "NbOfTxs")
        number = int(count) if _COUNT.fullmatch(count) else None
        return _Batch(self.fields.text(batch, "PmtInfId", "MsgId"), number)


def _with_own(ours: tuple[str, ...], own: Sequence[str]) -> tuple[str, ...]:
    """References of a transaction, and after them those of its booking."""
    return (*ours, *[name for name in own if name not in ours]) if own else ours
