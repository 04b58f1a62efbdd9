"""A sales department whose clients sit in one system: 0001 manages, 0002 leaves, 0003 and 0004 stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from baton.hub import Hub, execution
from baton.hub.offboarding import casework, hourly, saying
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.model.case import Act, Case, Cause, Item, ItemState, Role
from baton.model.handover import HoldingKind, HoldingRef
from tests.hub.conftest import Start
from tests.rig.belongings import Belongings, KeeperTarget
from tests.rig.company import Company, row

MANAGER, LEAVER, SUCCESSOR, OTHER = "0001", "0002", "0003", "0004"
HR = "hr-wang"
NEXT_YEAR = datetime(2027, 6, 30, 10, tzinfo=UTC)
"""A last working moment that no test comes to: HR has said it, so nothing about it is in the way of anything."""


@dataclass
class Desk:
    """One hub with its truth, and short words for what people do."""

    company: Company
    hub: Hub
    system: str = "crm"

    @property
    def things(self) -> Belongings:
        things: Belongings = self.company.truths[self.system].belongings
        return things

    def id_of(self, number: str) -> str:
        return self.company.truths[self.system].accounts[number].external_id

    def target(self) -> KeeperTarget:
        target = self.hub.connector(self.system)
        assert isinstance(target, KeeperTarget)
        return target

    def plant(self, kind: HoldingKind, n: int, holder: str = LEAVER, **more: object) -> HoldingRef:
        return self.things.plant(kind, n, self.id_of(holder), **more)

    def holder(self, ref: HoldingRef) -> str:
        ids = {record.external_id: number for number, record in self.company.truths[self.system].accounts.items()}
        return ids[self.things.holders[ref]]

    def open(self, cause: Cause = Cause.BY_HAND, **more: object) -> Case:
        return casework.open_case(self.hub, casework.Opening(LEAVER, cause, HR, **more))  # type: ignore[arg-type]

    def items(self, case: Case, *states: ItemState) -> list[Item]:
        with self.hub.database.read() as connection:
            return self.hub.cases.items(connection, case.id, states=states)

    def item(self, case: Case, ref: HoldingRef) -> Item:
        return next(item for item in self.items(case) if item.ref == ref)

    def case(self, case: Case) -> Case:
        return casework.find_case(self.hub, case.id)

    def say(
        self, case: Case, items: list[Item], act: Act, person: str, role: Role, text: str = "", **more: str
    ) -> list[Item]:
        versions = {item.id: item.version for item in items}
        return saying.say(self.hub, saying.Saying(case.id, versions, act, person, role, text, **more))

    def agree(self, case: Case, *states: ItemState) -> None:
        """Whoever is offered something accepts it, and the manager approves (HR where the manager took it)."""
        for item in self.items(case, ItemState.OFFERED):
            self.say(case, [item], Act.ACCEPT, item.successor, Role.SUCCESSOR)
        for item in self.items(case, ItemState.ACCEPTED):
            manager = item.accepted_by != case.manager
            self.say(case, [item], Act.APPROVE, case.manager if manager else HR, Role.MANAGER if manager else Role.HR)

    def tick(self) -> hourly.Hour:
        return hourly.tick(self.hub)

    def close_account(self, number: str = LEAVER) -> None:
        self.company.truths[self.system].accounts[number].state = AccountState.DISABLED

    def statement_acts(self, case: Case) -> list[Act]:
        with self.hub.database.read() as connection:
            return [said.act for said in self.hub.cases.said(connection, case.id)]


def staffed(company: Company, hub: Hub) -> Desk:
    """Fill a new company with its people, and the CRM with their accounts."""
    company.rows = [
        row(MANAGER, department="销售部", title="经理"),
        row(LEAVER, department="销售部", manager=MANAGER),
        row(SUCCESSOR, department="销售部", manager=MANAGER),
        row(OTHER, department="销售部", manager=MANAGER),
    ]
    company.truths["crm"].belongings = Belongings()
    plan_sync(hub, SyncRequest())
    execution.apply(hub)
    return Desk(company, hub)


@pytest.fixture
def desk(start: Start) -> Callable[..., Desk]:
    def make(kind: type[KeeperTarget] = KeeperTarget, **more: object) -> Desk:
        return staffed(*start({"crm": kind}, **more))

    return make
