"""The gate at work: how many may lose access without a person's yes, in a run, a day, a week, now and later."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.decisions import kill_switch, reject, release
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.rig.company import TARGET_MAPPING, row
from tests.rig.targets import KeyTarget, UpsertTarget

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PEOPLE = 100
DAY = timedelta(days=1)


class Town:
    """A hundred people of whom some leave, by number and last day."""

    def __init__(self, company, hub) -> None:
        self.company, self.hub = company, hub
        self.gone: dict[int, str] = {}
        self.titles: dict[int, str] = {}
        for name in company.targets:
            mapping = TARGET_MAPPING.replace("TARGET", f"crm/fake_{name}")
            company.write_mapping(name, mapping.replace("remove: contract_end", "remove: never"))
        hub.__dict__["mappings"] = dict(company.mappings)
        assert self.plan().state is RunState.READY

    def plan(self, *, by: str = "schedule", apply_too: bool = True) -> SyncPlan:
        self.company.rows = [self.person(number) for number in range(1, PEOPLE + 1)]
        plan = plan_sync(self.hub, SyncRequest(requested_by=by))
        if apply_too:
            apply(self.hub)
        return plan.run

    def person(self, number: int) -> dict[str, str]:
        last = self.gone.get(number)
        left = {} if last is None else {"status": "departed", "last_day": last}
        return row(f"{number:04d}", title=self.titles.get(number, "员工"), **left)

    def leave(self, first: int, last: int, day: str = "2026-11-01") -> None:
        self.gone |= dict.fromkeys(range(first, last + 1), day)

    def lost(self, system: str = "crm") -> int:
        accounts = self.company.truths[system].accounts.values()
        return sum(account.state is AccountState.DISABLED for account in accounts)


@pytest.fixture
def town(start) -> Town:
    return Town(*start())


def test_forty_per_cent_leavers_are_held_and_nobody_loses_anything(town: Town) -> None:
    town.leave(1, 40)
    town.titles[99] = "经理"
    run = town.plan()
    assert (run.state, town.lost()) == (RunState.HELD, 0)
    assert run.reasons[0] == "40 people would lose access in crm within the run; the limit is 5 of 100"
    assert town.company.truths["crm"].accounts["0099"].fields["title"] == "员工", "no part of a held plan goes through"
    assert settle(town.hub, run.id).verdict == "held"


def test_the_limit_itself_passes_and_one_more_does_not(town: Town) -> None:
    town.leave(1, 5)
    assert (town.plan().state, town.lost()) == (RunState.READY, 5)
    town.company.clock.advance(8 * DAY)
    town.leave(6, 11)
    assert (town.plan().state, town.lost()) == (RunState.HELD, 5)


def test_a_drip_over_days_is_stopped_by_the_week(town: Town) -> None:
    history = []
    for day in range(12):
        town.leave(4 * day + 1, 4 * day + 4)
        town.plan()
        history.append(town.lost())
        town.company.clock.advance(DAY)
    assert history[:5] == [4, 8, 12, 16, 20]
    assert all(later - earlier <= 20 for earlier, later in zip(history, history[7:], strict=False))


def test_a_drip_over_hours_is_stopped_by_the_day(town: Town) -> None:
    for hour in range(12):
        town.leave(2 * hour + 1, 2 * hour + 2)
        town.plan()
        town.company.clock.advance(timedelta(hours=1))
    assert town.lost() == 10


def test_who_lost_access_before_the_clock_was_set_back_counts_on(town: Town) -> None:
    town.company.clock.set_wrong(3 * DAY)
    town.leave(1, 5)
    assert (town.plan().state, town.lost()) == (RunState.READY, 5)
    town.leave(6, 10)
    assert (town.plan().state, town.lost()) == (RunState.READY, 10)
    town.company.clock.set_wrong(-3 * DAY)
    town.leave(11, 15)
    run = town.plan()
    assert (run.state, town.lost()) == (RunState.HELD, 10)
    assert run.reasons[0] == "15 people would lose access in crm within 24 hours; the limit is 10 of 90"


def test_who_lost_access_before_a_right_clock_was_set_back_counts_at_that_moment_too(town: Town) -> None:
    town.leave(1, 5)
    town.plan()
    town.leave(6, 10)
    assert (town.plan().state, town.lost()) == (RunState.READY, 10)
    at = town.company.clock.now()
    town.company.clock.set_wrong(-2 * DAY)
    town.leave(11, 15, f"{at + timedelta(hours=8):%Y-%m-%d}")
    assert town.plan().state is RunState.HELD, "within 24 hours of the ten, by the clock they left by"


def test_leavers_of_many_runs_count_together_on_the_day_they_fire(town: Town) -> None:
    states = []
    for week in range(3):
        town.leave(5 * week + 1, 5 * week + 5, "2027-01-31")
        states.append(town.plan().state)
        town.company.clock.advance(8 * DAY)
    assert states == [RunState.READY, RunState.READY, RunState.HELD]


def test_leavers_who_go_on_days_far_apart_do_not_count_together(town: Town) -> None:
    for week, day in enumerate(("2027-01-10", "2027-01-20", "2027-01-30", "2027-02-10", "2027-02-20")):
        town.leave(4 * week + 1, 4 * week + 4, day)
        assert town.plan().state is RunState.READY
    town.company.clock.advance(120 * DAY)


def test_a_plan_that_takes_nothing_away_passes_however_full_the_week_is(town: Town) -> None:
    for day in range(5):
        town.leave(4 * day + 1, 4 * day + 4)
        town.plan()
        town.company.clock.advance(timedelta(hours=25))
    town.titles |= dict.fromkeys(range(50, 100), "经理")
    assert town.plan().state is RunState.READY
    assert town.company.truths["crm"].accounts["0099"].fields["title"] == "经理"


def test_what_a_person_has_released_does_not_count_again(town: Town) -> None:
    town.leave(1, 40)
    run = town.plan()
    release(town.hub, run.id, "checker", "the branch is closed")
    apply(town.hub)
    assert town.lost() == 40
    town.leave(41, 43)
    assert (town.plan().state, town.lost()) == (RunState.READY, 43)


def test_the_population_does_not_shrink_with_the_damage(town: Town) -> None:
    town.leave(1, 40)
    for _ in range(3):
        town.plan()
        town.company.clock.advance(DAY)
    with town.hub.database.read() as connection:
        feed = town.hub.runs.approved_feed(connection, "hr")
    assert feed is not None
    assert feed.population == PEOPLE


def test_over_all_systems_a_person_counts_once(start) -> None:
    town = Town(*start({"crm": KeyTarget, "oa": UpsertTarget}))
    town.leave(1, 5)
    assert town.plan().state is RunState.READY
    assert (town.lost("crm"), town.lost("oa")) == (5, 5)


@pytest.mark.parametrize("maker", ["maker", " Maker ", "ＭＡＫＥＲ"])
def test_the_maker_cannot_release_under_another_spelling(town: Town, maker: str) -> None:
    town.leave(1, 40)
    run = town.plan(by="maker")
    for decide in (release, reject):
        with pytest.raises(ApprovalError) as caught:
            decide(town.hub, run.id, maker, "mine")
        assert caught.value.code == "maker"
    assert release(town.hub, run.id, "checker", "looked at it") == 40


@pytest.mark.parametrize(("person", "why"), [("", "why"), ("checker", " ")])
def test_a_decision_needs_a_person_and_a_reason(town: Town, person: str, why: str) -> None:
    town.leave(1, 40)
    run = town.plan()
    with pytest.raises(ApprovalError):
        release(town.hub, run.id, person, why)


def test_a_held_plan_is_decided_within_three_days(town: Town) -> None:
    town.leave(1, 40)
    run = town.plan()
    town.company.clock.advance(timedelta(hours=72, seconds=1))
    with pytest.raises(ApprovalError) as caught:
        release(town.hub, run.id, "checker", "late")
    assert caught.value.code == "expired"
    assert reject(town.hub, run.id, "checker", "plan anew") == 40


def test_a_held_run_that_somebody_has_changed_is_not_released(town: Town) -> None:
    town.leave(1, 40)
    run = town.plan()
    with town.hub.database.write() as connection:
        connection.execute(sa.update(effects).where(effects.c.number == "0001").values(action="remove"))
    with pytest.raises(ApprovalError) as caught:
        release(town.hub, run.id, "checker", "looked at it")
    assert caught.value.code == "changed"


def test_a_rejected_run_stays_rejected_until_its_people_have_news(town: Town) -> None:
    town.leave(1, 40)
    run = town.plan()
    reject(town.hub, run.id, "checker", "HR made a mistake")
    assert (town.plan().counts["effects"], town.lost()) == (0, 0)
    town.titles[1] = "顾问"
    assert (town.plan().counts["effects"], town.lost()) == (1, 1)


def test_news_about_a_held_person_plans_the_whole_held_run_anew(town: Town) -> None:
    town.leave(1, 40)
    first = town.plan()
    town.gone.pop(40)
    second = town.plan()
    assert (second.state, town.lost()) == (RunState.HELD, 0)
    assert second.reasons[0].startswith("39 people")
    with pytest.raises(ApprovalError):
        release(town.hub, first.id, "checker", "too late")
    assert release(town.hub, second.id, "checker", "looked at it") == 39


@pytest.mark.parametrize("scope", ["all", "system:crm", "action:disable"])
def test_a_kill_switch_stops_what_it_names_and_lets_it_go_on_afterwards(town: Town, scope: str) -> None:
    kill_switch(town.hub, scope, "on", "op", "drill")
    town.leave(1, 3)
    town.titles[99] = "经理"
    run = town.plan()
    assert town.lost() == 0
    title = town.company.truths["crm"].accounts["0099"].fields["title"]
    assert title == ("经理" if scope == "action:disable" else "员工")
    assert settle(town.hub, run.id).verdict == "incomplete"
    kill_switch(town.hub, scope, "off", "op", "drill over")
    apply(town.hub)
    assert town.lost() == 3
    assert settle(town.hub, run.id).verdict == "clean"


def test_a_kill_switch_says_why_and_that_a_person_is_needed(town: Town) -> None:
    kill_switch(town.hub, "system:crm", "on", "op", "vendor told us to stop")
    (report,) = apply(town.hub)
    assert (report.needs_person, "vendor told us to stop" in report.halted) == (True, True)


@pytest.mark.parametrize(("scope", "position"), [("system:nowhere", "on"), ("everything", "on"), ("all", "off")])
def test_a_switch_that_does_not_exist_or_is_not_on_is_an_error(town: Town, scope: str, position: str) -> None:
    with pytest.raises(ApprovalError):
        kill_switch(town.hub, scope, position, "op", "why")
