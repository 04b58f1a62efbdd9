"""The bank behind a door: what it takes, refuses, pays, books and tells. Nothing happens until it is told to work."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Protocol

from baton.sandbox.paying_bank import front_ends, papers
from baton.sandbox.paying_bank.orders import Instruction, Order, UnreadableOrderError, read_order
from baton.sandbox.paying_bank.papers import Booking, Day, LineStatus


class Door(Protocol):
    """Where files come in and answers go out; the simulators of the bank connectors have this face."""

    @property
    def delivered_files(self) -> Mapping[str, bytes]:
        """Whole files, by name, in the order of arrival."""
        ...

    def opened(self, data: bytes) -> bytes:
        """What is in a file. Raises an error for one that does not decrypt or verify."""
        ...

    def answer_payments(self, name: str, content: bytes) -> None:
        """Leave an answer, sealed for the customer."""
        ...


@dataclass
class Mood:
    """How this bank behaves. Everything is off unless said."""

    rejects: dict[str, str] = field(default_factory=dict)
    """End-to-end reference -> reason: refused at once."""
    late_rejects: dict[str, str] = field(default_factory=dict)
    """The same, but only when the day is booked, after it was accepted."""
    returns: dict[str, str] = field(default_factory=dict)
    """Paid, and back a day later."""
    loses_answers: bool = False
    """Reports are never written; statements are."""
    doubles_statements: bool = False
    """Every statement comes twice, under two names."""
    writes_notices: bool = False
    """A camt.054 of the same bookings beside every statement."""
    checks_references: bool = True
    """False: a bank that knows message ids only, and pays a reference as often as it is asked to."""


@dataclass
class Payment:
    """One payment as the bank has it."""

    instruction: Instruction
    message_id: str
    message_name: str
    status: str = "ACSP"
    reason: str = ""
    booked: bool = False


class PayingBank:
    """One customer's bank. ``paid`` is the truth: how often money left for each reference, come back or not."""

    def __init__(
        self,
        door: Door,
        *,
        account: str = "6222000000000000000",
        currency: str = "CNY",
        balance_minor: int = 10**12,
        suffix: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.door, self.mood = door, Mood()
        self.payments: list[Payment] = []
        """Everything taken on, in order; refused lines included."""
        self.paid: Counter[str] = Counter()
        self.came_back: Counter[str] = Counter()
        """How often money for a reference was booked back."""
        self.orders: Counter[str] = Counter()
        """How many different files came with each message id."""
        self._account, self._currency, self._balance, self._suffix = account, currency, balance_minor, suffix
        self._now = now
        self._done: set[str] = set()
        self._references: set[str] = set()
        self._coming_back: list[Payment] = []
        self._papers = self._sequence = self._entries = 0
        self._lock = threading.RLock()

    @property
    def balance_minor(self) -> int:
        """What is on the customer's account after the last day that was booked."""
        return self._balance

    @property
    def accepted(self) -> int:
        """How many payments wait for the evening."""
        with self._lock:
            return sum(each.status == "ACSP" and not each.booked for each in self.payments)

    def work(self) -> int:
        """Work on every new file and report on it; how many there were."""
        with self._lock:
            new = [(name, data) for name, data in self.door.delivered_files.items() if name not in self._done]
            for name, data in new:
                self._done.add(name)
                self._take(data)
            return len(new)

    def book(self, day: date | None = None) -> int:
        """End a day: pay what was accepted, bring back what returns, write the statement; how many bookings."""
        with self._lock:
            today = day or self._now().date()
            back = [self._booking(each, today, self.mood.returns[_reference(each)]) for each in self._coming_back]
            self.came_back.update(map(_reference, self._coming_back))
            self._coming_back = []
            bookings = [*self._going_out(today), *back]
            self._sequence += 1
            made = self._now()
            sheet = Day(
                self._account,
                self._currency,
                f"STMT{self._sequence:08d}",
                self._sequence,
                made,
                today,
                self._balance,
                bookings,
            )
            self._balance = sheet.closing_minor
            for copy in range(2 if self.mood.doubles_statements else 1):
                name = f"statement_{self._sequence:08d}{'_copy' * copy}{self._suffix}"
                self.door.answer_payments(name, papers.statement(sheet))
            if self.mood.writes_notices:
                self.door.answer_payments(f"statement_notice_{self._sequence:08d}{self._suffix}", papers.notice(sheet))
            return len(bookings)

    def _take(self, data: bytes) -> None:
        try:
            order = read_order(self.door.opened(data))
        except UnreadableOrderError as error:
            self._report(("NOTPROVIDED", "NOTPROVIDED"), group="RJCT", reason=error.code)
            return
        except Exception:  # noqa: BLE001 - whatever the door's keys say of it, the bank cannot read this file
            self._report(("NOTPROVIDED", "NOTPROVIDED"), group="RJCT", reason="DS0B")
            return
        self.orders[order.message_id] += 1
        if self.orders[order.message_id] > 1:
            self._report((order.message_id, order.message_name), group="RJCT", reason="DU01")
            return
        taken = [self._judged(order, each) for each in order.instructions]
        self.payments += taken
        refused = any(each.status == "RJCT" for each in taken)
        accepted = any(each.status != "RJCT" for each in taken)
        group = ("PART" if accepted else "RJCT") if refused else "ACSP"
        self._report((order.message_id, order.message_name), group=group, lines=taken)

    def _judged(self, order: Order, instruction: Instruction) -> Payment:
        reason = self.mood.rejects.get(instruction.reference, "")
        if self.mood.checks_references and instruction.reference in self._references:
            reason = "DU04"
        if not reason:
            self._references.add(instruction.reference)
        return Payment(instruction, order.message_id, order.message_name, "RJCT" if reason else "ACSP", reason)

    def _going_out(self, today: date) -> list[Booking]:
        bookings, late = [], []
        batches: dict[str, list[Payment]] = {}
        for payment in self.payments:
            if payment.booked or payment.status != "ACSP":
                continue
            reference = _reference(payment)
            if reference in self.mood.late_rejects:
                payment.status, payment.reason = "RJCT", self.mood.late_rejects[reference]
                late.append(payment)
                continue
            payment.booked, payment.status = True, "ACSC"
            self.paid[reference] += 1
            if payment.message_name in front_ends.ANSWERS:
                batches.setdefault(payment.message_id, []).append(payment)
                continue
            bookings.append(self._booking(payment, today))
            if reference in self.mood.returns:
                self._coming_back.append(payment)
        bookings += [self._batch_booking(batch, today) for batch in batches.values()]
        told = [*late, *(payment for batch in batches.values() for payment in batch)]
        for message_id, name in dict.fromkeys((payment.message_id, payment.message_name) for payment in told):
            self._report((message_id, name), lines=[each for each in told if each.message_id == message_id])
        return bookings

    def _batch_booking(self, batch: list[Payment], today: date) -> Booking:
        """One debit for all of a batch whose lines the customer has not named."""
        self._entries += 1
        return Booking(
            entry_id=f"ENTRY{self._entries:010d}",
            reference="NOTPROVIDED",
            batch_id=batch[0].message_id,
            amount_minor=sum(each.instruction.amount_minor for each in batch),
            currency=self._currency,
            day=today,
        )

    def _booking(self, payment: Payment, today: date, returned: str = "") -> Booking:
        self._entries += 1
        one = payment.instruction
        return Booking(
            entry_id=f"ENTRY{self._entries:010d}",
            reference=one.reference,
            batch_id=one.batch_id,
            amount_minor=one.amount_minor,
            currency=one.currency,
            day=today,
            returned=returned,
            counterparty=one.holder,
        )

    def _report(
        self, original: tuple[str, str], *, group: str = "", reason: str = "", lines: Iterable[Payment] = ()
    ) -> None:
        if self.mood.loses_answers:
            return
        self._papers += 1
        told = [
            LineStatus(
                each.instruction.reference,
                each.instruction.batch_id,
                each.status,
                each.reason,
                each.instruction.amount_minor,
                each.instruction.currency,
            )
            for each in lines
        ]
        message_id, name = original
        if name in front_ends.ANSWERS:
            paper = front_ends.ANSWERS[name](message_id, reason, told)
        else:
            paper = papers.report(
                f"RPT{self._papers:08d}", self._now(), original, group=group, reason=reason, lines=told
            )
        self.door.answer_payments(f"report_{self._papers:08d}{self._suffix}", paper)


def _reference(payment: Payment) -> str:
    return payment.instruction.reference
