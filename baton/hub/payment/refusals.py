"""What a bank gives as reasons, and which of its refusals say that it will not pay: "we have it already" does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from baton.banking.reading.iso_states import GROUP_STATES, TRANSACTION_STATES
from baton.hub.payment.bookings import ENTRY
from baton.model.bank_answers import BankState, Reason, ReasonKind
from baton.model.bank_words import OURS
from baton.store.bank_answers import NOT_TAKEN, BankEvent

_MAY_HAVE_IT: Final = frozenset({ReasonKind.DUPLICATE, ReasonKind.UNREAD})
"""Words that nobody has read yet may be that the bank has it already."""
_REFUSED_BY_ISO: Final = frozenset(
    word
    for states in (GROUP_STATES, TRANSACTION_STATES)
    for word, state in states.items()
    if state is BankState.REJECTED
)
"""How a bank with ISO's code set says that it has refused."""


def refuses(event: BankEvent) -> bool:
    """Whether this is an answer by which the bank will not pay, for a reason that leaves no doubt of it."""
    return event.state in NOT_TAKEN and all(reason.kind not in _MAY_HAVE_IT for reason in reasons_of(event))


def has_it_already(event: BankEvent) -> bool:
    """Whether this is a refusal since the bank has it already, by its code or its words."""
    return event.state in NOT_TAKEN and any(reason.kind is ReasonKind.DUPLICATE for reason in reasons_of(event))


def has_it_by_code(event: BankEvent) -> bool:
    """The same by the bank's own code: nobody here can say that it was read wrongly."""
    return event.state in NOT_TAKEN and any(
        reason.kind is ReasonKind.DUPLICATE and not reason.piece for reason in reasons_of(event)
    )


def reasons_of(event: BankEvent) -> tuple[Reason, ...]:
    """What the bank has told as reasons; those kept before words were read, as they are read today."""
    facts = event.facts
    reasons = tuple(
        _kept(event, told["code"], told["kind"], told["text"], told.get("piece")) for told in facts.get("reasons", ())
    )
    if not reasons and _without_codes(event):
        return (Reason(str(facts.get("raw", "")), ReasonKind.UNREAD),)
    returned = facts.get("returned")
    return (*reasons, _kept(event, *returned[:3], *returned[3:] or (None,))) if returned else reasons


def _kept(event: BankEvent, code: str, kind: str, text: str, piece: str | None) -> Reason:
    """A reason as it is kept; ``piece`` is None where that was before any words were read."""
    reason = Reason(code, ReasonKind(kind), text, piece or "")
    if piece is not None or reason.kind is not ReasonKind.UNNAMED:
        return reason
    state = BankState.RETURNED if event.kind == ENTRY else BankState(event.state)
    read = OURS.of(state).meaning(code, text)
    if read is not None:
        return Reason(code, read.kind, text, read.piece)
    return replace(reason, kind=ReasonKind.UNREAD) if _without_codes(event) else reason


def _without_codes(event: BankEvent) -> bool:
    """Whether it is a refusal by a bank that has no code set of reasons: what it says and nobody has read is unread."""
    return event.state == BankState.REJECTED.value and event.facts.get("raw", "") not in _REFUSED_BY_ISO
