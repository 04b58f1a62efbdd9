"""A handover with pages: a client with its opportunity, another client, a group, and everybody's link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from baton.hub import execution
from baton.hub.offboarding import links
from baton.hub.offboarding.links import Offer
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, Item, Role
from baton.model.handover import HoldingKind, HoldingRef
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.rig.belongings import Belongings, KeeperTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import Company, row
from tests.rig.handover_pages import plain_client, serving

PEOPLE = {Role.LEAVER: LEAVER, Role.SUCCESSOR: SUCCESSOR, Role.MANAGER: MANAGER, Role.HR: HR}
OURS = {"X-Baton-Console": "1"}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Place:
    """One case behind its pages, on a real server."""

    desk: Desk
    case: Case
    address: str
    client: httpx.Client
    refs: dict[str, HoldingRef] = field(default_factory=dict)

    def token(self, role: Role, person: str = "") -> str:
        return links.make_token(self.desk.hub, Offer(self.case.id, person or PEOPLE[role], role, HR))

    def path(self, role: Role, person: str = "") -> str:
        return f"/handover/{self.token(role, person)}"

    def item(self, name: str) -> Item:
        return self.desk.item(self.case, self.refs[name])

    def post(self, path: str, act: Act | str, *names: str, headers: Any = SAME_ORIGIN, **more: str) -> httpx.Response:
        """A form as a browser sends it, about these items as they are now."""
        items = [f"{item.id}:{item.version}" for item in map(self.item, names)]
        return self.client.post(path, data={"act": str(act), "item": items, **more}, headers=headers)

    def api(self, path: str, act: str, items: dict[str, int] | None = None, **more: str) -> httpx.Response:
        body = {"act": act, "items": items or {}, **more}
        return self.client.post(f"{path}/api/cases/{self.case.id}/statements", json=body, headers=OURS)

    def name(self, successor: str, *names: str) -> None:
        items = [self.item(name) for name in names]
        self.desk.say(self.case, items, Act.NAME, MANAGER, Role.MANAGER, successor=successor)


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[[], Desk]]:
    """A sales department on SQLite: the pages ask the store for what the store's own tests try on both databases."""
    opened: list[Any] = []

    def make() -> Desk:
        company = Company(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": KeeperTarget})
        hub = company.open()
        opened.append(hub)
        company.rows = [
            row(MANAGER, name="测试主管", department="销售部", title="经理"),
            row(LEAVER, name="测试离职", department="销售部", manager=MANAGER),
            row(SUCCESSOR, name="测试接收", department="销售部", manager=MANAGER),
            row(OTHER, name="测试同事", department="销售部", manager=MANAGER),
        ]
        company.truths["crm"].belongings = Belongings()
        plan_sync(hub, SyncRequest())
        execution.apply(hub)
        return Desk(company, hub)

    yield make
    for hub in opened:
        hub.close()


@pytest.fixture
def place(build: Callable[[], Desk]) -> Iterator[Place]:
    desk = build()
    client = desk.plant(HoldingKind.CLIENT, 1)
    refs = {
        "client": client,
        "deal": desk.plant(HoldingKind.OPPORTUNITY, 1, about=client),
        "other": desk.plant(HoldingKind.CLIENT, 2),
        "group": desk.plant(HoldingKind.GROUP, 1),
    }
    case = desk.open(last_working_at=desk.hub.clock.now() + timedelta(days=9))
    desk.tick()
    with serving(desk.hub) as address, plain_client(address) as http:
        found = Place(desk, case, address, http, refs)
        found.name(SUCCESSOR, "client", "deal")
        yield found
