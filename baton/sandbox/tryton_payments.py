"""Payments to people in a Tryton server, as its accounting would have made and approved them.

>>> with server.admin() as admin:  # doctest: +SKIP
...     journal = plant_journal(admin, "工资")
...     approve_payments(admin, plant_payments(admin, journal, [Owed("0012", "8000.00", date(2026, 11, 30))]))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from baton.sandbox.tryton_seed import HUB_USER, TrytonAdmin, day, decimal

HUB_GROUP: Final = "Baton Payments"


@dataclass(frozen=True, slots=True)
class Owed:
    """A payment to the party with this code: an amount in major units, and the day it is dated."""

    code: str
    amount: str
    on: date
    reference: str = ""


def admit_hub(admin: TrytonAdmin) -> None:
    """Give the hub's user what payables need and nothing else: it reads payments and their journals."""
    access = [{"model": model, "perm_read": True} for model in ("account.payment", "account.payment.journal")]
    (group,) = admin.call("res.group.create", [{"name": HUB_GROUP, "model_access": [["create", access]]}])
    (hub,) = admin.rows("res.user", [["login", "=", HUB_USER]], ["id"])
    admin.call("res.user.write", [hub["id"]], {"groups": [["add", [group]]]})


def plant_journal(admin: TrytonAdmin, name: str, *, company_id: int = 1) -> int:
    """A payment journal in the company's currency."""
    (company,) = admin.rows("company.company", [["id", "=", company_id]], ["currency"])
    journal = {"name": name, "currency": company["currency"], "company": company_id, "process_method": "manual"}
    return int(admin.call("account.payment.journal.create", [journal], company=company_id)[0])


def plant_account(admin: TrytonAdmin, code: str, number: str, *, bank: str = "示例银行", sequence: int = 10) -> int:
    """A bank account of the party with this code."""
    banks = admin.rows("bank", [["party.name", "=", bank]], ["id"])
    if not banks:
        (party,) = admin.call("party.party.create", [{"name": bank}])
        banks = [{"id": admin.call("bank.create", [{"party": party}])[0]}]
    account: dict[str, Any] = {"bank": banks[0]["id"], "owners": [["add", [_party(admin, code)]]]}
    account |= {"owners_sequence": sequence, "numbers": [["create", [{"type": "other", "number": number}]]]}
    return int(admin.call("bank.account.create", [account])[0])


def plant_payments(
    admin: TrytonAdmin, journal: int, owed: Sequence[Owed], *, kind: str = "payable", company_id: int = 1
) -> list[int]:
    """Payments as accounting begins them: drafts."""
    codes = sorted({each.code for each in owed})
    parties = {row["code"]: row["id"] for row in admin.rows("party.party", [["code", "in", codes]], ["code"])}
    payments = [
        {
            "company": company_id,
            "journal": journal,
            "kind": kind,
            "party": parties[each.code],
            "date": day(each.on),
            "amount": decimal(each.amount),
            "reference": each.reference or None,
        }
        for each in owed
    ]
    created: list[int] = admin.call("account.payment.create", payments, company=company_id)
    return created


def submit_payments(admin: TrytonAdmin, payments: Sequence[int], *, company_id: int = 1) -> None:
    """Hand drafts in for approval."""
    admin.call("account.payment.submit", list(payments), company=company_id)


def approve_payments(admin: TrytonAdmin, payments: Sequence[int], *, company_id: int = 1) -> None:
    """Hand drafts in and approve them."""
    submit_payments(admin, payments, company_id=company_id)
    admin.call("account.payment.approve", list(payments), company=company_id)


def process_payments(admin: TrytonAdmin, payments: Sequence[int], *, company_id: int = 1) -> None:
    """Have Tryton itself carry out what is approved."""
    records = {"model": "account.payment", "id": payments[0], "ids": list(payments)}
    with admin.wizard("account.payment.process", company=company_id, **_active(records)) as step:
        step({}, "process")


def _active(records: dict[str, Any]) -> dict[str, Any]:
    return {f"active_{name}": value for name, value in records.items()}


def _party(admin: TrytonAdmin, code: str) -> int:
    (party,) = admin.rows("party.party", [["code", "=", code]], ["id"])
    return int(party["id"])
