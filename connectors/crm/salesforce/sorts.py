"""Which objects of an org are handed over, which of their records are open, and what a successor should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from baton.sdk import Holding, HoldingKind, HoldingRef, Scalar
from connectors.crm.salesforce.composite import Described
from connectors.crm.salesforce.org import Row

CURRENCY: Final = "CurrencyIsoCode"
"""Only in an org with several currencies."""
OWNER: Final = "OwnerId"


@dataclass(frozen=True, slots=True)
class Sort:
    """One object whose records belong to somebody."""

    kind: HoldingKind
    table: str
    title: Sequence[str]
    """Fields that together say what a person calls the record."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Field -> the name of the fact. Only what people set: nothing that Salesforce changes by itself."""
    about: Sequence[str] = ()
    """Reference fields; the first that holds something of a handed-over object is what the record is about."""
    amount: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """Field -> what must hold of an open record, asked where the org has that field."""

    def columns(self, described: Described) -> list[str]:
        """What to ask for of it in this org."""
        wanted = ("Id", OWNER, *self.title, *self.facts, *self.about, *filter(None, (self.amount,)), CURRENCY)
        return described.visible(dict.fromkeys(wanted))

    def open_records(self, described: Described, owners: str) -> str:
        """The query for the open records of some owners, given as a list for IN."""
        holds = [f"{OWNER} IN {owners}"]
        holds += [text for name, text in self.conditions.items() if name in described.fields]
        # Names and conditions are constants of this module; ids were checked.
        return f"SELECT {', '.join(self.columns(described))} FROM {self.table} WHERE {' AND '.join(holds)}"  # noqa: S608


ACCOUNT_FACTS: Final = {
    "AccountNumber": "number",
    "Type": "type",
    "Industry": "industry",
    "Rating": "rating",
    "BillingCity": "city",
}
"""What is told of every client, whatever the settings say."""
_OPEN: Final = {"IsClosed": "IsClosed = false"}
SORTS: Final[Sequence[Sort]] = (
    Sort(
        HoldingKind.CLIENT,
        "Account",
        ("Name",),
        ACCOUNT_FACTS,
        ("ParentId",),
    ),
    Sort(
        HoldingKind.CONTACT,
        "Contact",
        ("Name",),
        {"Title": "position", "Department": "department"},
        ("AccountId",),
        # The contact of a person account has no owner of its own: it goes with the account.
        conditions={"IsPersonAccount": "IsPersonAccount = false"},
    ),
    Sort(
        HoldingKind.OPPORTUNITY,
        "Opportunity",
        ("Name",),
        {"StageName": "stage", "CloseDate": "close_date", "Type": "type", "NextStep": "next_step"},
        ("AccountId",),
        "Amount",
        _OPEN,
    ),
    Sort(
        HoldingKind.QUOTE,
        "Quote",
        ("Name",),
        {"Status": "status", "ExpirationDate": "expires", "Discount": "discount"},
        ("OpportunityId",),
        "GrandTotal",
        {"OpportunityId": "Opportunity.IsClosed = false"},
    ),
    Sort(
        HoldingKind.ORDER,
        "Order",
        ("OrderNumber", "Name"),
        {"Status": "status", "EffectiveDate": "starts", "EndDate": "ends"},
        ("AccountId",),
        "TotalAmount",
        {"StatusCode": "StatusCode IN ('Draft', 'Activated')"},
    ),
    Sort(
        HoldingKind.CONTRACT,
        "Contract",
        ("ContractNumber", "Name"),
        {"Status": "status", "StartDate": "starts", "EndDate": "ends"},
        ("AccountId",),
        conditions={"StatusCode": "StatusCode IN ('Draft', 'InApproval', 'Activated')"},
    ),
    Sort(
        HoldingKind.TICKET,
        "Case",
        ("CaseNumber", "Subject"),
        {"Status": "status", "Priority": "priority"},
        ("AccountId", "ContactId"),
        conditions=_OPEN,
    ),
    Sort(
        HoldingKind.LEAD,
        "Lead",
        ("Name", "Company"),
        {"Status": "status", "Rating": "rating", "Industry": "industry"},
        conditions={"IsConverted": "IsConverted = false"},
    ),
    Sort(
        HoldingKind.TASK,
        "Task",
        ("Subject",),
        {"Status": "status", "Priority": "priority", "ActivityDate": "due"},
        ("WhatId", "WhoId", "AccountId"),
        conditions=_OPEN,
    ),
)
"""Clients first: what is about them follows."""
BY_KIND: Final[Mapping[HoldingKind, Sort]] = {sort.kind: sort for sort in SORTS}
TABLES: Final[Sequence[str]] = tuple(sort.table for sort in SORTS)


def sorts_of(account_facts: Mapping[str, str]) -> Sequence[Sort]:
    """All sorts as one org uses them: with its own fields among the facts of a client (field -> name of the fact)."""
    clients, *others = SORTS
    return (replace(clients, facts={**clients.facts, **account_facts}), *others)


def kinds_by_prefix(described: Mapping[str, Described]) -> Mapping[str, HoldingKind]:
    """What the first characters of an id say of it, in this org."""
    return {described[sort.table].prefix: sort.kind for sort in SORTS if sort.table in described}


def holding(sort: Sort, row: Row, described: Described, kinds: Mapping[str, HoldingKind]) -> Holding:
    """One record as people see it."""
    amount = fact(row.get(sort.amount), described, sort.amount) if sort.amount else None
    told = {name: fact(row.get(column), described, column) for column, name in sort.facts.items()}
    titles = (str(row[name]) for name in sort.title if row.get(name))
    return Holding(
        ref=HoldingRef(sort.kind, str(row["Id"])),
        title=" · ".join(titles) or str(row["Id"]),
        facts={name: value for name, value in told.items() if value is not None},
        about=about([row.get(name) for name in sort.about], kinds),
        amount=amount if isinstance(amount, Decimal) else None,
        currency=str(row.get(CURRENCY) or ""),
    )


def about(ids: Sequence[Any], kinds: Mapping[str, HoldingKind]) -> HoldingRef | None:
    """The first of these ids that names something which is handed over."""
    named = (HoldingRef(kinds[each[:3]], each) for each in ids if isinstance(each, str) and each[:3] in kinds)
    return next(named, None)


def fact(value: Any, described: Described, name: str) -> Scalar:
    """A value of JSON in one form, whichever of the two parsers it came through."""
    column = described.fields.get(name, {})
    kind = column.get("type")
    if value is None:
        return None
    if kind in ("currency", "double", "percent"):
        places = Decimal(1).scaleb(-int(column.get("scale") or 0))
        return Decimal(str(value)).quantize(places, ROUND_HALF_EVEN)
    if kind == "date":
        return date.fromisoformat(str(value))
    return value if isinstance(value, bool | int) else str(value)
