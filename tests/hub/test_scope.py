"""Whom a mapping is not for: their accounts are their own, but for those the hub wrote while it was for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.hub.execution import apply
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.model.account import AccountState, Action
from tests.rig.company import TARGET_MAPPING, row
from tests.rig.truth import Record

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SALES = TARGET_MAPPING.replace("TARGET", "crm/fake_crm").replace("fields:", "scope: {department: [销售]}\nfields:", 1)


@pytest.fixture
def scoped(start):
    company, hub = start()
    company.write_mapping("crm", SALES)
    hub.__dict__["mappings"] = dict(company.mappings)
    return company, hub


def go(company, hub, *rows: dict[str, str]) -> SyncPlan:
    company.rows = list(rows)
    plan = plan_sync(hub, SyncRequest())
    apply(hub)
    return plan


def actions(plan: SyncPlan) -> list[Action]:
    return [draft.intention.action for draft in plan.drafted]


def developer(company, **given: str) -> dict[str, str]:
    return row("0002", department="研发", **given)


def gone(company) -> dict[str, str]:
    return {"status": "departed", "last_day": (company.clock.now() - timedelta(days=1)).date().isoformat()}


@pytest.mark.parametrize("restored", [False, True])
def test_an_account_that_others_made_for_somebody_out_of_scope_stays_theirs(scoped, restored: bool) -> None:
    company, hub = scoped
    if restored:
        with hub.database.write() as connection:
            hub.restores.begin(connection, "ops", "the disk died", "")
    go(company, hub, developer(company))
    by_hand = Record("hand", AccountState.ENABLED, {"name": "by hand", "title": "consultant"})
    company.truths["crm"].accounts["0002"] = by_hand
    for rows in (developer(company), developer(company, title="经理"), developer(company, **gone(company))):
        reconcile(hub, "crm")
        assert actions(go(company, hub, rows)) == []
    assert (by_hand.state, by_hand.fields) == (AccountState.ENABLED, {"name": "by hand", "title": "consultant"})
    assert company.truths["crm"].journal == []


def test_an_account_that_the_hub_made_is_looked_after_when_its_owner_leaves_the_scope(scoped) -> None:
    company, hub = scoped
    go(company, hub, row("0002", department="销售"))
    assert actions(go(company, hub, developer(company))) == [Action.UPDATE]
    for name in ("name", "title", "department"):
        company.truths["crm"].accounts["0002"].fields[name] = "by hand"
    reconcile(hub, "crm")
    assert actions(go(company, hub, developer(company))) == [Action.UPDATE]
    assert actions(go(company, hub, developer(company, **gone(company)))) == [Action.REMOVE]


def test_who_comes_into_the_scope_and_leaves_it_by_dates_to_come_is_planned_to_the_end(scoped) -> None:
    company, hub = scoped
    go(company, hub, developer(company))
    days = [(company.clock.now() + timedelta(days=days)).date().isoformat() for days in (5, 9)]
    go(company, hub, row("0002", department="销售", effective=days[0]))
    plan = go(company, hub, developer(company, effective=days[1]))
    assert actions(plan) == [Action.PROVISION, Action.UPDATE]
