"""What was planned and is overtaken before it is sent: by news of its person, or because its system is not in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from baton.errors import InDoubtError, RetryableError
from baton.hub import Hub
from baton.hub.execution import apply, settle
from baton.hub.keeping import erasing
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.model.account import AccountState, Action
from baton.settings import HubSettings
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.hub.conftest import Start
from tests.rig.company import Company, numbers, row
from tests.rig.targets import AskedByKeyTarget, FakeTarget, KeyTarget

DAY = timedelta(days=1)


class Away:
    """A company whose CRM can be cut off in the middle of a call: answers are lost, and it cannot be asked."""

    def __init__(self, start: Start) -> None:
        self.cut_off = False
        self.company, self.hub = start({"crm": AskedByKeyTarget}, prepare=self._prepare)
        self.other = row("0002")

    def _prepare(self, _name: str, target: FakeTarget) -> None:
        def receive(asked: FakeTarget, writes):
            if self.cut_off:
                raise InDoubtError("the answer was lost", code="lost_answer")
            return [asked.act(write) for write in writes]

        def look(*_: object) -> None:
            if self.cut_off:
                raise RetryableError("cannot be reached", code="unreachable")

        target.receive, target.look = receive, look

    def go(self, **person: str) -> SyncPlan:
        return went(self.company, self.hub, row("0001", **person), self.other)

    def days(self, count: int) -> None:
        self.company.clock.advance(count * DAY)

    def on(self, days: int) -> str:
        return (self.company.clock.now() + days * DAY).date().isoformat()

    def leave_with_a_doubt(self, last_day: str) -> None:
        """A last day is entered together with a title, whose answer is lost."""
        self.go()
        self.cut_off = True
        plan = self.go(title="经理", status="notice", last_day=last_day)
        assert [draft.intention.action for draft in plan.drafted] == [Action.UPDATE, Action.REMOVE]

    def send(self) -> None:
        """What is due, as where HR cannot be asked: what is in doubt first, then what waits for it."""
        for _ in range(2):
            apply(self.hub)

    @property
    def state(self) -> AccountState:
        return self.company.truths["crm"].accounts["0001"].state


def went(company: Company, hub: Hub, *rows: dict[str, str]) -> SyncPlan:
    company.rows = list(rows)
    plan = plan_sync(hub, SyncRequest())
    apply(hub)
    settle(hub, plan.run.id)
    return plan


@pytest.fixture
def away(start: Start) -> Away:
    return Away(start)


def test_a_retracted_departure_is_not_carried_out_when_the_doubt_ends(away: Away) -> None:
    away.leave_with_a_doubt(away.on(2))
    away.days(1)
    assert away.go(title="经理").run.counts["waiting"] == 1
    away.days(2)
    away.cut_off = False
    away.go(title="经理")
    assert away.state is AccountState.ENABLED
    away.go(title="经理")
    assert away.go(title="经理").run.counts["effects"] == 0


def test_a_departure_that_still_stands_after_the_news_is_planned_again_and_carried_out(away: Away) -> None:
    last_day = away.on(2)
    away.leave_with_a_doubt(last_day)
    away.days(1)
    away.go(title="主管", status="notice", last_day=last_day)
    away.days(3)
    away.cut_off = False
    for _ in range(2):
        away.go(title="主管", status="notice", last_day=last_day)
    assert away.state is AccountState.REMOVED


@pytest.mark.parametrize("title", ["经理", "主管"], ids=["without news", "with a title as news"])
def test_a_departure_that_still_stands_is_carried_out_though_nothing_can_be_planned_any_more(
    away: Away, title: str
) -> None:
    last_day = away.on(2)
    away.leave_with_a_doubt(last_day)
    away.days(1)
    away.go(title=title, status="notice", last_day=last_day)
    away.days(3)
    away.cut_off = False
    away.send()
    assert away.state is AccountState.REMOVED


def test_a_departure_that_was_put_off_is_not_carried_out_on_its_former_day(away: Away) -> None:
    away.leave_with_a_doubt(away.on(2))
    away.days(1)
    last_day = away.on(8)
    away.go(title="经理", status="notice", last_day=last_day)
    away.days(3)
    away.cut_off = False
    away.send()
    assert away.state is AccountState.ENABLED
    away.go(title="经理", status="notice", last_day=last_day)
    away.days(6)
    away.send()
    assert away.state is AccountState.REMOVED


def test_of_a_disabling_and_a_removal_what_still_stands_stays(away: Away) -> None:
    away.go()
    away.cut_off = True
    last_day = away.on(2)
    away.go(title="经理", status="notice", last_day=last_day, contract_end=away.on(4))
    away.days(1)
    away.go(title="经理", status="notice", last_day=last_day, contract_end=away.on(20))
    away.days(5)
    away.cut_off = False
    away.send()
    assert away.state is AccountState.DISABLED


def test_who_is_hired_again_before_the_doubt_ends_stays_in(away: Away) -> None:
    last_day = away.on(2)
    away.leave_with_a_doubt(last_day)
    back = away.on(3)
    away.days(1)
    away.go(title="经理", status="rehired", hired=back, effective=back)
    away.days(3)
    away.go(title="经理", status="rehired", hired=back, effective=back)
    away.cut_off = False
    away.send()
    assert away.state is AccountState.ENABLED


def test_without_news_what_is_scheduled_goes_as_soon_as_the_doubt_ends(away: Away) -> None:
    last_day = away.on(2)
    away.leave_with_a_doubt(last_day)
    away.days(4)
    away.cut_off = False
    away.go(title="经理", status="notice", last_day=last_day)
    assert away.state is AccountState.REMOVED


def test_who_comes_onto_the_protected_list_meanwhile_keeps_the_account(away: Away) -> None:
    last_day = away.on(2)
    away.leave_with_a_doubt(last_day)
    away.company.protected = ("0001",)
    leaver = row("0001", title="经理", status="notice", last_day=last_day)
    with away.company.open() as hub:
        went(away.company, hub, leaver, away.other)
        away.days(4)
        away.cut_off = False
        for _ in range(2):
            went(away.company, hub, leaver, away.other)
    assert away.state is AccountState.ENABLED


@pytest.mark.parametrize("doubt", [Action.PROVISION, Action.ENABLE])
def test_who_comes_onto_the_protected_list_keeps_an_account_that_is_only_about_to_be_opened(
    away: Away, doubt: Action
) -> None:
    if doubt is Action.ENABLE:
        away.go()
        away.go(status="departed", last_day=away.on(-1), contract_end=away.on(90))
    away.cut_off = True
    last_day = away.on(2)
    leaver = row("0001", status="notice", last_day=last_day, contract_end=away.on(90))
    plan = went(away.company, away.hub, leaver, away.other)
    theirs = [draft.intention.action for draft in plan.drafted if draft.intention.number == "0001"]
    assert theirs == [doubt, Action.DISABLE, Action.REMOVE]
    away.company.protected = ("0001",)
    with away.company.open() as hub:
        went(away.company, hub, leaver, away.other)
        away.days(4)
        away.cut_off = False
        for _ in range(4):
            went(away.company, hub, leaver, away.other)
    assert away.state is AccountState.ENABLED


def test_who_was_on_the_protected_list_for_a_moment_only_leaves_all_the_same(away: Away) -> None:
    last_day = away.on(2)
    away.leave_with_a_doubt(last_day)
    leaver = row("0001", title="经理", status="notice", last_day=last_day)
    away.company.protected = ("0001",)
    with away.company.open() as hub:
        went(away.company, hub, leaver, away.other)
    away.company.protected = ()
    with away.company.open() as hub:
        away.days(4)
        away.cut_off = False
        for _ in range(2):
            went(away.company, hub, leaver, away.other)
    assert away.state is AccountState.REMOVED


def test_the_write_in_doubt_itself_stays(away: Away) -> None:
    away.leave_with_a_doubt(away.on(2))
    away.go(title="主管")
    with away.hub.database.read() as connection:
        of_person = sa.select(effects.c.action, effects.c.state).where(effects.c.number == "0001")
        found = [tuple(each) for each in connection.execute(of_person.order_by(effects.c.id))]
    assert found == [("provision", "done"), ("update", "in_doubt"), ("remove", "superseded")]


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
