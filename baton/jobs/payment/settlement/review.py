"""A reviewed settlement becomes what is paid: one payable, for whoever is reviewed and for nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from baton.errors import ApprovalError
from baton.jobs.payment.periods import period_of
from baton.jobs.payment.settlement.statement import Settlement
from baton.model.payable import BankAccount, Component, Payable, PayableKey
from baton.model.persons import alike


@dataclass(frozen=True, slots=True)
class Review:
    """A second person's yes to a settlement as it was."""

    person: str
    digest: str
    """Of the settlement they saw."""


def to_payable(settlement: Settlement, review: Review, *, prepared_by: str, payee: BankAccount) -> Payable | None:
    """The payable of a reviewed settlement, of the month of the last day; None when nothing is owed.

    Raises `ApprovalError`: ``maker`` when whoever prepared it has reviewed it, ``changed`` when they reviewed another.
    """
    if not review.person.strip() or alike(review.person) == alike(prepared_by):
        raise ApprovalError(
            "whoever works a settlement out does not review it", code="maker", remedy="a second person must review it"
        )
    if review.digest != settlement.digest:
        raise ApprovalError(
            "the settlement is not the one that was reviewed", code="changed", remedy="have it reviewed as it is now"
        )
    if settlement.total_minor == 0:
        return None
    key = PayableKey(settlement.number, period_of(settlement.last_day), Component.FINAL_SETTLEMENT)
    place = f"settlement {settlement.digest[:12]}"
    return Payable(key, payee, settlement.total_minor, place=place)
