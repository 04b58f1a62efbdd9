"""Whether a line that was not paid may be paid again: only as the next attempt, tied to the evidence that it failed.

What nobody knows is asked at the bank and never sent again. What the bank calls a duplicate is looked up: it may well
have been paid. So may what it has refused in words that nobody has read: somebody says first what they mean.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from baton.jobs.payment.checks.account_numbers import plain_account
from baton.model.bank_answers import Reason, ReasonKind
from baton.model.bank_words import overruled
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
    UNREAD_REASON = "unread_reason"
    """The bank refused it in words of its own that are in no table, and nobody has said what they mean."""
    NOT_CORRECTED = "not_corrected"
    """The bank refused these very details, and they are unchanged; of a dead account, the account is."""
    ATTEMPTED = "attempted"
    """The next attempt exists already."""
    CLAIMED = "claimed"
    """It came back, and all of it was not owed: a recovery case claims it."""


_HOLDING: Final[Mapping[Refusal, frozenset[ReasonKind]]] = MappingProxyType(
    {Refusal.DUPLICATE: frozenset({ReasonKind.DUPLICATE}), Refusal.NOT_CORRECTED: _CORRECT_FIRST}
)
"""What is refused for a reason of the bank's, and for which ones."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The bank's answer or booking that shows that a line failed."""

    answer_id: str
    """Its name in our records."""
    reference: str
    """The line it is about."""
    reasons: tuple[Reason, ...] = ()
    said: ReasonKind | None = None
    """What somebody here has said that the bank's words mean; None where nobody had to."""


@dataclass(frozen=True, slots=True)
class Reissue:
    """The payable that may be drafted."""

    payable: Payable
    evidence: str
    """The answer that allows it: kept with the new line for good."""
    said: ReasonKind | None = None
    """As in `Evidence`: kept as well."""


def reissue(
    failed: Payable, state: LineState, evidence: Evidence, payee: BankAccount, attempts: Collection[PayableKey]
) -> Reissue | Refusal:
    """A failed line as its next attempt, to ``payee`` as he is known now; or why not.

    ``attempts`` are the keys that exist already for this person, period and component.
    """
    refusal = _refusal(failed, state, evidence, payee)
    if refusal in (None, Refusal.UNREAD_REASON, *_HOLDING) and attempted(failed.key, attempts):
        return Refusal.ATTEMPTED
    if refusal is not None:
        return refusal
    key = replace(failed.key, attempt=failed.key.attempt + 1)
    return Reissue(replace(failed, key=key, payee=payee), evidence.answer_id, evidence.said)


def named(evidence: Evidence, meanings: Mapping[str, ReasonKind]) -> Evidence:
    """The evidence with what somebody says that words mean: of those that nobody has read, and against a reading."""
    for each in evidence.reasons:
        kind = overruled(each, meanings)
        if kind is not None:
            read = tuple(replace(one, kind=kind, piece="") if one is each else one for one in evidence.reasons)
            evidence = replace(evidence, reasons=read, said=kind)
    return evidence


def held_by_words(evidence: Evidence, refusal: Refusal) -> bool:
    """Whether a line is refused only for what words were read as, so that an office may say otherwise."""
    holding = [each for each in evidence.reasons if each.kind in _HOLDING.get(refusal, ())]
    return bool(holding) and all(each.piece for each in holding)


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
    # What came back has left the bank's hands: whatever it calls this, it has not paid it besides.
    if ReasonKind.UNREAD in kinds and state is not LineState.RETURNED:
        return Refusal.UNREAD_REASON
    # Of an account that is no more, nothing but another account is a correction: how its bank is written is none.
    same_account = plain_account(payee.account) == plain_account(failed.payee.account)
    if (ReasonKind.DEAD_ACCOUNT in kinds and same_account) or (ReasonKind.DATA in kinds and payee == failed.payee):
        return Refusal.NOT_CORRECTED
    return None
