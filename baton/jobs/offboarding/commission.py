"""Commission when clients pass on: who gets how much of each payment, and why, as a pure function.

Each payment makes a sum to be shared: what was collected times the rate, rounded half to even, in minor units. It is
shared without a remainder: everybody gets the whole units of their part, and what is left goes unit by unit to those
with the largest fractions (equal ones in order of the employee numbers). A refund takes back from whoever had got the
commission of its order, in proportion. The result depends on what has happened, not on the order it is told in.

A month that is closed stays as it is. What becomes known later changes it by an adjustment in the first open month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from baton.errors import ConfigurationError, Fault
from baton.jobs.offboarding.commission_policy import CommissionPolicy, Version


class Rule(StrEnum):
    """By which rule somebody gets what they get."""

    HELD = "held"
    SIGNED_BEFORE = "signed_before"
    BY_DAYS = "by_days"
    SPLIT = "split"
    AFTER_LEAVING = "after_leaving"
    PROTECTION_OVER = "protection_over"
    CLAWBACK = "clawback"
    ADJUSTMENT = "adjustment"


@dataclass(frozen=True, slots=True)
class Order:
    """A signed order."""

    id: str
    client: str
    signed_on: date
    currency: str


@dataclass(frozen=True, slots=True)
class Payment:
    """Money collected for an order; a refund where ``amount_minor`` is negative."""

    id: str
    order: str
    on: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Owned:
    """One person's holding of a client: from ``since`` up to and not including ``until`` (None: to this day)."""

    client: str
    person: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What has happened, as far as it is known."""

    orders: Sequence[Order]
    payments: Sequence[Payment]
    owned: Sequence[Owned]
    left: Mapping[str, date]
    """Employee number -> the last day, of everybody who has left."""
    earlier: Mapping[str, Sequence[date]] = field(default_factory=dict)
    """Employee number -> earlier last days, the first one first, of who has come back since each of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement."""

    month: str
    """``2026-11``."""
    person: str
    order: str
    payment: str
    """Empty for an adjustment."""
    rule: Rule
    amount_minor: int
    currency: str
    reason: str
    counter: str
    """What would have made it another amount."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What was stated, and may not change any more: every line of every month up to ``through``."""

    through: str = ""
    """``2026-10``; empty while nothing is closed."""
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class _Share:
    person: str
    weight: int
    rule: Rule
    reason: str
    counter: str


def statement(facts: Facts, policy: CommissionPolicy, closed: Closed = Closed()) -> list[Line]:
    """Every line of every month, by month, person and order. Closed months are given back exactly as they came in.

    Raises `ConfigurationError` with every order or payment that cannot be judged.
    """
    if any(line.month > closed.through for line in closed.lines):
        message = f"a line is of a month after {closed.through or 'the beginning'}, which is not closed"
        raise ConfigurationError([Fault("closed", "not_closed", message)])
    due = attributed(facts, policy)
    fresh = [line for line in due if line.month > closed.through]
    lines = [*closed.lines, *fresh, *_adjustments(due, closed)]
    return sorted(lines, key=lambda line: (line.month, line.person, line.order, line.payment, line.rule))


def attributed(facts: Facts, policy: CommissionPolicy) -> list[Line]:
    """The lines as they would be if no month had ever been closed."""
    orders = {order.id: order for order in facts.orders}
    _require_judgeable(facts, policy, orders)
    by_order: dict[str, list[Payment]] = defaultdict(list)
    for payment in facts.payments:
        by_order[payment.order].append(payment)
    history = _History(facts)
    lines = []
    for order_id in sorted(by_order):
        version = policy.on(orders[order_id].signed_on)
        assert version is not None
        lines += _Ledger(orders[order_id], version, history).lines(by_order[order_id])
    return lines


def split(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """A sum (of either sign) in proportion to these weights (not negative, not all zero), without a remainder."""
    whole = sum(weights.values())
    size = abs(total)
    parts = {person: size * weight // whole for person, weight in weights.items()}
    rest = size - sum(parts.values())
    fractions = sorted(weights, key=lambda person: (-(size * weights[person] % whole), person))
    for person in fractions[:rest]:
        parts[person] += 1
    return {person: part if total >= 0 else -part for person, part in parts.items()}


def commission_minor(amount_minor: int, rate_bp: int) -> int:
    """The commission of an amount, rounded half to even."""
    whole, rest = divmod(abs(amount_minor) * rate_bp, 10_000)
    up = rest > 5_000 or (rest == 5_000 and whole % 2 == 1)
    return (whole + up) * (1 if amount_minor >= 0 else -1)


class _History:
    """Who held a client on a day: by the newest holding that goes on, else whose ended last, else the first one known.

    Somebody who stands in for a while has the client for that while, and no longer.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._owned: dict[str, list[Owned]] = defaultdict(list)
        for each in facts.owned:
            self._owned[each.client].append(each)
        for known in self._owned.values():
            known.sort(key=lambda each: (each.since, each.until or date.max, each.person))

    def left(self, seller: str, signed_on: date) -> date | None:
        """The last day of who signed something then: the next one, also of who has come back since."""
        earlier = self._facts.earlier.get(seller, ())
        return next((last for last in earlier if signed_on <= last), self._facts.left.get(seller))

    def holder(self, client: str, day: date) -> str:
        known = self._owned[client]
        begun = [each for each in known if each.since <= day]
        going_on = [each for each in begun if each.until is None or day < each.until]
        if going_on:
            return going_on[-1].person
        ended_last = max(begun, key=lambda each: (each.until, each.since, each.person), default=known[0])
        return ended_last.person

    def days(self, client: str, first: date, last: date) -> dict[str, int]:
        """How many days each held it, both ends counted."""
        turns = {turn for each in self._owned[client] for turn in (each.since, each.until) if turn is not None}
        edges = sorted({first, *(turn for turn in turns if first < turn <= last)})
        ends = [*edges[1:], last + timedelta(days=1)]
        held: dict[str, int] = defaultdict(int)
        for begin, end in zip(edges, ends, strict=True):
            held[self.holder(client, begin)] += (end - begin).days
        return dict(held)


class _Ledger:
    """All that is paid and taken back for one order."""

    def __init__(self, order: Order, version: Version, history: _History) -> None:
        self.order = order
        self.version = version
        self.history = history
        self.seller = history.holder(order.client, order.signed_on)
        self.got: dict[str, int] = defaultdict(int)
        self.last_collected: date | None = None

    def lines(self, payments: Iterable[Payment]) -> list[Line]:
        found: list[Line] = []
        # On one day what came in counts before what went out.
        for payment in sorted(payments, key=lambda payment: (payment.on, payment.amount_minor < 0, payment.id)):
            found += self._refunded(payment) if payment.amount_minor < 0 else self._collected(payment)
        return found

    def _collected(self, payment: Payment) -> list[Line]:
        self.last_collected = payment.on
        # What is paid in advance is for the order: who held the client before the signing has no part in it.
        shares = self._shares(max(payment.on, self.order.signed_on))
        total = commission_minor(payment.amount_minor, self.version.rate_bp)
        parts = split(total, {share.person: share.weight for share in shares})
        for person, part in parts.items():
            self.got[person] += part
        return [self._line(payment, share, parts[share.person]) for share in shares]

    def _refunded(self, payment: Payment) -> list[Line]:
        holders = {person: got for person, got in sorted(self.got.items()) if got > 0}
        last, allowed = self.last_collected, timedelta(days=self.version.clawback_days)
        if not holders or last is None:
            share = _Share(self.seller, 1, Rule.CLAWBACK, "a refund of what no commission had been paid for",
                           "would be taken back had commission been paid for this order before")  # fmt: skip
            return [self._line(payment, share, 0)]
        if payment.on > last + allowed:
            limit = last + allowed
            return [
                self._line(payment, _Share(person, 1, Rule.CLAWBACK,
                                           f"a refund after {limit}, when nothing is taken back any more",
                                           f"would be taken back had it been refunded by {limit}"), 0)
                for person in holders
            ]  # fmt: skip
        total = max(commission_minor(payment.amount_minor, self.version.rate_bp), -sum(holders.values()))
        parts = split(total, holders)
        lines = []
        for person, part in parts.items():
            self.got[person] += part
            share = _Share(person, 1, Rule.CLAWBACK, f"a refund takes back part of the {holders[person]} got so far",
                           f"would be 0 had it been refunded after {last + allowed}")  # fmt: skip
            lines.append(self._line(payment, share, part))
        return lines

    def _shares(self, day: date) -> list[_Share]:
        """Who shares what is collected on a day (the day of signing or a later one), each with the reason."""
        order, version, seller = self.order, self.version, self.seller
        holder = self.history.holder(order.client, day)
        left = self.history.left(seller, order.signed_on)
        if left is not None and day > left:
            return self._after_leaving(day, left, holder)
        if holder == seller:
            return [_Share(seller, 1, Rule.HELD, f"held the client on {order.signed_on} and on {day}",
                           f"would be shared had the client passed on by {day}")]  # fmt: skip
        if version.passed_on == "seller":
            return [
                _Share(seller, 1, Rule.SIGNED_BEFORE, f"signed it on {order.signed_on}, before the client passed on",
                       f"would be 0 had it been signed when {holder} held the client"),
                _Share(holder, 0, Rule.SIGNED_BEFORE, "holds the client, and the order was signed before",
                       "would be all of it had it been signed since the client passed on"),
            ]  # fmt: skip
        if version.passed_on == "split":
            percent = version.seller_percent
            return self._two(holder, percent, Rule.SPLIT, "the client passed on after the signing",
                             "would be all of it had the client not passed on")  # fmt: skip
        held = self.history.days(order.client, order.signed_on, day)
        total = sum(held.values())
        return [
            _Share(person, days, Rule.BY_DAYS, f"held the client on {days} of {total} days since the signing",
                   f"would be 0 had they held it on none of the days from {order.signed_on} to {day}")
            for person, days in sorted(held.items())
        ]  # fmt: skip

    def _after_leaving(self, day: date, left: date, holder: str) -> list[_Share]:
        """The seller has left. Where nobody else is known to hold the client yet, the seller's part is all there is."""
        ends = left + timedelta(days=self.version.protection_days)
        if holder == self.seller:
            return [_Share(self.seller, 1, Rule.AFTER_LEAVING, f"left on {left}, and nobody has taken the client over",
                           "would be shared had somebody taken the client over")]  # fmt: skip
        if day > ends:
            return [
                _Share(self.seller, 0, Rule.PROTECTION_OVER, f"left on {left}; the protection ended on {ends}",
                       f"would be {self.version.after_leaving_percent}% had it been paid by {ends}"),
                _Share(holder, 1, Rule.PROTECTION_OVER, f"holds the client; the seller's protection ended on {ends}",
                       f"would be {100 - self.version.after_leaving_percent}% had it been paid by {ends}"),
            ]  # fmt: skip
        reason = f"the seller left on {left}; paid within the protection that ends on {ends}"
        counter = f"the seller's part would be 0 had it been paid after {ends}"
        return self._two(holder, self.version.after_leaving_percent, Rule.AFTER_LEAVING, reason, counter)

    def _two(self, holder: str, percent: int, rule: Rule, reason: str, counter: str) -> list[_Share]:
        return [
            _Share(self.seller, percent, rule, f"signed it, {percent}%: {reason}", counter),
            _Share(holder, 100 - percent, rule, f"holds the client, {100 - percent}%: {reason}", counter),
        ]

    def _line(self, payment: Payment, share: _Share, amount: int) -> Line:
        return Line(
            month_of(payment.on),
            share.person,
            self.order.id,
            payment.id,
            share.rule,
            amount,
            self.order.currency,
            share.reason,
            share.counter,
        )


def month_of(day: date) -> str:
    """``2026-11``."""
    return f"{day:%Y-%m}"


def month_after(month: str) -> str:
    """The next month."""
    year, number = (int(part) for part in month.split("-"))
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def _adjustments(due: Sequence[Line], closed: Closed) -> list[Line]:
    """For everybody and each order: what is due of the closed months by what is known now, less what was stated."""
    if not closed.through:
        return []
    stated, owed = _sums(closed.lines), _sums(line for line in due if line.month <= closed.through)
    month = month_after(closed.through)
    lines = []
    for place in sorted(stated.keys() | owed.keys()):
        person, order, currency = place
        difference = owed.get(place, 0) - stated.get(place, 0)
        if difference:
            reason = f"through {closed.through} {stated.get(place, 0)} was stated, and {owed.get(place, 0)} is due"
            counter = f"would be 0 had all that is known now been known when {closed.through} was closed"
            lines.append(Line(month, person, order, "", Rule.ADJUSTMENT, difference, currency, reason, counter))
    return lines


def _sums(lines: Iterable[Line]) -> dict[tuple[str, str, str], int]:
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in lines:
        sums[line.person, line.order, line.currency] += line.amount_minor
    return dict(sums)


def _require_judgeable(facts: Facts, policy: CommissionPolicy, orders: Mapping[str, Order]) -> None:
    held = {each.client for each in facts.owned}
    faults = []
    if len(orders) != len(facts.orders):
        faults.append(Fault("orders", "duplicate", "an order is there twice"))
    if len({payment.id for payment in facts.payments}) != len(facts.payments):
        faults.append(Fault("payments", "duplicate", "a payment is there twice"))
    faults += [
        Fault(f"payment {payment.id}", "unknown_order", f"there is no order {payment.order}")
        for payment in facts.payments
        if payment.order not in orders
    ]
    for order in (orders[name] for name in sorted({payment.order for payment in facts.payments} & orders.keys())):
        if order.client not in held:
            message = f"nobody is known to have held client {order.client}"
            faults.append(Fault(f"order {order.id}", "unknown_holder", message))
        if policy.on(order.signed_on) is None:
            message = f"no version of the policy was in force on {order.signed_on}"
            faults.append(Fault(f"order {order.id}", "no_policy", message))
    if faults:
        raise ConfigurationError(faults)
