"""What PostgreSQL lets happen at once: nobody waits for somebody who waits for them."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from baton.audit.log import AuditLog
from baton.audit.merkle import Frontier
from baton.audit.verify import Verdict
from baton.hub import proof
from baton.hub.execution import Settled, apply, settle
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.store.links import LinkStore
from baton.store.trail import Entry, append
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


def test_what_a_read_back_disproves_beside_a_planning_is_planned_by_the_next(
    start, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, hub = start()
    company.rows = [row("0001")]
    written = plan_sync(hub, SyncRequest()).run
    apply(hub)
    company.truths["crm"].accounts["0001"].fields["title"] = "changed there"
    company.rows = [row("0001", mobile="13800000001")]
    disproved = threading.Event()
    save_plan, disprove = LinkStore.save_plan, LinkStore.disprove

    def told(*given: object) -> None:
        disprove(*given)
        disproved.set()

    with ThreadPoolExecutor(1) as other:

        def saved_after(*given: object) -> None:
            settled.append(other.submit(settle, hub, written.id))
            disproved.wait(1)
            save_plan(*given)

        settled: list[Future[Settled]] = []
        monkeypatch.setattr(LinkStore, "disprove", told)
        monkeypatch.setattr(LinkStore, "save_plan", saved_after)
        plan_sync(hub, SyncRequest())
        monkeypatch.setattr(LinkStore, "save_plan", save_plan)
        assert [d.number for each in settled for d in each.result().settlement.differences] == ["0001"]
    plan_sync(hub, SyncRequest())
    apply(hub)
    assert company.truths["crm"].accounts["0001"].fields["title"] == "员工"


def test_a_log_that_grows_while_it_is_verified_was_not_tampered_with(start, monkeypatch: pytest.MonkeyPatch) -> None:
    company, hub = start()
    company.rows = [row("0001")]
    plan_sync(hub, SyncRequest())
    proof.checkpoint(hub)
    head = AuditLog.head

    def grown(log: AuditLog, connection: sa.Connection) -> Frontier:
        with hub.database.write() as other:
            append(other, [Entry(hub.clock.now(), "test", {})])
        return head(log, connection)

    monkeypatch.setattr(AuditLog, "head", grown)
    report = proof.verify(hub)
    assert (report.verdict, report.findings) == (Verdict.PROVEN, ())
