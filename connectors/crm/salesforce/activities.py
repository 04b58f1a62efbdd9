"""What was done to clients, or by people, in a stretch of time: new business, changed owners, discounts, exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from baton.sdk import AccountRef, Activity, ActivityKind, HoldingKind, HoldingRef
from connectors.crm.salesforce.composite import Composite, Described, is_id
from connectors.crm.salesforce.exports import Exports, moment
from connectors.crm.salesforce.org import Org, Row
from connectors.crm.salesforce.people import People
from connectors.crm.salesforce.sorts import BY_KIND, CURRENCY, fact

_MADE: Final = (HoldingKind.ORDER, HoldingKind.OPPORTUNITY)
"""Whose creation is business for a client."""


@dataclass(frozen=True, slots=True)
class History:
    """The object that keeps the changes of another one's fields."""

    kind: HoldingKind
    table: str
    record: str
    """The field that names the changed record."""
    client: str = ""
    """The path to the account it belongs to."""
    owner_fields: Sequence[str] = ("Owner",)
    """What the change of an owner is called in it."""


_HISTORIES: Final[Sequence[History]] = (
    History(HoldingKind.CLIENT, "AccountHistory", "AccountId"),
    History(HoldingKind.CONTACT, "ContactHistory", "ContactId", "Contact.AccountId"),
    History(HoldingKind.OPPORTUNITY, "OpportunityFieldHistory", "OpportunityId", "Opportunity.AccountId"),
    History(HoldingKind.QUOTE, "QuoteHistory", "QuoteId", "Quote.AccountId"),
    History(HoldingKind.ORDER, "OrderHistory", "OrderId", "Order.AccountId"),
    History(
        HoldingKind.TICKET,
        "CaseHistory",
        "CaseId",
        "Case.AccountId",
        ("Owner", "ownerAssignment", "ownerAccepted", "ownerEscalated"),
    ),
    History(HoldingKind.LEAD, "LeadHistory", "LeadId"),
)


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked for."""

    since: datetime
    until: datetime
    clients: frozenset[str]
    users: frozenset[str]

    def asks(self, actors: Sequence[str | None], records: Sequence[str | None]) -> bool:
        """Whether something concerns one of the people or one of the clients."""
        return not self.users.isdisjoint(actors) or not self.clients.isdisjoint(records)

    def of(self, field: str) -> str:
        """The condition that a moment lies in it."""
        return f"{field} >= {moment(self.since)} AND {field} < {moment(self.until)}"


class Activities:
    """What an org remembers of what was done."""

    def __init__(self, org: Org, composite: Composite, people: People, discounts: Mapping[str, str]) -> None:
        self._composite = composite
        self._people = people
        self._discounts = discounts
        self._exports = Exports(org, composite)

    def between(
        self, since: datetime, until: datetime, clients: Sequence[HoldingRef], people: Sequence[AccountRef]
    ) -> Iterator[Sequence[Activity]]:
        """Page by page; each activity once. The number of queries does not depend on how many clients there are."""
        users = frozenset(user for user in self._people.user_ids(people) if user)
        window = Window(since, until, frozenset(ref.external_id for ref in clients), users)
        described = self._composite.describe(
            [*(BY_KIND[kind].table for kind in _MADE), *(each.table for each in _HISTORIES), "EventLogFile"]
        )
        asked: list[tuple[str, Callable[[Row], Activity | None]]] = []
        for kind in _MADE:
            if BY_KIND[kind].table in described:
                here = described[BY_KIND[kind].table]
                asked.append((_new(kind, here, window), partial(_made, kind, here, window)))
        for each in _HISTORIES:
            if each.table in described:
                fields = {*each.owner_fields, *filter(None, (self._discounts.get(BY_KIND[each.kind].table),))}
                asked.append((_changes(each, sorted(fields), window), partial(_change, each, window)))
        for (_, read), pages in zip(asked, self._composite.ask([soql for soql, _ in asked]), strict=True):
            for rows in pages:
                if found := [activity for row in rows if (activity := read(row)) is not None]:
                    yield found
        if "EventLogFile" in described and users:
            yield from self._exports.by(users, since, until)


def _new(kind: HoldingKind, described: Described, window: Window) -> str:
    """The query for the records of one kind that were made in the window."""
    sort = BY_KIND[kind]
    wanted = ("Id", "AccountId", "OwnerId", "CreatedById", "CreatedDate", *sort.title, sort.amount, CURRENCY)
    columns = ", ".join(described.visible(dict.fromkeys(wanted)))
    return f"SELECT {columns} FROM {sort.table} WHERE {window.of('CreatedDate')}"  # noqa: S608 - names are constants


def _made(kind: HoldingKind, described: Described, window: Window, row: Row) -> Activity | None:
    client = row.get("AccountId")
    if not window.asks([row["CreatedById"], row.get("OwnerId")], [client]):
        return None
    sort = BY_KIND[kind]
    amount = fact(row.get(sort.amount), described, sort.amount)
    return Activity(
        id=str(row["Id"]),
        kind=ActivityKind.ORDER,
        at=datetime.fromisoformat(str(row["CreatedDate"])),
        actor=str(row["CreatedById"]),
        about=HoldingRef(HoldingKind.CLIENT, str(client)) if client else HoldingRef(kind, str(row["Id"])),
        title=" · ".join(str(row[name]) for name in sort.title if row.get(name)),
        amount=amount if isinstance(amount, Decimal) else None,
        currency=str(row.get(CURRENCY) or ""),
    )


def _changes(history: History, fields: Sequence[str], window: Window) -> str:
    """The query for the changes of these fields in the window. Old and new values cannot be asked for by value."""
    columns = ("Id", history.record, history.client, "CreatedById", "CreatedDate", "Field", "OldValue", "NewValue")
    chosen = ", ".join(f"'{name}'" for name in fields)
    where = f"{window.of('CreatedDate')} AND Field IN ({chosen})"
    # Names are constants and settings with a strict pattern.
    return f"SELECT {', '.join(filter(None, columns))} FROM {history.table} WHERE {where}"  # noqa: S608


def _change(history: History, window: Window, row: Row) -> Activity | None:
    """A changed owner is told twice, once by names and once by ids; the names are left out."""
    before, after = (str(row[name]) if row[name] is not None else "" for name in ("OldValue", "NewValue"))
    reassigned = row["Field"] in history.owner_fields
    if reassigned and not (is_id(after) and is_id(before)):
        return None
    relation, _, field = history.client.partition(".")
    client = (row[relation] or {}).get(field) if relation else None
    actors = [row["CreatedById"], *((before, after) if reassigned else ())]
    if not window.asks(actors, [row[history.record], client]):
        return None
    return Activity(
        id=str(row["Id"]),
        kind=ActivityKind.REASSIGNED if reassigned else ActivityKind.DISCOUNT,
        at=datetime.fromisoformat(str(row["CreatedDate"])),
        actor=str(row["CreatedById"]),
        about=HoldingRef(history.kind, str(row[history.record])),
        before=before,
        after=after,
        client=HoldingRef(HoldingKind.CLIENT, str(client)) if client else None,
    )
