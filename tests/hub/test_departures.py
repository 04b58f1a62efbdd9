"""Departures that meet trouble: they are carried out all the same, and a retracted one is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from baton.hub.execution import Settled, apply, settle
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.model.account import AccountState, Action, Receipt
from tests.rig.company import row

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


def go(company, hub, *rows: dict[str, str]) -> tuple[SyncPlan, Settled]:
    company.rows = list(rows)
    plan = plan_sync(hub, SyncRequest())
    apply(hub)
    return plan, settle(hub, plan.run.id)


def on(company, days: int) -> str:
    """The day so many days from now."""
    return (company.clock.now() + days * DAY).date().isoformat()


def actions(plan: SyncPlan) -> list[Action]:
    return [draft.intention.action for draft in plan.drafted]


def state_of(company, number: str = "0001") -> AccountState:
    return company.truths["crm"].accounts[number].state


def refusing(refused: Sequence[Action]):
    """A target that refuses these actions as long as they are in the list."""

    def receive(target, writes):
        return [Receipt.refused("busy", "not now") if w.action in refused else target.act(w) for w in writes]

    return lambda _name, target: setattr(target, "receive", receive)


def test_a_refused_disabling_is_tried_again_though_the_same_plan_has_a_removal_to_come(start) -> None:
    refused: list[Action] = []
    company, hub = start(prepare=refusing(refused))
    go(company, hub, row("0001"))
    gone = row("0001", status="departed", last_day=on(company, -1), contract_end=on(company, 30))
    refused.append(Action.DISABLE)
    _, settled = go(company, hub, gone)
    assert settled.settlement.counts["outstanding"] == 1
    refused.clear()
    assert [drift.kind for drift in reconcile(hub, "crm").drifts] == ["refused"]
    plan, settled = go(company, hub, gone)
    assert actions(plan) == [Action.DISABLE, Action.REMOVE]
    assert (state_of(company), settled.settlement.counts["outstanding"]) == (AccountState.DISABLED, 0)


def test_what_was_refused_before_the_same_plan_took_everything_away_is_not_missed(start) -> None:
    refused: list[Action] = []
    company, hub = start(prepare=refusing(refused))
    go(company, hub, row("0001"))
    refused.append(Action.UPDATE)
    leaver = row("0001", title="经理", status="notice", last_day=on(company, 2), contract_end=on(company, 9))
    _, settled = go(company, hub, leaver)
    assert settled.settlement.counts["outstanding"] == 1
    company.clock.advance(4 * DAY)
    apply(hub)
    assert state_of(company) is AccountState.DISABLED
    assert reconcile(hub, "crm").drifts == []
