"""What was planned and is overtaken before it is sent by news of its person, while a write of theirs is in doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from baton.errors import InDoubtError, RetryableError
from baton.hub import Hub
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.model.account import AccountState, Action
from baton.settings_shape import GatePart, WindowLimit
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.hub.conftest import Start
from tests.rig.company import Company, row
from tests.rig.targets import AskedByKeyTarget, FakeTarget

DAY = timedelta(days=1)
NOBODY = GatePart(run=WindowLimit(share=Decimal(0), at_least=0, at_most=0))
"""A gate that lets nobody lose anything."""


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
    def planned(self) -> list[str]:
        """What waits to be sent of the one who leaves, beside what is in doubt."""
        waits = (effects.c.number == "0001", effects.c.state == "planned", sa.not_(effects.c.doubted))
        with self.hub.database.read() as connection:
            return list(connection.execute(sa.select(effects.c.action).where(*waits)).scalars())

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


def test_who_leaves_as_said_is_out_on_the_day_though_the_removal_was_put_off(away: Away) -> None:
    last_day = away.on(2)
    away.leave_with_a_doubt(last_day)
    away.days(1)
    for title in ("经理", "主管"):
        away.go(title=title, status="notice", last_day=last_day, contract_end=away.on(20))
    assert away.planned == ["disable"]
    away.days(3)
    away.cut_off = False
    away.send()
    assert away.state is AccountState.DISABLED
    away.go(title="主管", status="notice", last_day=last_day, contract_end=away.on(17))
    away.days(30)
    away.send()
    assert away.state is AccountState.REMOVED


def test_a_disabling_in_place_of_a_removal_is_withdrawn_when_the_departure_is_retracted(away: Away) -> None:
    last_day = away.on(2)
    away.leave_with_a_doubt(last_day)
    away.go(title="经理", status="notice", last_day=last_day, contract_end=away.on(20))
    assert away.planned == ["disable"]
    away.go(title="经理")
    assert away.planned == []
    away.days(3)
    away.cut_off = False
    away.send()
    assert away.state is AccountState.ENABLED


def test_where_a_disabling_stands_none_is_put_in_place_of_a_removal_that_was_put_off(away: Away) -> None:
    away.go()
    away.cut_off = True
    last_day = away.on(2)
    away.go(title="经理", status="notice", last_day=last_day, contract_end=away.on(4))
    away.go(title="经理", status="notice", last_day=last_day, contract_end=away.on(20))
    assert away.planned == ["disable"]


def test_a_disabling_in_place_of_a_removal_is_not_held_with_the_run_that_found_it(away: Away) -> None:
    last_day = away.on(2)
    away.leave_with_a_doubt(last_day)
    away.company.rows = [
        row("0001", title="经理", status="notice", last_day=last_day, contract_end=away.on(20)),
        *(row(f"{n:04d}", status="departed", last_day=away.on(-1)) for n in range(2, 3)),
    ]
    with away.company.open_with(replace(away.company.settings(), gate=NOBODY)) as hub:
        assert plan_sync(hub, SyncRequest()).run.state is RunState.HELD
    away.days(3)
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
