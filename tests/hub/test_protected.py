"""People whose accounts are never disabled or removed: whatever HR says, and as soon as they are on the list."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.errors import ApprovalError, BatonError
from baton.hub.decisions import release
from baton.hub.execution import apply, settle
from baton.hub.protecting import examine_protected
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.hub.unplanned import apply_unplanned
from baton.model.account import AccountState, Action, Receipt
from tests.rig.company import row

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


def go(company, hub, *rows: dict[str, str]) -> SyncPlan:
    company.rows = list(rows)
    plan = plan_sync(hub, SyncRequest())
    apply(hub)
    assert settle(hub, plan.run.id).verdict == "clean"
    return plan


def protecting(company, *numbers: str):
    """The hub after the list was changed."""
    company.protected = numbers
    return company.open()


def on(company, days: int) -> str:
    return (company.clock.now() + days * DAY).date().isoformat()


def actions(plan: SyncPlan) -> list[Action]:
    return [draft.intention.action for draft in plan.drafted]


def state_of(company) -> AccountState:
    return company.truths["crm"].accounts["0001"].state


def test_who_is_called_pending_keeps_the_account(start) -> None:
    company, hub = start(protected=("0001",))
    go(company, hub, row("0001"))
    hired = {"hired": on(company, 30)}
    assert actions(go(company, hub, row("0001", status="pending", **hired))) == []
    assert state_of(company) is AccountState.ENABLED


def test_who_comes_onto_the_list_keeps_the_account_although_a_departure_is_scheduled(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    leaver = row("0001", status="notice", last_day=on(company, 2))
    assert actions(go(company, hub, leaver)) == [Action.REMOVE]
    with protecting(company, "0001") as hub:
        go(company, hub, leaver)
        company.clock.advance(4 * DAY)
        go(company, hub, leaver)
    assert state_of(company) is AccountState.ENABLED


def test_who_comes_onto_the_list_keeps_the_account_although_nothing_can_be_planned(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    leaver = row("0001", status="notice", last_day=on(company, 2))
    go(company, hub, leaver)
    with protecting(company, "0001") as hub:
        company.clock.advance(4 * DAY)
        company.rows = []
        with pytest.raises(BatonError) as refused:
            plan_sync(hub, SyncRequest())
        apply_unplanned(hub, refused.value, lambda done: apply(hub, progress=done))
        assert state_of(company) is AccountState.ENABLED
        go(company, hub, {**leaver, "title": "主管"})
        assert company.truths["crm"].accounts["0001"].fields["title"] == "主管", "the rest of the account goes on"
    with protecting(company) as hub:
        go(company, hub, leaver)
    assert state_of(company) is AccountState.REMOVED, "taken off the list, what HR says is planned anew"


def test_a_write_in_doubt_that_did_not_arrive_is_not_sent_again_to_who_is_on_the_list_by_now(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    leaver = row("0001", status="departed", last_day=on(company, -2))

    def prepare(name, target):
        target.receive = lambda writes: [Receipt.in_doubt("timeout", "no answer") for _ in writes]

    company.rows, company.prepare = [leaver], prepare
    with company.open() as hub:
        plan_sync(hub, SyncRequest())
        apply(hub)
    company.prepare = lambda name, target: None
    with protecting(company, "0001") as hub:
        for minutes in (1, 9, 20, 90):
            company.clock.advance(timedelta(minutes=minutes))
            plan_sync(hub, SyncRequest())
            apply(hub)
            assert state_of(company) is AccountState.ENABLED
        go(company, hub, {**leaver, "title": "主管"})
        assert company.truths["crm"].accounts["0001"].fields["title"] == "主管", "it stands in nobody's way"


def test_a_held_run_that_would_take_from_who_is_on_the_list_by_now_is_not_released(start) -> None:
    company, hub = start()
    people = [f"{n:04d}" for n in range(1, 31)]
    go(company, hub, *map(row, people))
    company.rows = [row(n, status="departed", last_day=on(company, -2)) if n <= "0020" else row(n) for n in people]
    plan = plan_sync(hub, SyncRequest())
    assert plan.run.state == "held"
    with protecting(company, "0001") as hub:
        with pytest.raises(ApprovalError, match="0001") as refused:
            release(hub, plan.run.id, "wang.wu", "the branch closes")
        assert (refused.value.code, "baton run sync" in refused.value.remedy) == ("protected", True)
        anew = plan_sync(hub, SyncRequest())
        assert release(hub, anew.run.id, "wang.wu", "the branch closes") == 19
        apply(hub)
    left = [number for number, each in company.truths["crm"].accounts.items() if each.state is AccountState.ENABLED]
    assert sorted(left) == ["0001", *people[20:]]


def test_who_is_taken_off_the_list_after_leaving_loses_the_account(start) -> None:
    company, hub = start(protected=("0001",))
    go(company, hub, row("0001"))
    leaver = row("0001", status="departed", last_day=on(company, -2))
    assert [actions(go(company, hub, leaver)) for _ in range(2)] == [[], []]
    with protecting(company) as hub:
        assert [actions(go(company, hub, leaver)) for _ in range(2)] == [[Action.REMOVE], []]
    assert state_of(company) is AccountState.REMOVED


def test_who_comes_onto_the_list_after_losing_the_account_does_not_get_it_back_by_that(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    leaver = row("0001", status="departed", last_day=on(company, -2), contract_end=on(company, 9))
    assert actions(go(company, hub, leaver)) == [Action.DISABLE, Action.REMOVE]
    with protecting(company, "0001") as hub:
        assert actions(go(company, hub, leaver)) == []
        company.clock.advance(14 * DAY)
        go(company, hub, leaver)
    assert state_of(company) is AccountState.DISABLED


def test_a_number_on_the_list_that_nobody_has_is_told_by_the_run_and_named_by_doctor(start) -> None:
    company, hub = start(protected=("0001", "12", "0003 "))
    assert [found.ok for found in examine_protected(hub)] == [True], "before the first sync nobody is known"
    plan = go(company, hub, row("0001"), row("0012"), row("0003"))
    (note,) = plan.notes
    assert note.startswith("2 numbers in hub.protected are nobody's")
    (found,) = examine_protected(hub)
    assert (found.what, found.ok) == ("hub.protected", False)
    assert "'12', '0003 '" in found.detail
    with protecting(company, "0001", "12") as hub:
        (note,) = go(company, hub, row("0001"), row("0012"), row("0003")).notes
    assert note == "1 number in hub.protected is nobody's, and protects no account: see baton doctor"
    with protecting(company, "0001", "0012") as hub:
        assert go(company, hub, row("0001"), row("0012"), row("0003")).notes == []
        assert [found.ok for found in examine_protected(hub)] == [True]
    with protecting(company) as hub:
        assert list(examine_protected(hub)) == []


def test_before_everybody_was_looked_at_nobody_on_the_list_is_called_nobody(start) -> None:
    company, hub = start(protected=("0002",))
    company.rows = [row("0001"), row("0002")]
    assert plan_sync(hub, SyncRequest(employees=("0001",))).notes == []
    assert [found.ok for found in examine_protected(hub)] == [True]
    with protecting(company, "0002", "2") as hub:
        (note,) = go(company, hub, row("0001"), row("0002")).notes
        assert note.startswith("1 number in hub.protected is nobody's"), "the first run for all tells it at once"
        assert [found.ok for found in examine_protected(hub)] == [False]
