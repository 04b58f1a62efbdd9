"""What the gate holds, or a person has rejected, takes nobody's rights either; released, it goes on by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from baton.errors import BatonError
from baton.hub import decisions, execution
from baton.hub.offboarding import casework, hourly
from baton.hub.offboarding.following_hr import follow_hr
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.model.case import Act, Case, CaseState, Cause
from baton.store.runs import RunState
from tests.hub.offboarding.conftest import HR, MANAGER, Desk, staffed
from tests.rig.belongings import KeeperTarget
from tests.rig.company import row

Make = Callable[..., "Town"]
CREW = [f"{n:04d}" for n in range(10, 70)]
GONE = CREW[:40]
ONE = CREW[0]
DAY_S = 86_400.0
HOUR_S = 3600.0


class Town(Desk):
    """Sixty people more, each with two rights and a session."""

    def settle_in(self) -> None:
        self.company.rows += [self.person(number) for number in CREW]
        self.sync()
        for number in CREW:
            self.things.grants[self.id_of(number)] = {"sales", "export"}
            self.things.sessions.add(self.id_of(number))

    def person(self, number: str, **said: str) -> dict[str, str]:
        return row(number, department="销售部", manager=MANAGER, **said)

    def hr_says(self, numbers: Sequence[str], **said: str) -> SyncPlan:
        asked = set(numbers)
        self.company.rows = [
            self.person(each["number"], **said) if each["number"] in asked else each for each in self.company.rows
        ]
        return self.sync()

    def sync(self) -> SyncPlan:
        plan = plan_sync(self.hub, SyncRequest())
        execution.apply(self.hub)
        return plan

    def hour(self) -> hourly.Hour:
        self.company.clock.sleep(HOUR_S)
        return self.tick()

    def kept(self, numbers: Sequence[str] = GONE) -> int:
        """How many of these people have everything: account, rights and session."""
        accounts = self.company.truths["crm"].accounts
        return sum(
            accounts[number].state is AccountState.ENABLED
            and len(self.things.grants[self.id_of(number)]) == 2
            and self.id_of(number) in self.things.sessions
            for number in numbers
        )

    def cases(self, number: str = ONE) -> list[Case]:
        with self.hub.database.read() as connection:
            return self.hub.cases.of_person(connection, number)


@pytest.fixture
def town(start) -> Make:
    def make() -> Town:
        d = staffed(*start({"crm": KeeperTarget}))
        made = Town(d.company, d.hub)
        made.settle_in()
        return made

    return make


def slip(d: Town, **said: str) -> str:
    """Two thirds of the company leave by HR's export; the run that holds it."""
    plan = d.hr_says(GONE, **{"status": "departed", "last_day": "2026-11-20", **said})
    assert plan.run.state is RunState.HELD
    return plan.run.id


@pytest.mark.parametrize(
    "said",
    [{}, {"last_day": ""}, {"status": "notice"}, {"status": "notice", "last_day": "2026-11-29"}],
    ids=["departed", "departed without a day", "notice, over", "notice, to come"],
)
def test_a_slip_that_the_gate_holds_takes_nothing_from_anybody(town: Make, said: dict[str, str]) -> None:
    d = town()
    before = list(d.company.rows)
    run = slip(d, **said)
    for _ in range(3):
        d.sync()
        hour = d.hour()
        assert (hour.opened, hour.moved, hour.log_outs, d.kept()) == ([], 0, 0, 40)
        assert hour.waiting.held == {run: GONE}
        assert hour.waiting.rejected == []
        assert list(hour.troubles) == [run]
        assert "40 who leave" in hour.troubles[run]
        assert f"baton release {run} or baton reject {run}" in hour.troubles[run]
    decisions.reject(d.hub, run, "boss", "the export is wrong")
    for _ in range(3):
        d.sync()
        hour = d.hour()
        assert (hour.opened, hour.troubles, hour.waiting.held, hour.waiting.rejected) == ([], {}, {}, GONE)
    assert d.kept() == 40
    d.company.rows = before
    d.sync()
    hour = d.hour()
    assert (hour.opened, hour.troubles, hour.waiting.rejected, d.kept(), d.cases()) == ([], {}, [], 40, [])


def test_what_is_released_goes_on_at_the_next_hour_by_itself(town: Make) -> None:
    d = town()
    run = slip(d)
    d.hour()
    decisions.release(d.hub, run, "boss", "the branch is closed")
    execution.apply(d.hub)
    hour = d.hour()
    assert (len(hour.opened), hour.troubles, hour.waiting.held, d.kept()) == (40, {}, {}, 0)
    assert not any(d.things.grants[d.id_of(number)] for number in GONE)


def test_a_held_run_that_grew_too_old_is_held_anew_and_nothing_slips_through_between(town: Make) -> None:
    d = town()
    run = slip(d)
    d.company.clock.sleep(73 * HOUR_S)
    assert d.tick().waiting.held == {run: GONE}, "it can no longer be released, and no run has replaced it"
    again = d.sync().run
    assert (again.state, again.id == run) == (RunState.HELD, False)
    hour = d.hour()
    assert (hour.opened, hour.waiting.held, d.kept()) == ([], {again.id: GONE}, 40)


def test_who_really_leaves_waits_with_the_others_and_goes_by_hand_or_as_an_emergency(town: Make) -> None:
    d = town()
    run = slip(d)
    assert d.hour().waiting.held == {run: GONE}
    casework.open_case(d.hub, casework.Opening(ONE, Cause.BY_HAND, HR))
    casework.open_case(d.hub, casework.Opening(CREW[1], Cause.EMERGENCY, HR))
    hour = d.hour()
    assert hour.waiting.held == {run: GONE[2:]}
    assert not any(d.things.grants[d.id_of(number)] for number in GONE[:2])
    assert d.kept() == 38
    d.sync()
    assert d.kept() == 38


@pytest.mark.parametrize("decision", ["reject", "neither"])
def test_an_account_that_stands_after_the_last_day_of_a_case_by_hand_is_named_until_it_is_an_emergency(
    town: Make, decision: str
) -> None:
    d = town()
    run = slip(d)
    if decision == "reject":
        decisions.reject(d.hub, run, "boss", "the export is wrong")
    soon = d.hub.clock.now() + timedelta(minutes=90)
    case = casework.open_case(d.hub, casework.Opening(ONE, Cause.BY_HAND, HR, last_working_at=soon))
    what = f"{case.id} account"
    assert what not in d.hour().troubles
    d.sync()
    why = d.hour().troubles[what]
    assert d.company.truths["crm"].accounts[ONE].state is AccountState.ENABLED
    assert (f"is held by {run}" if decision == "neither" else "was rejected") in why
    assert f"{ONE} is over, and the account in crm stands" in why
    assert f"baton offboard open {ONE} --cause emergency" in why
    casework.open_case(d.hub, casework.Opening(ONE, Cause.EMERGENCY, HR))
    run = d.sync().run.id
    if decision == "neither":
        assert f"its closing is held with others by {run}" in d.hour().troubles[what]
        decisions.reject(d.hub, run, "boss", "the export is wrong")
        d.sync()
    assert what not in d.hour().troubles
    assert d.company.truths["crm"].accounts[ONE].state is AccountState.DISABLED


def test_news_of_who_was_rejected_is_judged_anew(town: Make) -> None:
    d = town()
    decisions.reject(d.hub, slip(d), "boss", "the export is wrong")
    assert d.hr_says([ONE], status="departed", last_day="2026-11-21").run.state is RunState.READY
    hour = d.hour()
    assert (len(hour.opened), hour.waiting.rejected, d.kept()) == (1, GONE[1:], 39)


def retracted_emergency(d: Town) -> None:
    case = casework.open_case(d.hub, casework.Opening(ONE, Cause.EMERGENCY, HR))
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "the wrong person")


def stays_rejected(d: Town) -> None:
    """Nothing is taken from anybody, whatever else has them planned again."""
    for _ in range(2):
        assert [what.intention.number for what in d.sync().drafted if what.intention.action.destructive] == []
        hour = d.hour()
        assert (hour.opened, hour.waiting.rejected, d.kept()) == ([], GONE[1:], 40), "the first has a case, retracted"


def test_an_emergency_that_is_opened_and_retracted_leaves_what_was_rejected_rejected(town: Make) -> None:
    d = town()
    decisions.reject(d.hub, slip(d), "boss", "the export is wrong")
    d.sync()
    retracted_emergency(d)
    stays_rejected(d)


def test_so_does_one_that_is_opened_and_retracted_before_the_run_is_rejected(town: Make) -> None:
    d = town()
    run = slip(d)
    retracted_emergency(d)
    decisions.reject(d.hub, run, "boss", "the export is wrong")
    stays_rejected(d)


@contextmanager
def protecting(d: Town) -> Iterator[Town]:
    """The town with the first of those who leave on the list."""
    d.company.protected = (ONE,)
    with d.company.open() as hub:
        yield Town(d.company, hub)
    d.company.protected = ()


def keeps_everything(d: Town) -> None:
    for _ in range(2):
        d.sync()
        hour = d.hour()
        assert (hour.opened, hour.waiting.protected, d.kept()) == ([], [ONE], 40)
        assert ONE in hour.troubles["hub.protected"]


def test_who_is_put_on_the_list_instead_of_being_released_keeps_everything_until_a_person_opens_a_case(
    town: Make,
) -> None:
    d = town()
    run = slip(d)
    with protecting(d) as p:
        with pytest.raises(BatonError, match=r"on hub\.protected"):
            decisions.release(p.hub, run, "boss", "the branch is closed")
        keeps_everything(p)
        with pytest.raises(BatonError, match=r"they are on hub\.protected") as caught:
            casework.open_case(p.hub, casework.Opening(ONE, Cause.RESIGNATION, hourly.BY))
        assert caught.value.code == "undecided"
        casework.open_case(p.hub, casework.Opening(ONE, Cause.BY_HAND, HR))
        hour = p.hour()
        assert (hour.waiting.protected, "hub.protected" in hour.troubles) == ([], False)
        assert (p.things.grants[p.id_of(ONE)], p.kept()) == (set(), 39)
        assert p.company.truths["crm"].accounts[ONE].state is AccountState.ENABLED


def test_who_is_put_on_the_list_and_taken_off_it_stays_rejected(town: Make) -> None:
    d = town()
    decisions.reject(d.hub, slip(d), "boss", "the export is wrong")
    with protecting(d) as p:
        p.sync()
        hour = p.hour()
        assert (hour.opened, hour.troubles, hour.waiting.rejected, p.kept()) == ([], {}, GONE, 40)
    for _ in range(2):
        d.sync()
        hour = d.hour()
        assert (hour.opened, hour.waiting.rejected, d.kept()) == ([], GONE, 40)
    d.hr_says([ONE], status="departed", last_day="2026-11-21")
    assert d.kept() == 39, "news is judged anew"


def opened(d: Town) -> Case:
    """The case of somebody who leaves at the end of the year, by HR's own word."""
    assert d.hr_says([ONE], status="notice", last_day="2026-12-31").run.state is RunState.READY
    assert len(d.hour().opened) == 1
    return d.cases()[0]


@pytest.mark.parametrize("last_day", ["2026-11-20", ""])
@pytest.mark.parametrize("decision", ["reject", "release", "neither"])
def test_an_earlier_day_in_an_open_case_waits_for_the_gate(town: Make, last_day: str, decision: str) -> None:
    d = town()
    case = opened(d)
    run = slip(d, last_day=last_day)
    assert d.hour().waiting.held == {run: GONE}
    assert (d.case(case).dates, d.kept()) == (case.dates, 40)
    if decision == "release":
        decisions.release(d.hub, run, "boss", "the branch is closed")
        execution.apply(d.hub)
        d.hour()
        assert d.case(case).dates != case.dates
        assert d.kept() == 0
        return
    if decision == "reject":
        decisions.reject(d.hub, run, "boss", "the export is wrong")
        assert d.hour().waiting.rejected == GONE
        assert d.case(case).dates == case.dates
    d.hr_says(GONE[1:])
    d.hr_says([ONE], status="notice", last_day="2026-12-31")
    hour = d.hour()
    assert (d.case(case).dates, hour.troubles, hour.waiting.held, d.kept()) == (case.dates, {}, {}, 40)


def test_an_earlier_day_of_who_is_put_on_the_list_instead_is_not_taken_over(town: Make) -> None:
    d = town()
    case = opened(d)
    slip(d)
    with protecting(d) as p:
        keeps_everything(p)
        assert p.case(case).dates == case.dates


def test_a_later_day_and_a_resignation_taken_back_wait_for_nobody(town: Make) -> None:
    d = town()
    case = opened(d)
    slip(d, status="notice", last_day="2027-01-31")
    hour = d.hour()
    assert d.case(case).dates.last_working_at == datetime(2027, 1, 31, 16, tzinfo=UTC)
    assert list(hour.waiting.held.values()) == [GONE[1:]]
    d.hr_says([ONE])
    assert d.hour().retracted == [case.id]


def test_a_case_without_a_day_takes_none_from_what_is_held(town: Make) -> None:
    d = town()
    case = casework.open_case(d.hub, casework.Opening(ONE, Cause.BY_HAND, HR))
    slip(d)
    d.hour()
    assert (d.case(case).dates.last_working_at, d.kept()) == (None, 40)


def test_the_old_case_of_who_was_hired_again_is_not_opened_by_what_is_held(town: Make) -> None:
    d = town()
    d.hr_says([ONE], status="departed", last_day="2026-11-20")
    d.hour()
    d.hour()
    (case,) = d.cases()
    with d.hub.database.write() as connection:
        casework.step(d.hub, connection, d.case(case), Act.COMPLETE, HR, "done")
    d.company.clock.sleep(DAY_S)
    d.hr_says([ONE], status="rehired")
    d.things.grants[d.id_of(ONE)] = {"sales", "export"}
    d.things.sessions.add(d.id_of(ONE))
    d.company.clock.sleep(8 * DAY_S)
    assert d.hour().opened == []
    run = slip(d)
    for _ in range(2):
        hour = d.hour()
        assert (hour.opened, hour.reopened, d.kept()) == ([], [], 40)
    decisions.reject(d.hub, run, "boss", "the export is wrong")
    hour = d.hour()
    assert (hour.opened, hour.reopened, d.kept()) == ([], [], 40)
    assert [each.state for each in d.cases()] == [CaseState.COMPLETED]


def test_the_schedule_opens_no_case_by_a_word_that_came_to_be_held_while_it_looked(town: Make) -> None:
    d = town()
    slip(d)
    with pytest.raises(BatonError) as caught:
        casework.open_case(d.hub, casework.Opening(ONE, Cause.RESIGNATION, hourly.BY))
    assert caught.value.code == "undecided"


def test_a_day_that_came_to_be_held_while_it_was_looked_at_is_not_taken_over(town: Make) -> None:
    d = town()
    case = opened(d)
    slip(d)
    assert follow_hr(d.hub, case).dates == case.dates


def statements(d: Town) -> int:
    """How many statements an hour takes."""
    seen: list[object] = []

    def note(*told: object) -> None:
        seen.append(told[2])

    sa.event.listen(d.hub.database.engine, "before_cursor_execute", note)
    d.hour()
    sa.event.remove(d.hub.database.engine, "before_cursor_execute", note)
    return len(seen)


def test_however_many_wait_an_hour_costs_no_statement_more(town: Make) -> None:
    d = town()
    held, rejected = [], []
    for few in (20, 40):
        run = d.hr_says(CREW[:few], status="departed", last_day=f"2026-11-{few // 2}").run
        assert run.state is RunState.HELD
        d.hour()
        held.append(statements(d))
        decisions.reject(d.hub, run.id, "boss", "the export is wrong")
        rejected.append(statements(d))
    assert held == [held[0]] * 2
    assert rejected == [rejected[0]] * 2
