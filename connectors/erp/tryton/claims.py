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
from connectors.erp.tryton.directory import Directory
from connectors.erp.tryton.reader import RECEIVABLE_LINE, Reader

KINDS: Final = (HoldingKind.EXPENSE, HoldingKind.ADVANCE)
_LINE: Final = ("debit", "credit", "currency.code", "maturity_date", "description", "account.type.payable")
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
        employee = self._directory.employee_ids([person]).get(person.number) if self._listed else None
        if employee is None or not self._reader.has(RECEIVABLE_LINE):
            return
        parties = self._reader.rows("company.employee", [["id", "=", employee]], ["party"], _party)
        domain = [
            ["company", "=", self._reader.company_id],
            ["party", "in", list(parties)],
            ["OR", ["account.type.payable", "=", True], ["account.type.receivable", "=", True]],
            ["reconciliation", "=", None],
            ["move.state", "=", "posted"],
        ]
        for page in self._reader.pages(RECEIVABLE_LINE, domain, _LINE, _claim):
            yield [holding for holding in page if holding is not None]


def _party(row: Mapping[str, Any]) -> int:
    return int(row["party"])


def _claim(row: Mapping[str, Any]) -> Holding | None:
    """One line; none for what only takes something off another one (a payment on account, a credit)."""
    debit = wire.decimal_in(row["debit"]) or Decimal(0)
    credit = wire.decimal_in(row["credit"]) or Decimal(0)
    is_payable = bool(row["account."]["type."]["payable"])
    amount = credit - debit if is_payable else debit - credit
    if amount <= 0:
        return None
    return Holding(
        HoldingRef(HoldingKind.EXPENSE if is_payable else HoldingKind.ADVANCE, str(row["id"])),
        title=str(row["description"] or row["id"]),
        facts={"due": wire.date_in(row["maturity_date"])},
        amount=amount,
        currency=str(row["currency."]["code"]),
        by_hand=_PAY if is_payable else _SETTLE,
    )
