"""What Tryton has approved to be paid to employees: payments of the module ``account_payment``, as payables.

A payment says neither which month it is for nor what: the month is that of its date, and what it is for is said by its
journal. The account is the payee's own, from the module ``bank``.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from baton.sdk import Component, HaltError, RejectedRow, SourcePage
from connectors.erp.tryton import wire
from connectors.erp.tryton.directory import Directory, chunks
from connectors.erp.tryton.reader import BANK_ACCOUNT, BANK_NUMBER, PAYMENT, PAYMENT_JOURNAL, Reader

COLUMNS: Final = ("number", "amount", "currency", "holder", "account", "bank_code", "bank_name", "remark", "place")
_APPROVED: Final = "approved"
"""Later states are Tryton's own way to a bank: what it processes itself must not be paid from here as well."""
_PAYMENT: Final = ("number", "amount", "currency.code", "party", "party.code", "party.name", "reference")
_ACCOUNT: Final = ("owners", "owners_sequence", "currency.code", "bank.bic", "bank.party.name")
_NUMBER: Final = ("account", "sequence", "type", "number", "number_compact")


@dataclass(frozen=True, slots=True)
class _Payment:
    id: int
    number: str
    amount: str = field(repr=False)
    currency: str
    party: int
    code: str
    name: str = field(repr=False)
    remark: str = field(repr=False)

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> _Payment:
        amount = wire.decimal_in(row["amount"])
        if amount is None:
            raise ValueError("a payment without an amount")
        party = row["party."]
        return cls(
            id=int(row["id"]),
            number=str(row["number"]),
            amount=f"{amount:f}",  # all digits that are kept: one too many is for a check to refuse, not to round
            currency=str(row["currency."]["code"]),
            party=int(row["party"]),
            code=str(party["code"]),
            name=str(party["name"] or ""),
            remark=str(row["reference"] or ""),
        )


@dataclass(frozen=True, slots=True)
class _Account:
    id: int
    owners: tuple[int, ...]
    place: tuple[bool, int, int]
    """Where it stands among its owner's accounts, in Tryton's order."""
    currency: str
    """Empty: any."""
    bic: str
    bank: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> _Account:
        bank, currency = row["bank."] or {}, row["currency."] or {}
        return cls(
            id=int(row["id"]),
            owners=tuple(int(owner) for owner in row["owners"]),
            place=(row["owners_sequence"] is not None, int(row["owners_sequence"] or 0), int(row["id"])),
            currency=str(currency.get("code") or ""),
            bic=str(bank.get("bic") or ""),
            bank=str((bank.get("party.") or {}).get("name") or ""),
        )


class Payments:
    """The approved payments of one company to its employees."""

    def __init__(
        self, reader: Reader, directory: Directory, *, journals: Mapping[str, Component], months_later: int
    ) -> None:
        self._reader = reader
        self._directory = directory
        self._journals = journals
        self._months_later = months_later

    def payables(self, period: str, component: Component) -> Iterator[SourcePage]:
        """Payments approved for the period, from the journals of this component, by their ids."""
        journals = self._journal_ids(component)
        first, last = month(period, self._months_later)
        domain = [
            ["company", "=", self._reader.company_id],
            ["kind", "=", "payable"],
            ["state", "=", _APPROVED],
            ["journal", "in", journals],
            ["date", ">=", wire.date_out(first)],
            ["date", "<=", wire.date_out(last)],
        ]
        count = 0
        for found in self._reader.pages(PAYMENT, domain, _PAYMENT, _Payment.read):
            page = self._page(found, count + 1)
            count += len(found)
            yield page

    def _journal_ids(self, component: Component) -> list[int]:
        names = sorted(name for name, what in self._journals.items() if what == component)
        if not names:
            raise HaltError(
                f"no payment journal of Tryton is said to pay {component}",
                code="no_journal",
                remedy="name the journals under payment_journals, each with what it pays",
            )
        if not self._reader.has(PAYMENT):
            raise HaltError(
                "this Tryton has no payments", code="no_module", remedy="activate the module account_payment in Tryton"
            )
        domain = [["company", "=", self._reader.company_id], ["name", "in", names]]
        found = self._reader.rows(PAYMENT_JOURNAL, domain, ["name"], lambda row: (int(row["id"]), str(row["name"])))
        missing = sorted(set(names) - {name for _, name in found})
        if missing:
            raise HaltError(
                f"Tryton shows this company no payment journal {', '.join(missing)[:200]}",
                code="unknown_journal",
                remedy="correct payment_journals: the names of the journals as Tryton has them",
            )
        return [number for number, _ in found]

    def _page(self, payments: Sequence[_Payment], first_row: int) -> SourcePage:
        import polars as pl

        parties = sorted({payment.party for payment in payments})
        employed = self._directory.employments(parties)
        accounts = self._accounts(parties)
        rows: list[dict[str, str | None]] = []
        rejected: list[RejectedRow] = []
        for payment in payments:
            number = self._directory.number_of_code(payment.code)
            if number is None or not employed[payment.party]:
                rejected.append(_stranger(payment))
                continue
            rows.append({**_row(payment, accounts[payment.party]), "number": number})
        frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
        return SourcePage(frame, first_row, rejected)

    def _accounts(self, parties: Sequence[int]) -> defaultdict[int, list[tuple[_Account, str]]]:
        """The accounts that may be paid to, by owner: each with the first number it is known by, in Tryton's order."""
        found: defaultdict[int, list[tuple[_Account, str]]] = defaultdict(list)
        if not self._reader.has(BANK_ACCOUNT):
            return found
        wanted = set(parties)
        for some in chunks(parties):
            domain = [["owners", "in", list(some)], ["active", "=", True]]
            accounts = self._reader.rows(BANK_ACCOUNT, domain, _ACCOUNT, _Account.read)
            numbers = self._numbers([account.id for account in accounts])
            for account in sorted(accounts, key=lambda each: each.place):
                for owner in wanted.intersection(some, account.owners):
                    if account.id in numbers:
                        found[owner].append((account, numbers[account.id]))
        return found

    def _numbers(self, accounts: Sequence[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        for some in chunks(accounts):
            domain = [["account", "in", list(some)], ["active", "=", True]]
            rows = self._reader.rows(BANK_NUMBER, domain, _NUMBER, _numbered)
            for _, account, number in sorted(rows):
                found.setdefault(account, number)
        return found


def _numbered(row: Mapping[str, Any]) -> tuple[tuple[bool, int, int], int, str]:
    sequence = row["sequence"]
    number = row["number_compact"] if row["type"] == "iban" else row["number"]
    return (sequence is not None, int(sequence or 0), int(row["id"])), int(row["account"]), str(number)


def _row(payment: _Payment, accounts: Sequence[tuple[_Account, str]]) -> dict[str, str | None]:
    row = {"amount": payment.amount, "currency": payment.currency, "remark": payment.remark or None}
    row["place"] = payment.number
    for account, number in accounts:
        if account.currency in ("", payment.currency):
            payee = {"holder": payment.name, "account": number, "bank_code": account.bic, "bank_name": account.bank}
            return {**row, **{name: text or None for name, text in payee.items()}}
    return row  # Tryton knows no account of theirs: HR's record is asked


def _stranger(payment: _Payment) -> RejectedRow:
    return RejectedRow(
        payment.id,
        "not_an_employee",
        f"payment {payment.number} is approved in Tryton for a party that is no employee of this company; pay it there,"
        " or from another journal",
        "party",
    )


def month(period: str, later: int) -> tuple[date, date]:
    """The first and the last day of the month in which a period is paid.

    >>> [str(day) for day in month("2026-12", 1)]
    ['2027-01-01', '2027-01-31']
    """
    year, number = divmod(int(period[:4]) * 12 + int(period[5:]) - 1 + later, 12)
    return date(year, number + 1, 1), date(year, number + 1, calendar.monthrange(year, number + 1)[1])
