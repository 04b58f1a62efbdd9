"""What the ledger has to hear of a recovery case: one balanced entry for each thing that happened, with its proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from baton.jobs.payment.overpayment_policy import Accounts
from baton.model.recovery import EntryKind, RecoveryCase, RecoveryEntry, Way

_TEXTS: Final = {
    "claim": ("确认多付款项应收", "overpayment becomes a claim"),
    "back": ("收回多付款项", "overpayment paid back"),
    "wages": ("经同意从工资中扣还", "kept from wages with consent"),
    "surplus": ("多收应退", "came back too much, owed back"),
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


def vouchers(case: RecoveryCase, entries: Sequence[RecoveryEntry], accounts: Accounts) -> list[Voucher]:
    """The vouchers of a case, in the order of its ledger."""
    return list(_walk(case, entries, accounts))


def _walk(case: RecoveryCase, entries: Sequence[RecoveryEntry], accounts: Accounts) -> Iterator[Voucher]:
    claim = 0
    """What stands on the account of claims for this case."""
    given_up = 0

    def voucher(entry: RecoveryEntry, what: str, debit: str, credit: str, amount: int) -> Voucher:
        zh, en = _TEXTS[what]
        proof = entry.evidence or f"{case.id}/{entry.place}"
        return Voucher(case.id, entry.place, entry.at.date(), debit, credit, amount, case.currency, zh, en, proof)

    for entry in entries:
        if entry.kind is EntryKind.OPENED:
            claim = case.amount_minor
            yield voucher(entry, "claim", accounts.receivable, accounts.payroll, claim)
        elif entry.kind is EntryKind.MONEY:
            from_wages = entry.facts.get("way") == Way.WAGES.value
            into = accounts.payroll if from_wages else accounts.bank
            on_claim = min(entry.amount_minor, claim)
            on_loss = min(entry.amount_minor - on_claim, given_up)
            surplus = entry.amount_minor - on_claim - on_loss
            claim, given_up = claim - on_claim, given_up - on_loss
            if on_claim:
                yield voucher(entry, "wages" if from_wages else "back", into, accounts.receivable, on_claim)
            if on_loss:
                yield voucher(entry, "recovered", into, accounts.loss, on_loss)
            if surplus:
                yield voucher(entry, "surplus", into, accounts.payable, surplus)
        elif entry.kind is EntryKind.WRITE_OFF:
            given_up, claim = claim, 0
            yield voucher(entry, "write_off", accounts.loss, accounts.receivable, given_up)
        elif entry.kind is EntryKind.WITHDRAWAL:
            if claim:
                yield voucher(entry, "withdraw", accounts.payroll, accounts.receivable, claim)
            if given_up:
                yield voucher(entry, "withdraw", accounts.payroll, accounts.loss, given_up)
            returned = case.amount_minor - claim - given_up
            if returned:
                yield voucher(entry, "withdraw", accounts.payroll, accounts.payable, returned)
            claim, given_up = 0, 0
