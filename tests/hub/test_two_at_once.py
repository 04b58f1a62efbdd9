"""What PostgreSQL lets happen at once: nobody waits for somebody who waits for them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from baton.hub.execution import apply
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.store.links import LinkStore
from tests.rig.company import row

pytestmark = [
    pytest.mark.server,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


def test_a_comparison_and_a_planning_of_the_same_person_do_not_wait_for_each_other(
    start, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, hub = start()
    company.rows = [row("0001")]
    plan_sync(hub, SyncRequest())
    apply(hub)
    company.truths["crm"].accounts["0001"].fields["title"] = "changed there"
    company.rows = [row("0001", title="经理")]
    holding, planned = threading.Event(), threading.Event()
    locked, save_plan = LinkStore.locked, LinkStore.save_plan

    def locked_first(*given: object) -> object:
        found = locked(*given)
        holding.set()
        planned.wait(1)
        return found

    def saved_then(*given: object) -> None:
        planned.set()
        save_plan(*given)

    monkeypatch.setattr(LinkStore, "locked", locked_first)
    monkeypatch.setattr(LinkStore, "save_plan", saved_then)
    with ThreadPoolExecutor(1) as other:
        compared = other.submit(reconcile, hub, "crm")
        holding.wait(5)
        run = plan_sync(hub, SyncRequest()).run
        assert [drift.kind for drift in compared.result().drifts] == ["fields"]
    assert run.counts["effects"] == 1
