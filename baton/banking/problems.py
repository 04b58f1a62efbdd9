"""What a bank's format cannot carry: each such line is named with its rule before a file is begun.

Nothing is ever shortened, transliterated or replaced to make a line fit. The words say which field and which rule,
never what the field holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from baton.banking.encodings import encoded
from baton.banking.profile import BankProfile, Fields, Presence
from baton.errors import Fault, OrderRefusedError
from baton.model.payable import BankAccount, Payable, PaymentOrder

_OF_AN_ACCOUNT: Final = ("holder", "account", "bank_code", "bank_name", "town")
_MOST_SHOWN: Final = 1_000
"""So many faults of one order are collected; more would only hide what they have in common."""


def problems(payable: Payable, profile: BankProfile) -> tuple[Fault, ...]:
    """Why a line cannot go out with this profile; empty when it can. A fault's place is the payable's."""
    return tuple(Fault(payable.place, rule, words) for rule, words in _of_line(payable, profile))


def problem_finder(profile: BankProfile) -> Callable[[Payable], tuple[Fault, ...]]:
    """`problems` for very many lines: what has none costs next to nothing."""
    acceptable, codes, currencies = _quick_look(profile), profile.component_codes, frozenset(profile.currencies)

    def found(payable: Payable) -> tuple[Fault, ...]:
        if payable.currency in currencies and payable.key.component in codes and acceptable(payable):
            return ()
        return problems(payable, profile)

    return found


def order_problems(order: PaymentOrder, profile: BankProfile) -> tuple[Fault, ...]:
    """Why an order as a whole cannot be written, its lines aside."""
    return tuple(Fault(f"order {order.message_id}", rule, words) for rule, words in _of_order(order, profile))


def refuse_if_faulty(order: PaymentOrder, profile: BankProfile) -> None:
    """Read all lines of an order; `OrderRefusedError` with everything that stands against writing it."""
    faults = list(order_problems(order, profile))
    acceptable = _quick_look(profile)
    component, currency = order.component, order.currency
    count = total = 0
    for payable in order.lines():
        count += 1  # noqa: SIM113 (an order without lines has a count too)
        total += payable.amount_minor
        if payable.key.component is not component:
            faults.append(Fault(payable.place, "component", f"is not of its order's component ({component})"))
        elif payable.currency != currency:
            faults.append(Fault(payable.place, "currency", f"is not in its order's currency ({currency})"))
        if not acceptable(payable):
            faults += problems(payable, profile)
        if len(faults) > _MOST_SHOWN:
            break
    else:
        faults += _of_totals(order, count, total)
    if faults:
        raise OrderRefusedError(order.message_id, faults)


def _of_totals(order: PaymentOrder, count: int, total: int) -> Iterator[Fault]:
    place = f"order {order.message_id}"
    if count != order.count:
        yield Fault(place, "control_count", f"has {count} lines where {order.count} were announced")
    if total != order.total_minor:
        yield Fault(place, "control_total", "its lines do not add up to the announced total")


def _of_order(order: PaymentOrder, profile: BankProfile) -> Iterator[tuple[str, str]]:
    if not re.fullmatch("[A-Za-z0-9]{1,30}", order.message_id):
        yield "message_id", "has a message id that not every bank takes: 1 to 30 letters and digits"
    if order.component not in profile.component_codes:
        yield "component", f"pays {order.component}, for which {profile.name} has no codes"
    if order.currency not in profile.currencies:
        yield "currency", f"is in {order.currency}, {profile.name} pays in {', '.join(profile.currencies)}"
    if not 1 <= order.count <= profile.lines_per_file:
        yield "lines_per_file", f"has {order.count} lines, the bank takes 1 to {profile.lines_per_file} in a file"
    if not 1 <= order.total_minor <= profile.largest_total_minor:
        yield "total", "has a total that the bank does not take"
    if order.created.utcoffset() is None:
        yield "created", "has a time of creation without a time zone"
    yield from _of_account(order.payer, profile, whose="payer")
    for rule, words in profile.fields.holder.faults(order.initiator, profile.encoding):
        yield rule, f"the initiator {words}"


def _of_line(payable: Payable, profile: BankProfile) -> Iterator[tuple[str, str]]:
    if payable.key.component not in profile.component_codes:
        yield "component", f"is a {payable.key.component}, for which {profile.name} has no codes"
    if payable.currency not in profile.currencies:
        yield "currency", f"is in {payable.currency}, {profile.name} pays in {', '.join(profile.currencies)}"
    if payable.amount_minor <= 0:
        yield "amount", "the amount is zero or less"
    elif payable.amount_minor > profile.largest_amount_minor:
        yield "amount", "the amount is larger than the bank takes in one line"
    yield from _of_account(payable.payee, profile, whose="payee")
    for name, text in (("remark", payable.remark), ("number", payable.key.number)):
        rule = getattr(profile.fields, name)
        for broken, words in rule.faults(text, profile.encoding) if text else ():
            yield broken, f"the {name} {words}"
        if not text and rule.present is Presence.ALWAYS:
            yield "missing", f"the {name} is missing"


def _of_account(account: BankAccount, profile: BankProfile, *, whose: str) -> Iterator[tuple[str, str]]:
    other_bank = not profile.is_own_bank(account)
    for name in _OF_AN_ACCOUNT:
        rule = getattr(profile.fields, name)
        text = getattr(account, name)
        field = f"the {whose}'s {name.replace('_', ' ')}"
        if text:
            for broken, words in rule.faults(text, profile.encoding):
                yield broken, f"{field} {words}"
        elif rule.present is Presence.ALWAYS or (rule.present is Presence.OTHER_BANKS and other_bank):
            yield "missing", f"{field} is missing"
    for broken, words in profile.account_faults(account):
        yield broken, f"the {whose}'s {words}"


def _quick_look(profile: BankProfile) -> Callable[[Payable], bool]:
    """One look at a line of its order's component and currency: True is certain, False asks for `problems`.

    The fields are matched at once, by one expression; only what the expression cannot see is looked at beside it.
    """
    fields, encoding = profile.fields, profile.encoding
    matches = re.compile(_all_fields(fields)).fullmatch
    largest = profile.largest_amount_minor
    counts_otherwise = any(getattr(fields, name).counted != "characters" for name in Fields.model_fields)
    by_bank = any(getattr(fields, name).present is Presence.OTHER_BANKS for name in _OF_AN_ACCOUNT)
    if counts_otherwise or by_bank:
        return lambda payable: not any(True for _ in _of_line(payable, profile))
    unicode, looks_further = encoding == "utf-8", profile.looks_further

    def acceptable(payable: Payable) -> bool:
        payee = payable.payee
        text = (
            f"{payee.holder}\n{payee.account}\n{payee.bank_code}\n{payee.bank_name}\n{payee.town}\n"
            f"{payable.remark}\n{payable.key.number}"
        )
        return (
            0 < payable.amount_minor <= largest
            and matches(text) is not None
            and (unicode or _fits(text, encoding))
            and not (looks_further and any(True for _ in profile.account_faults(payee)))
        )

    return acceptable


def _all_fields(fields: Fields) -> str:
    """One expression for all fields, a line each: a line end is in no field that any rule accepts."""
    parts = []
    for name in (*_OF_AN_ACCOUNT, "remark", "number"):
        rule = getattr(fields, name)
        parts.append(rule.accepted if rule.present is Presence.ALWAYS else f"(?:{rule.accepted})?")
    return "\n".join(parts)


def _fits(text: str, encoding: str) -> bool:
    try:
        encoded(text, encoding)
    except UnicodeEncodeError:
        return False
    return True
