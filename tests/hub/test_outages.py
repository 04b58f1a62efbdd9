"""A system that is away for days: what waits for it is written once it is back, and nobody is asked again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.errors import HaltError, RetryableError
from baton.hub import decisions
from baton.hub.execution import apply
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.store.runs import RunState
from tests.hub.conftest import Start
from tests.rig.company import row

HOUR = timedelta(hours=1)
TOO_OFTEN = 45
"""More tries than an effect has of its own."""
GONE = {"status": "departed", "last_day": "2026-11-20"}


class Outage:
    """What every call of a system meets while it lasts."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error

    def begin(self, _name: str, target: object) -> None:
        if self.error is not None:
            target.receive = self._raise  # type: ignore[attr-defined]

    def _raise(self, *_: object) -> None:
        assert self.error is not None
        raise self.error


def test_a_leaver_is_out_within_the_hour_that_a_system_is_back(start: Start) -> None:
    company, hub = start()
    company.rows = [row("0001"), row("0002")]
    plan_sync(hub, SyncRequest())
    apply(hub)
    company.rows = [row("0001", **GONE), row("0002")]
    outage = Outage(RetryableError("the CRM cannot be reached", code="unreachable"))
    company.prepare = outage.begin
    for _ in range(TOO_OFTEN):
        with company.open() as later:
            plan_sync(later, SyncRequest())
            assert any(report.halted for report in apply(later))
        company.clock.advance(HOUR)
    outage.error = None
    with company.open() as later:
        plan_sync(later, SyncRequest())
        apply(later)
    assert company.truths["crm"].accounts["0001"].state is not AccountState.ENABLED


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_departures_that_somebody_has_released_are_not_held_again_after_an_outage(start: Start) -> None:
    company, hub = start()
    numbers = [f"{number:04d}" for number in range(1, 31)]
    company.rows = [row(number) for number in numbers]
    plan_sync(hub, SyncRequest())
    apply(hub)
    company.rows = [row(number, **(GONE if number <= "0020" else {})) for number in numbers]
    held = plan_sync(hub, SyncRequest()).run
    assert held.state is RunState.HELD
    decisions.release(hub, held.id, "wang.wu", "HR-2031 closes the branch")
    outage = Outage(HaltError("the password has expired", code="login"))
    company.prepare = outage.begin
    for _ in range(TOO_OFTEN):
        with company.open() as later:
            apply(later)
        company.clock.advance(HOUR)
    outage.error = None
    with company.open() as later:
        assert plan_sync(later, SyncRequest()).run.state is RunState.READY
        apply(later)
    left = {number for number in numbers if company.truths["crm"].accounts[number].state is not AccountState.ENABLED}
    assert left == set(numbers[:20])
