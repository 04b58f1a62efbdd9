"""What was planned in a system that goes out of use: it is given up, and planned again once the system is back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from baton.hub.keeping import erasing
from baton.hub.sync import SyncPlan
from baton.model.account import AccountState
from baton.settings import HubSettings
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.hub.conftest import Start
from tests.hub.test_overtaken import went
from tests.rig.company import numbers, row
from tests.rig.targets import KeyTarget

DAY = timedelta(days=1)


def without(settings: HubSettings) -> HubSettings:
    return replace(settings, systems={name: each for name, each in settings.systems.items() if name != "erp"})


def switched_off(settings: HubSettings) -> HubSettings:
    off = replace(settings.systems["erp"], enabled=False)
    return replace(settings, systems={**settings.systems, "erp": off})


class TwoSystems:
    """A hundred people with accounts in the CRM and in an ERP that goes out of use."""

    def __init__(self, start: Start) -> None:
        self.company, self.hub = start({"crm": KeyTarget, "erp": KeyTarget})
        self.staff = {number: row(number) for number in numbers(1, 100)}
        self.go()

    def go(self) -> SyncPlan:
        return went(self.company, self.hub, *self.staff.values())

    def leave(self, numbers_: range, days: int) -> None:
        day = (self.company.clock.now() + days * DAY).date().isoformat()
        self.staff |= {f"{n:04d}": row(f"{n:04d}", status="notice", last_day=day) for n in numbers_}

    def days(self, count: int) -> None:
        self.company.clock.advance(count * DAY)

    def open(self, settings: HubSettings) -> None:
        self.hub.close()
        self.hub = self.company.open_with(settings)
        if "erp" not in settings.enabled:
            self.hub.__dict__["mappings"] = {n: m for n, m in self.company.mappings.items() if n != "erp"}

    def waiting(self) -> int:
        with self.hub.database.read() as connection:
            theirs = (effects.c.system == "erp", effects.c.state.in_(["planned", "held"]))
            return connection.execute(sa.select(sa.func.count()).where(*theirs)).scalar_one()


@pytest.fixture
def two(start: Start) -> Iterator[TwoSystems]:
    found = TwoSystems(start)
    yield found
    found.hub.close()


OUT_OF_USE = pytest.mark.parametrize("out_of_use", [without, switched_off])


@OUT_OF_USE
def test_what_was_planned_in_a_system_out_of_use_does_not_hold_the_runs_after_it(
    two: TwoSystems, out_of_use: Callable[[HubSettings], HubSettings]
) -> None:
    for n in range(1, 12):
        two.leave(range(n, n + 1), 30)
        two.days(1)
        assert two.go().run.state is RunState.READY
    two.open(out_of_use(two.company.settings()))
    two.days(60)
    two.go()
    assert two.waiting() == 0
    two.days(30)
    two.leave(range(20, 21), -1)
    assert two.go().run.state is RunState.READY
    assert two.company.truths["crm"].accounts["0020"].state is AccountState.REMOVED


@OUT_OF_USE
def test_a_departed_person_can_be_erased_although_a_system_out_of_use_was_never_told(
    two: TwoSystems, out_of_use: Callable[[HubSettings], HubSettings]
) -> None:
    two.leave(range(1, 2), 3)
    two.go()
    two.open(out_of_use(two.company.settings()))
    two.days(6)
    two.staff["0001"]["status"] = "departed"
    two.go()
    two.days(1)
    erasing.ask(two.hub, "0001", "ops-zhao", "asked for it by letter")
    assert erasing.decide(two.hub, "0001", "director-sun").elsewhere == ["erp"]


@OUT_OF_USE
def test_a_system_that_comes_back_is_told_who_has_left_meanwhile(
    two: TwoSystems, out_of_use: Callable[[HubSettings], HubSettings]
) -> None:
    two.leave(range(1, 3), 3)
    two.go()
    two.open(out_of_use(two.company.settings()))
    two.go()
    two.days(6)
    two.go()
    two.open(two.company.settings())
    two.go()
    erp = two.company.truths["erp"].accounts
    assert [erp[number].state for number in ("0001", "0002", "0003")] == [
        AccountState.REMOVED,
        AccountState.REMOVED,
        AccountState.ENABLED,
    ]


@OUT_OF_USE
def test_a_held_run_with_a_system_out_of_use_is_planned_anew_without_it(
    two: TwoSystems, out_of_use: Callable[[HubSettings], HubSettings]
) -> None:
    two.leave(range(1, 30), 3)
    held = two.go().run
    assert (held.state, two.waiting()) == (RunState.HELD, 29)
    two.open(out_of_use(two.company.settings()))
    anew = two.go()
    assert (anew.run.state, two.waiting()) == (RunState.HELD, 0)
    assert {draft.intention.system for draft in anew.drafted} == {"crm"}
