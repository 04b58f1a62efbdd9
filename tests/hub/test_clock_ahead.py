"""A clock that was ahead for a while and was set right: nobody stays in for as long as it was ahead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.errors import BatonError, RetryableError
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncRequest, plan_sync
from baton.hub.unplanned import apply_unplanned
from baton.hub.vitals.taking import take
from baton.model.account import AccountState
from tests.rig.company import row

DAY = timedelta(days=1)
LEAVER = row("0001", status="departed", last_day="2020-01-31")


class Killed(BaseException):
    """The process ends."""


def sync(company) -> None:
    with company.open() as hub:
        plan = plan_sync(hub, SyncRequest())
        apply(hub)
        settle(hub, plan.run.id)


def state_of(company, number: str = "0001") -> AccountState:
    return company.truths["crm"].accounts[number].state


def away(name, target) -> None:
    def receive(target, writes):
        raise RetryableError("away", code="unreachable")

    target.receive = receive


def set_right(company, days: int) -> None:
    company.clock.advance(timedelta(minutes=5))
    company.clock.set_wrong(-days * DAY)
    company.clock.advance(timedelta(minutes=15))
    company.prepare, company.crash_point = (lambda *_: None), (lambda _: None)


@pytest.mark.parametrize("leaver", [LEAVER, row("0001", status="departed")])
@pytest.mark.parametrize("days", [1, 30, 365])
def test_what_could_not_be_sent_under_a_wrong_clock_is_planned_anew(start, days: int, leaver: dict[str, str]) -> None:
    company, _ = start()
    company.rows = [row("0001"), row("0002")]
    sync(company)
    company.clock.set_wrong(days * DAY)
    company.rows, company.prepare = [leaver, row("0002")], away
    sync(company)
    set_right(company, days)
    for _ in range(2):
        sync(company)
        company.clock.advance(timedelta(minutes=15))
    assert state_of(company) is AccountState.REMOVED


def test_what_only_a_wrong_clock_called_due_is_not_done_before_its_day(start) -> None:
    company, _ = start()
    company.rows = [row("0001"), row("0002")]
    sync(company)
    day = (company.clock.now() + 10 * DAY).date().isoformat()
    company.clock.set_wrong(30 * DAY)
    company.rows, company.prepare = [row("0001", status="notice", last_day=day), row("0002")], away
    sync(company)
    set_right(company, 30)
    for _ in range(2):
        sync(company)
        company.clock.advance(timedelta(minutes=15))
    assert state_of(company) is AccountState.ENABLED
    company.clock.advance(11 * DAY)
    sync(company)
    assert state_of(company) is AccountState.REMOVED


def test_what_a_worker_had_in_hand_that_was_killed_under_a_wrong_clock_is_taken_over(start) -> None:
    company, _ = start()
    company.rows = [row("0001"), row("0002", manager="0001")]
    sync(company)
    company.clock.set_wrong(30 * DAY)
    company.rows = [LEAVER, row("0002"), row("0003")]

    def die(where: str) -> None:
        if where == "sending":
            raise Killed

    company.crash_point = die
    with company.open() as hub:
        plan_sync(hub, SyncRequest())
        with pytest.raises(Killed):
            apply(hub)
    set_right(company, 30)
    for _ in range(4):
        sync(company)
        company.clock.advance(timedelta(minutes=15))
    assert [state_of(company), state_of(company, "0003")] == [AccountState.REMOVED, AccountState.ENABLED]


def test_what_waits_for_a_plan_since_a_clock_was_ahead_is_told_as_due(start) -> None:
    company, _ = start()
    company.rows = [row("0001"), row("0002")]
    sync(company)
    company.clock.set_wrong(30 * DAY)
    company.rows, company.prepare = [LEAVER, row("0002")], away
    sync(company)
    set_right(company, 30)
    company.rows = []
    with company.open() as hub:
        for _ in range(2):
            with pytest.raises(BatonError) as refused:
                plan_sync(hub, SyncRequest())
            apply_unplanned(hub, refused.value, lambda done, hub=hub: apply(hub, progress=done))
            company.clock.advance(DAY)
        figures = {each.measure: each.value for each in take(hub) if each.labels.get("system") == "crm"}
    assert figures["due_count"] == 1
    assert figures["due_oldest_s"] == 2 * DAY.total_seconds()
