"""What a company and its employee owe each other in Tryton: expenses not paid back, advances not settled.

Tryton 8.2 has no module for expense claims. Where they are booked, they are lines in the name of the employee's own
party: on a payable account what the company owes (an expense), on a receivable account what the employee owes (an
advance). A line is open while it is posted and not reconciled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from baton.sdk import AccountRef, Holding, HoldingKind, HoldingRef
from connectors.erp.tryton import wire
from connectors.erp.tryton.directory import Directory, chunks
from connectors.erp.tryton.reader import RECEIVABLE_LINE, Reader

KINDS: Final = (HoldingKind.EXPENSE, HoldingKind.ADVANCE)
_LINE: Final = ("party", "debit", "credit", "currency.code", "maturity_date", "description", "account.type.payable")
_PAY: Final = (
    "nobody takes this over: have accounting pay it or set it off against the final pay, and reconcile the line"
)
_SETTLE: Final = (
    "nobody takes this over: have the leaver settle it, or accounting set it off against the final pay, and reconcile "
    "the line"
)


class Claims:
    """Open lines between one company and its employees."""

    def __init__(self, reader: Reader, directory: Directory, *, listed: bool) -> None:
        self._reader = reader
        self._directory = directory
        self._listed = listed

    def work(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """What is open between the company and this person."""
        for page in self.work_of([person]):
            yield [holding for _, holding in page]

    def work_of(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """The same of several people, with whose each is, in as many calls as of one."""
        employees = sorted(set(self._directory.employee_ids(people).values())) if self._listed else []
        if not employees or not self._reader.has(RECEIVABLE_LINE):
            return
        for some in chunks(employees):
            whose = dict(self._reader.rows("company.employee", [["id", "in", some]], ["party"], _party))
            domain = [
                ["company", "=", self._reader.company_id],
                ["party", "in", sorted(whose)],
                ["OR", ["account.type.payable", "=", True], ["account.type.receivable", "=", True]],
                ["reconciliation", "=", None],
                ["move.state", "=", "posted"],
            ]
            for page in self._reader.pages(RECEIVABLE_LINE, domain, _LINE, _claim):
                yield [(str(whose[party]), holding) for party, holding in page if holding is not None]


def _party(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row["party"]), int(row["id"])


def _claim(row: Mapping[str, Any]) -> tuple[int, Holding | None]:
    """One line with its party; none for what only takes something off another one (a payment on account, a credit)."""
    debit = wire.decimal_in(row["debit"]) or Decimal(0)
    credit = wire.decimal_in(row["credit"]) or Decimal(0)
    is_payable = bool(row["account."]["type."]["payable"])
    amount = credit - debit if is_payable else debit - credit
    if amount <= 0:
        return int(row["party"]), None
    return int(row["party"]), Holding(
        HoldingRef(HoldingKind.EXPENSE if is_payable else HoldingKind.ADVANCE, str(row["id"])),
        title=str(row["description"] or row["id"]),
        facts={"due": wire.date_in(row["maturity_date"])},
        amount=amount,
        currency=str(row["currency."]["code"]),
        by_hand=_PAY if is_payable else _SETTLE,
    )
