"""What the leaver of the story holds in each system, planted there as the system's own people would have made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from baton.model.handover import HoldingKind
from baton.sandbox.demo.seen import salesforce, soql
from baton.sandbox.demo.story import HANDING_OVER
from baton.sandbox.demo.surroundings import Surroundings
from baton.sandbox.tryton_sales import employee_of, plant_opportunities

MANAGER: Final = "0009"
"""Whom the leaver reports to."""
SUCCESSORS: Final = ("0031", "0071")
"""Colleagues in the same team: mappings/offboarding/demo.yaml names them."""
PRESALES: Final = "0111"
"""A colleague on the teams of some of the leaver's clients, who must stay there."""
_WECOM_CLIENTS: Final = 5
_TRYTON_DEALS: Final = 3
_RIGHTS: Final = (4, 6)
_LATE_RIGHT: Final = 10
"""Numbers of the simulated org's rights: a permission set and two public groups."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that somebody holds."""

    system: str
    kind: HoldingKind
    id: str
    title: str = field(repr=False)

    @property
    def place(self) -> tuple[str, str]:
        """The system, and ``kind/id`` as the hub writes it."""
        return self.system, f"{self.kind}/{self.id}"


def plant(around: Surroundings) -> list[Thing]:
    """Give the leaver business with their clients, chats, rights and sessions; everything that has to be passed on."""
    return [*_in_salesforce(around), *_in_wecom(around.wecom), *_in_tryton(around)]


def plant_won_deal(around: Surroundings) -> Thing:
    """A deal that is won: it stays with whoever has won it."""
    client, user = clients_of(around, HANDING_OVER)[0], around.crm.user(HANDING_OVER)["Id"]
    won = {"Name": "虚构商机已成交", "StageName": "Closed Won", "Amount": 52_000.0}
    made = around.crm.plant("Opportunity", **won, AccountId=client.id, OwnerId=user)
    return Thing("crm", HoldingKind.OPPORTUNITY, made, str(won["Name"]))


def place_order(around: Surroundings, client: str) -> Thing:
    """The leaver enters an order for a client; the clock of the org is where ours is."""
    crm = around.crm
    user = crm.user(HANDING_OVER)["Id"]
    order = {"OrderNumber": "00000881", "Name": "虚构订单", "Status": "Draft", "TotalAmount": 18_800.0}
    crm.at(datetime.now(UTC) - timedelta(seconds=2))
    made = crm.plant("Order", **order, AccountId=client, OwnerId=user)
    crm.row("Order", made)["CreatedById"] = user
    return Thing("crm", HoldingKind.ORDER, made, str(order["Name"]))


def clients_of(around: Surroundings, number: str) -> list[Thing]:
    """Somebody's clients in Salesforce, in order of making."""
    user = around.crm.user(number)["Id"]
    with salesforce(around) as http:
        rows = list(soql(http, f"SELECT Id, Name FROM Account WHERE OwnerId = '{user}'"))  # noqa: S608 - an id
    return [Thing("crm", HoldingKind.CLIENT, row["Id"], row["Name"]) for row in rows]


def _in_salesforce(around: Surroundings) -> Iterator[Thing]:
    crm, clients = around.crm, clients_of(around, HANDING_OVER)
    user = crm.user(HANDING_OVER)["Id"]
    yield from clients
    for n, client in enumerate(clients[:4], 1):
        contact = {"Name": f"虚构联系人{n}", "Title": "采购经理"}
        made = crm.plant("Contact", **contact, AccountId=client.id, OwnerId=user)
        yield Thing("crm", HoldingKind.CONTACT, made, contact["Name"])
    for n, client in enumerate(clients[:3], 1):
        day = (datetime.now(UTC) + timedelta(days=30 * n)).date().isoformat()
        deal = {"Name": f"虚构商机{n}", "StageName": "Proposal", "CloseDate": day, "Amount": 8_000.0 * n}
        made = crm.plant("Opportunity", **deal, AccountId=client.id, OwnerId=user)
        yield Thing("crm", HoldingKind.OPPORTUNITY, made, str(deal["Name"]))
    task = {"Subject": "虚构回访任务", "Status": "Not Started", "WhatId": clients[0].id, "AccountId": clients[0].id}
    yield Thing("crm", HoldingKind.TASK, crm.plant("Task", **task, OwnerId=user), task["Subject"])
    _let_in(around, clients)


def _let_in(around: Surroundings, clients: Sequence[Thing]) -> None:
    """A colleague on two clients' teams, the leaver on that of somebody else's client, with rights and logged in."""
    crm = around.crm
    user, presales = crm.user(HANDING_OVER)["Id"], crm.user(PRESALES)["Id"]
    for client in clients[:2]:
        crm.seed_member(client.id, presales, TeamMemberRole="售前顾问", AccountAccessLevel="Edit")
    theirs = clients_of(around, PRESALES)[0]
    crm.seed_member(theirs.id, user, TeamMemberRole="协同", AccountAccessLevel="Read")
    for right in _RIGHTS:
        crm.seed_grant(right, user)
    crm.log_in(user)


def let_in_again(around: Surroundings) -> None:
    """An administrator who has not heard of it gives the leaver another right, and the leaver logs in once more."""
    user = around.crm.user(HANDING_OVER)["Id"]
    around.crm.seed_grant(_LATE_RIGHT, user)
    around.crm.log_in(user)


def _in_wecom(wecom: Any) -> Iterator[Thing]:
    for n in range(1, _WECOM_CLIENTS + 1):
        thing = Thing("wecom", HoldingKind.CLIENT, f"wmDemo{n:06}", f"虚构微信客户{n}")
        wecom.customers.plant_client(thing.id, thing.title, HANDING_OVER)
        yield thing
    group = Thing("wecom", HoldingKind.GROUP, "wrDemo000001", "虚构客户群")
    wecom.customers.plant_group(group.id, group.title, HANDING_OVER)
    yield group


def _in_tryton(around: Surroundings) -> list[Thing]:
    """Opportunities with clients that are there."""
    titles = [f"虚构备件商机{n}" for n in range(1, _TRYTON_DEALS + 1)]
    with around.tryton.admin() as admin:
        clients = admin.rows("party.party", [["code", "like", "C-%"]], ["code"])[:_TRYTON_DEALS]
        ids = [int(client["id"]) for client in clients]
        made = plant_opportunities(admin, ids, employee_of(admin, f"E{HANDING_OVER}"), titles)
    return [Thing("erp", HoldingKind.OPPORTUNITY, str(deal), title) for deal, title in zip(made, titles, strict=True)]
