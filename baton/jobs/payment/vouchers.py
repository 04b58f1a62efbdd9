"""What the ledger has to hear of a recovery case: one balanced entry for each thing that happened, with its proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from baton.jobs.payment.overpayment_policy import Accounts
from baton.model.recovery import EntryKind, RecoveryCase, RecoveryEntry, Way

_TEXTS: Final = {
    "claim": ("确认多付款项应收", "overpayment becomes a claim"),
    "back": ("收回多付款项", "overpayment paid back"),
    "wages": ("经同意从工资中扣还", "kept from wages with consent"),
    "surplus": ("多收应退", "came back too much, owed back"),
    "not_back": ("银行退款被撤回", "a return of the bank that counts no more"),
    "repaid": ("退还多收款项", "paid back to the person"),
    "reopened": ("核销后恢复应收", "a claim again after it was written off"),
    "write_off": ("核销", "written off"),
    "recovered": ("核销后收回", "paid back after it was written off"),
    "withdraw": ("撤销应收", "the claim is taken back"),
}


@dataclass(frozen=True, slots=True)
class Voucher:
    """One balanced entry."""

    case_id: str
    place: int
    """Of the entry in the case's ledger that it is for."""
    day: date
    debit: str
    credit: str
    amount_minor: int = field(repr=False)
    currency: str
    text_zh: str
    text_en: str
    evidence: str


def vouchers(case: RecoveryCase, entries: Sequence[RecoveryEntry], accounts: Accounts, zone: ZoneInfo) -> list[Voucher]:
    """The vouchers of a case, in the order of its ledger; each of the day that it was in ``zone``."""
    books = _Books(case, accounts, zone)
    return [voucher for entry in entries for voucher in books.of(entry)]


class _Books:
    """What stands where on account of one case, entry by entry."""

    def __init__(self, case: RecoveryCase, accounts: Accounts, zone: ZoneInfo) -> None:
        self.case = case
        self.accounts = accounts
        self.zone = zone
        self.claim = 0
        self.given_up = 0
        self.owed_back = 0

    def of(self, entry: RecoveryEntry) -> Iterator[Voucher]:
        """The vouchers of the next entry."""
        if entry.kind is EntryKind.OPENED:
            self.claim = self.case.amount_minor
            yield self._voucher(entry, "claim", self.accounts.receivable, self.accounts.payroll, self.claim)
        elif entry.kind is EntryKind.MONEY:
            yield from self._money(entry) if entry.amount_minor > 0 else self._not_back(entry)
        elif entry.kind is EntryKind.WRITE_OFF:
            self.given_up, self.claim = self.claim, 0
            yield self._voucher(entry, "write_off", self.accounts.loss, self.accounts.receivable, self.given_up)
        elif entry.kind is EntryKind.WITHDRAWAL:
            yield from self._withdrawal(entry)

    def _money(self, entry: RecoveryEntry) -> Iterator[Voucher]:
        """On the claim first, then on what was given up; the rest is owed back."""
        from_wages = entry.facts.get("way") == Way.WAGES.value
        into = self.accounts.payroll if from_wages else self.accounts.bank
        on_claim = min(entry.amount_minor, self.claim)
        on_loss = min(entry.amount_minor - on_claim, self.given_up)
        self.claim -= on_claim
        self.given_up -= on_loss
        if on_claim:
            yield self._voucher(entry, "wages" if from_wages else "back", into, self.accounts.receivable, on_claim)
        if on_loss:
            yield self._voucher(entry, "recovered", into, self.accounts.loss, on_loss)
        surplus = entry.amount_minor - on_claim - on_loss
        if surplus:
            self.owed_back += surplus
            yield self._voucher(entry, "surplus", into, self.accounts.payable, surplus)

    def _not_back(self, entry: RecoveryEntry) -> Iterator[Voucher]:
        """From what is owed back first; the rest is a claim again, and so is what was given up of it."""
        owed = min(-entry.amount_minor, self.owed_back)
        claimed = -entry.amount_minor - owed
        self.owed_back -= owed
        self.claim += claimed
        if owed:
            what = "repaid" if entry.facts.get("way") == Way.REPAID.value else "not_back"
            yield self._voucher(entry, what, self.accounts.payable, self.accounts.bank, owed)
        if claimed:
            yield self._voucher(entry, "not_back", self.accounts.receivable, self.accounts.bank, claimed)
        if claimed and self.given_up:
            yield self._voucher(entry, "reopened", self.accounts.receivable, self.accounts.loss, self.given_up)
            self.claim, self.given_up = self.claim + self.given_up, 0

    def _withdrawal(self, entry: RecoveryEntry) -> Iterator[Voucher]:
        """It was owed after all: what is open is no claim, and what came back is owed back."""
        returned = self.case.amount_minor - self.claim - self.given_up
        parts = (
            (self.accounts.receivable, self.claim),
            (self.accounts.loss, self.given_up),
            (self.accounts.payable, returned),
        )
        self.claim = self.given_up = 0
        self.owed_back += returned
        for credit, amount in parts:
            if amount:
                yield self._voucher(entry, "withdraw", self.accounts.payroll, credit, amount)

    def _voucher(self, entry: RecoveryEntry, what: str, debit: str, credit: str, amount: int) -> Voucher:
        zh, en = _TEXTS[what]
        proof = entry.evidence or f"{self.case.id}/{entry.place}"
        day = entry.at.astimezone(self.zone).date()
        return Voucher(self.case.id, entry.place, day, debit, credit, amount, self.case.currency, zh, en, proof)
