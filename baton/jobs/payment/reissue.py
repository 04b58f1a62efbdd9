"""Whether a line that was not paid may be paid again: only as the next attempt, tied to the evidence that it failed.

What nobody knows is asked at the bank and never sent again. What the bank calls a duplicate is looked up: it may well
have been paid.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from baton.model.bank_answers import Reason, ReasonKind
from baton.model.pay_run import FAILED, LineState
from baton.model.payable import BankAccount, Payable, PayableKey

_UNKNOWN: Final = frozenset({LineState.RELEASED, LineState.ACCEPTED, LineState.DEBITED, LineState.IN_DOUBT})
_CORRECT_FIRST: Final = frozenset({ReasonKind.DATA, ReasonKind.DEAD_ACCOUNT})


class Refusal(StrEnum):
    """Why a line is not paid again."""

    NOT_FAILED = "not_failed"
    """It was paid, or has never been sent."""
    ASK_THE_BANK = "ask_the_bank"
    """Nobody knows yet what became of it."""
    DISPUTED = "disputed"
    """The bank contradicts itself, or keeps the money."""
    NO_EVIDENCE = "no_evidence"
    """No answer of the bank is named, or one about another line."""
    DUPLICATE = "duplicate"
    """The bank says it has this payment already."""
    NOT_CORRECTED = "not_corrected"
    """The bank refused these very details, and they are unchanged."""
    ATTEMPTED = "attempted"
    """The next attempt exists already."""
    CLAIMED = "claimed"
    """It came back, and all of it was not owed: a recovery case claims it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The bank's answer or booking that shows that a line failed."""

    answer_id: str
    """Its name in our records."""
    reference: str
    """The line it is about."""
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Reissue:
    """The payable that may be drafted."""

    payable: Payable
    evidence: str
    """The answer that allows it: kept with the new line for good."""


def reissue(
    failed: Payable, state: LineState, evidence: Evidence, payee: BankAccount, attempts: Collection[PayableKey]
) -> Reissue | Refusal:
    """A failed line as its next attempt, to ``payee`` as he is known now; or why not.

    ``attempts`` are the keys that exist already for this person, period and component.
    """
    refusal = _refusal(failed, state, evidence, payee)
    if refusal is not None:
        return refusal
    if attempted(failed.key, attempts):
        return Refusal.ATTEMPTED
    key = replace(failed.key, attempt=failed.key.attempt + 1)
    return Reissue(replace(failed, key=key, payee=payee), evidence.answer_id)


def attempted(failed: PayableKey, attempts: Collection[PayableKey]) -> bool:
    """Whether a later attempt at the same payable is among these."""
    later = (each for each in attempts if each.attempt > failed.attempt)
    return any(replace(each, attempt=failed.attempt) == failed for each in later)


def _refusal(failed: Payable, state: LineState, evidence: Evidence, payee: BankAccount) -> Refusal | None:
    kinds = {reason.kind for reason in evidence.reasons}
    if state is LineState.DISPUTED:
        return Refusal.DISPUTED
    if state in _UNKNOWN:
        return Refusal.ASK_THE_BANK
    if state not in FAILED:
        return Refusal.NOT_FAILED
    if not evidence.answer_id or evidence.reference != failed.key.reference:
        return Refusal.NO_EVIDENCE
    if ReasonKind.DUPLICATE in kinds:
        return Refusal.DUPLICATE
    if kinds & _CORRECT_FIRST and payee == failed.payee:
        return Refusal.NOT_CORRECTED
    return None
