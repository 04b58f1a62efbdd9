"""Sales in a Tryton server as its people would have made them: clients, opportunities, quotes, orders, receivables.

>>> with server.admin() as admin:  # doctest: +SKIP
...     plant_sales(admin, "0012", opportunities=6, sales=4)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from baton.sandbox.tryton_seed import HUB_USER, TrytonAdmin, day, decimal

HUB_GROUP: Final = "Baton Handovers"
SERVICE: Final = "示例服务"
"""The one product that is sold: a service, so that an order makes an invoice and no shipment."""
_PRICE: Final = "680.00"
_FIRST_DAY, _LAST_DAY = date(2020, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class PlantedSales:
    """The ids of what was planted, in the order of planting."""

    clients: Sequence[int]
    opportunities: Sequence[int]
    quotes: Sequence[int]
    orders: Sequence[int]


def admit_hub(admin: TrytonAdmin) -> None:
    """Give the hub's user what handovers need and nothing else: a group made for it.

    The rule about keys is one of our own: the one that comes with Tryton under the name *Any user application* lets
    only administrators see what belongs to others.
    """
    rights = {
        "sale.opportunity": {"perm_read": True, "perm_write": True},
        "sale.sale": {"perm_read": True},
        "account.move": {"perm_read": True},
        "account.move.line": {"perm_read": True},
        "res.user": {"perm_read": True, "perm_write": True},
    }
    access = [{"model": model, **flags} for model, flags in rights.items()]
    (group,) = admin.call("res.group.create", [{"name": HUB_GROUP, "model_access": [["create", access]]}])
    keys: dict[str, Any] = {"name": HUB_GROUP, "model": "res.user.application", "groups": [["add", [group]]]}
    keys |= {"global_p": False, "default_p": False, "rules": [["create", [{"domain": '[["user", "!=", null]]'}]]]}
    admin.call("ir.rule.group.create", [keys])
    (hub,) = admin.rows("res.user", [["login", "=", HUB_USER]], ["id"])
    admin.call("res.user.write", [hub["id"]], {"groups": [["add", [group]]]})


def prepare_books(admin: TrytonAdmin, *, company_id: int = 1) -> None:
    """Give a company what it needs to sell: a chart of accounts, one long fiscal year, and the service."""
    accounts = _chart(admin, company_id)
    _fiscal_year(admin, company_id)
    kept = {"account_revenue": accounts["revenue"], "account_expense": accounts["expense"]}
    category = {"name": "示例科目", "accounting": True, **kept}
    (category_id,) = admin.call("product.category.create", [category], company=company_id)
    unit = admin.rows("product.uom", [["symbol", "=", "u"]], ["id"])[0]["id"]
    template = {
        "name": SERVICE,
        "type": "service",
        "default_uom": unit,
        "salable": True,
        "sale_uom": unit,
        "list_price": decimal(_PRICE),
        "account_category": category_id,
        "products": [["create", [{}]]],
    }
    admin.call("product.template.create", [template], company=company_id)


def plant_sales(
    admin: TrytonAdmin, number: str, *, opportunities: int, sales: int, company_id: int = 1, mark: str = "S"
) -> PlantedSales:
    """Give an employee (by the whole code of their party) open opportunities and sales, each of a client of its own.

    Every second opportunity has become more than a lead; every second sale is a confirmed order, the others are
    quotations, all quoted and confirmed by that employee. Clients have the codes ``<mark>-<number>-0001`` and so on.
    """
    employee = employee_of(admin, number, company_id)
    count = opportunities + sales
    clients = plant_clients(admin, [f"{mark}-{number}-{n:04}" for n in range(1, count + 1)], company_id=company_id)
    titles = [f"示例商机{n:04}" for n in range(1, opportunities + 1)]
    deals = plant_opportunities(admin, clients[:opportunities], employee, titles, company_id=company_id)
    if deals[1::2]:
        admin.call("sale.opportunity.opportunity", deals[1::2], company=company_id)
    titles = [f"示例报价{n:04}" for n in range(1, sales + 1)]
    sold = plant_drafts(admin, clients[opportunities:], employee, titles, company_id=company_id)
    quote_sales(admin, sold, employee, company_id=company_id)
    orders = sold[1::2]
    confirm_sales(admin, orders, company_id=company_id)
    return PlantedSales(clients, deals, sold[0::2], orders)


def employee_of(admin: TrytonAdmin, number: str, company_id: int = 1) -> int:
    """The id of the employee whose party has this code."""
    rows = admin.rows("company.employee", [["party.code", "=", number], ["company", "=", company_id]], ["id"])
    return int(rows[-1]["id"])


def plant_clients(admin: TrytonAdmin, codes: Sequence[str], *, company_id: int = 1) -> list[int]:
    """Create clients with these codes."""
    parties = [{"name": f"示例客户 {code}", "code": code, "addresses": [["create", [{}]]]} for code in codes]
    created: list[int] = admin.call("party.party.create", parties, company=company_id) if parties else []
    return created


def plant_opportunities(
    admin: TrytonAdmin, clients: Sequence[int], employee: int, titles: Sequence[str], *, company_id: int = 1
) -> list[int]:
    """Create a lead of an employee for each client; amounts count up from 1001."""
    place = {"employee": employee, "company": company_id, "currency": _currency(admin, company_id)}
    deals = [
        {"party": client, "description": title, "amount": decimal(f"{1000 + n}.00"), **place}
        for n, (client, title) in enumerate(zip(clients, titles, strict=True), 1)
    ]
    created: list[int] = admin.call("sale.opportunity.create", deals, company=company_id) if deals else []
    return created


def plant_drafts(
    admin: TrytonAdmin, clients: Sequence[int], employee: int, titles: Sequence[str], *, company_id: int = 1
) -> list[int]:
    """Create a sale of the service to each client, which an employee has begun."""
    (product,) = admin.rows("product.product", [["template.name", "=", SERVICE]], ["default_uom"])
    sold = {"product": product["id"], "unit": product["default_uom"], "quantity": 1.0}
    line = {**sold, "unit_price": decimal(_PRICE)}
    rows = admin.rows("party.address", [["party", "in", list(clients)]], ["party"])
    addresses = {row["party"]: row["id"] for row in rows}
    methods = {"invoice_method": "order", "shipment_method": "order"}
    place = {"company": company_id, "currency": _currency(admin, company_id), "quoted_by": employee, **methods}
    sales = [
        {
            "party": client,
            "invoice_address": addresses[client],
            "shipment_address": addresses[client],
            "description": title,
            "lines": [["create", [line]]],
            **place,
        }
        for client, title in zip(clients, titles, strict=True)
    ]
    created: list[int] = admin.call("sale.sale.create", sales, company=company_id) if sales else []
    return created


def quote_sales(admin: TrytonAdmin, sales: Sequence[int], employee: int, *, company_id: int = 1) -> None:
    """Turn drafts into quotations, which an employee will be said to have confirmed once they are."""
    if sales:
        admin.call("sale.sale.write", list(sales), {"confirmed_by": employee}, company=company_id)
        admin.call("sale.sale.quote", list(sales), company=company_id)


def confirm_sales(admin: TrytonAdmin, sales: Sequence[int], *, company_id: int = 1) -> None:
    """Turn quotations into orders; Tryton drafts their invoices at once."""
    if sales:
        admin.call("sale.sale.confirm", list(sales), company=company_id)


def invoice_sales(admin: TrytonAdmin, sales: Sequence[int], *, company_id: int = 1) -> list[int]:
    """Post the invoices of orders, which makes receivables; gives the ids of the invoices."""
    rows = admin.rows("sale.sale", [["id", "in", list(sales)]], ["invoices"])
    invoices = [invoice for row in rows for invoice in row["invoices"]]
    today = admin.call("ir.date.today", company=company_id)
    admin.call("account.invoice.write", invoices, {"invoice_date": today}, company=company_id)
    admin.call("account.invoice.post", invoices, company=company_id)
    return invoices


def _currency(admin: TrytonAdmin, company_id: int) -> int:
    return int(admin.rows("company.company", [["id", "=", company_id]], ["currency"])[0]["currency"])


def _chart(admin: TrytonAdmin, company_id: int) -> dict[str, int]:
    """Create the chart of accounts that comes with Tryton; gives the account of each kind."""
    root = admin.call("ir.model.data.get_id", "account.account_template_root_en")
    chosen: dict[str, Any] = {"account_template": root, "company": company_id}
    with admin.wizard("account.create_chart") as step:
        step({}, "account")
        step({"account": chosen}, "create_account")
        kinds = ("receivable", "payable", "revenue", "expense")
        accounts = {kind: _account(admin, kind, company_id) for kind in kinds}
        ends = {"account_receivable": accounts["receivable"], "account_payable": accounts["payable"]}
        goods = {"category_account_revenue": accounts["revenue"], "category_account_expense": accounts["expense"]}
        step({"properties": {"company": company_id, **ends, **goods}}, "create_properties")
    return accounts


def _account(admin: TrytonAdmin, kind: str, company_id: int) -> int:
    wanted = [[f"type.{kind}", "=", True], ["company", "=", company_id], ["closed", "!=", True]]
    return int(admin.rows("account.account", wanted, ["id"])[0]["id"])


def _fiscal_year(admin: TrytonAdmin, company_id: int) -> None:
    """One fiscal year of one period that does not end while anybody uses this sandbox."""
    name = f"{_FIRST_DAY.year}-{_LAST_DAY.year}"
    moves, invoices = (_sequence(admin, kind, name, company_id) for kind in ("Account Move", "Invoice"))
    kinds = ("out_invoice", "in_invoice", "out_credit_note", "in_credit_note")
    numbers = {f"{kind}_sequence": invoices for kind in kinds} | {"company": company_id}
    year = {
        "name": name,
        "company": company_id,
        "start_date": day(_FIRST_DAY),
        "end_date": day(_LAST_DAY),
        "move_sequence": moves,
        "invoice_sequences": [["create", [numbers]]],
    }
    (created,) = admin.call("account.fiscalyear.create", [year], company=company_id)
    months = 12 * (_LAST_DAY.year - _FIRST_DAY.year + 1)
    admin.call("account.fiscalyear.create_period", [created], months, company=company_id)


def _sequence(admin: TrytonAdmin, kind: str, name: str, company_id: int) -> int:
    (sort,) = admin.rows("ir.sequence.type", [["name", "=", kind]], ["id"])
    sequence = {"name": name, "sequence_type": sort["id"], "company": company_id}
    return int(admin.call("ir.sequence.strict.create", [sequence], company=company_id)[0])
