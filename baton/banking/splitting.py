"""Which lines of a run go into which file: a pure function of the lines (in any order) and the profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from baton.banking.profile import BankProfile, Split
from baton.model.payable import BankAccount, Component, Payable, PayableKey, PaymentOrder, order_reference


@dataclass(frozen=True, slots=True)
class OrderPart:
    """The lines of one file."""

    number: int
    """From 1 within the run."""
    component: Component
    currency: str
    lines: Sequence[Payable] = field(repr=False)
    """By key."""

    @property
    def total_minor(self) -> int:
        """The sum of the lines."""
        return sum(payable.amount_minor for payable in self.lines)


@dataclass(frozen=True, slots=True)
class OrderHead:
    """What all files of a run have in common."""

    run: str
    created: datetime
    execution_day: date
    payer: BankAccount
    initiator: str

    def order(self, part: OrderPart) -> PaymentOrder:
        """The order for one part; its message id is a function of the run and the part's number."""
        return PaymentOrder(
            message_id=order_reference(self.run, part.number),
            created=self.created,
            execution_day=self.execution_day,
            payer=self.payer,
            initiator=self.initiator,
            component=part.component,
            currency=part.currency,
            count=len(part.lines),
            total_minor=part.total_minor,
            lines=lambda: iter(part.lines),
        )


def split(payables: Iterable[Payable], profile: BankProfile) -> tuple[OrderPart, ...]:
    """The files that pay these lines, numbered by component, currency, bank and key.

    One component and one currency in a file; own and other banks apart where the profile says so; no file longer or
    larger in total than the bank takes. ValueError when two lines have one key: that would be a second payment.
    """
    apart = profile.split is Split.OWN_AND_OTHER_BANKS
    groups: dict[tuple[str, str, bool], list[Payable]] = defaultdict(list)
    places: dict[PayableKey, str] = {}
    for payable in payables:
        if payable.key in places:
            raise ValueError(f"two lines of one key: {places[payable.key]} and {payable.place}")
        places[payable.key] = payable.place
        other_bank = apart and not profile.is_own_bank(payable.payee)
        groups[payable.key.component.value, payable.currency, other_bank].append(payable)
    parts: list[OrderPart] = []
    for (component, currency, _), group in sorted(groups.items()):
        group.sort(key=lambda payable: file_order(payable.key))
        for lines in _portions(group, profile):
            parts.append(OrderPart(len(parts) + 1, Component(component), currency, tuple(lines)))
    return tuple(parts)


def file_order(key: PayableKey) -> tuple[str, str, int]:
    """By what the lines of a file are sorted."""
    return key.number, key.period, key.attempt


def _portions(group: Sequence[Payable], profile: BankProfile) -> Iterator[list[Payable]]:
    portion: list[Payable] = []
    total = 0
    for payable in group:
        full = len(portion) == profile.lines_per_file or total + payable.amount_minor > profile.largest_total_minor
        if portion and full:
            yield portion
            portion, total = [], 0
        portion.append(payable)
        total += payable.amount_minor
    if portion:
        yield portion
