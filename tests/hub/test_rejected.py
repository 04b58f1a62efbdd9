"""What a person has rejected or has still to decide on: it comes back with news from the source, and not by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from baton.errors import ApprovalError
from baton.hub.decisions import kill_switch, reject, release
from baton.hub.execution import apply, settle
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.store.effects import chunked
from baton.store.runs import RunState
from tests.hub.test_gate_runs import DAY, Town

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Orphaned(Town):
    """A town in which some have a manager whom no system knows, so that they are looked at again at every run."""

    of = frozenset({1, 2, 3})

    def person(self, number: int) -> dict[str, str]:
        return {**super().person(number), **({"manager": "9999"} if number in self.of else {})}


@pytest.fixture
def town(start) -> Orphaned:
    return Orphaned(*start())


def test_what_was_rejected_does_not_come_back_for_want_of_a_manager(town: Town) -> None:
    town.leave(1, 40, (town.company.clock.now() + DAY).date().isoformat())
    reject(town.hub, town.plan().id, "checker", "HR made a mistake")
    again = town.plan()
    assert (again.state, again.counts["effects"]) == (RunState.READY, 0)
    town.company.clock.advance(3 * DAY)
    assert (town.plan().counts["effects"], town.lost()) == (0, 0)
    town.titles[1] = "顾问"
    assert (town.plan().counts["effects"], town.lost()) == (1, 1)


def test_what_was_rejected_does_not_come_back_because_somebody_changed_a_field_there(town: Town) -> None:
    town.leave(4, 40)
    reject(town.hub, town.plan().id, "checker", "HR made a mistake")
    for number in ("0004", "0005"):
        town.company.truths["crm"].accounts[number].fields["title"] = "changed by hand"
    assert len(reconcile(town.hub, "crm").drifts) == 2
    assert (town.plan().state, town.lost()) == (RunState.READY, 0)


def test_another_mapping_is_news_of_whom_was_rejected(town: Town) -> None:
    town.leave(4, 40)
    reject(town.hub, town.plan().id, "checker", "HR made a mistake")
    text = Path(town.company.mappings["crm"].file).read_text("utf-8")
    town.company.write_mapping("crm", text.replace("  mobile: {from: mobile}\n", ""))
    town.hub.__dict__["mappings"] = dict(town.company.mappings)
    run = town.plan()
    assert (run.state, run.counts["effects"]) == (RunState.HELD, 37)
    reject(town.hub, run.id, "checker", "still a mistake")
    assert [town.plan().counts["effects"] for _ in range(2)] == [0, 0]


def test_a_held_run_stays_the_one_to_decide_on_while_there_is_no_news_of_its_people(town: Town) -> None:
    town.leave(1, 40, (town.company.clock.now() + DAY).date().isoformat())
    first = town.plan()
    for _ in range(3):
        town.company.clock.advance(timedelta(minutes=15))
        later = town.plan()
        assert (later.state, later.counts["effects"]) == (RunState.READY, 0)
    assert later.counts["waiting"] == 3
    assert settle(town.hub, later.id).verdict == "incomplete"
    assert release(town.hub, first.id, "checker", "the branch is closed") == 40
    town.company.clock.advance(3 * DAY)
    apply(town.hub)
    assert town.lost() == 40
    assert settle(town.hub, town.plan().id).verdict == "clean"


def test_a_held_run_that_nobody_decided_on_in_time_is_planned_anew(town: Town) -> None:
    town.leave(4, 43)
    first = town.plan()
    town.company.clock.advance(timedelta(hours=72))
    assert (town.plan().state, state_of(town, first.id)) == (RunState.READY, RunState.HELD), "it may still be released"
    town.company.clock.advance(timedelta(seconds=1))
    with pytest.raises(ApprovalError, match="the next run plans it anew"):
        release(town.hub, first.id, "checker", "late")
    some = plan_sync(town.hub, SyncRequest(employees=["0099"]))
    assert (some.run.state, state_of(town, first.id)) == (RunState.READY, RunState.HELD), (
        "a run of a few is none for all"
    )
    second = town.plan()
    assert (second.state, state_of(town, first.id), town.lost()) == (RunState.HELD, RunState.REPLACED, 0)
    assert release(town.hub, second.id, "checker", "the branch is closed") == second.counts["effects"]
    apply(town.hub)
    assert town.lost() == 40


def test_what_was_rejected_stays_away_however_old_its_run_becomes(town: Town) -> None:
    town.leave(4, 43)
    reject(town.hub, town.plan().id, "checker", "HR made a mistake")
    town.company.clock.advance(timedelta(hours=80))
    assert (town.plan().state, town.lost()) == (RunState.READY, 0)


@pytest.fixture
def many(start) -> Orphaned:
    town = Orphaned(*start())
    town.of = frozenset(range(1, 31))
    town.plan()
    return town


def soon(town: Town, days: int) -> str:
    return (town.company.clock.now() + days * DAY).date().isoformat()


def test_a_departure_to_come_that_was_released_does_not_count_again(many: Town) -> None:
    many.leave(1, 40, soon(many, 3))
    release(many.hub, many.plan().id, "checker", "the branch is closed")
    assert [many.plan().state for _ in range(3)] == [RunState.READY] * 3
    many.leave(51, 54, soon(many, 3))
    assert many.plan().state is RunState.READY
    many.company.clock.advance(5 * DAY)
    assert (many.plan().state, many.lost()) == (RunState.READY, 44)


def test_what_was_released_and_is_late_does_not_count_again(many: Town) -> None:
    many.leave(1, 40, soon(many, 1))
    release(many.hub, many.plan().id, "checker", "the branch is closed")
    kill_switch(many.hub, "system:crm", "on", "op", "the vendor is down")
    many.company.clock.advance(3 * DAY)
    assert (many.plan().state, many.lost()) == (RunState.READY, 0)
    kill_switch(many.hub, "system:crm", "off", "op", "it is back")
    assert (many.plan().state, many.lost()) == (RunState.READY, 40)


def test_another_day_and_a_departure_that_comes_back_count(many: Town) -> None:
    many.leave(1, 40, soon(many, 9))
    release(many.hub, many.plan().id, "checker", "the branch is closed")
    gone = dict(many.gone)
    many.leave(1, 30, soon(many, 5))
    run = many.plan()
    assert (run.state, run.reasons[0].split()[0]) == (RunState.HELD, "30")
    many.gone.clear()
    assert many.plan().state is RunState.READY
    many.gone |= gone
    assert many.plan().state is RunState.HELD


def test_what_was_released_stays_so_in_a_run_that_is_held_for_others_and_replaced(many: Town) -> None:
    many.leave(1, 30, soon(many, 9))
    release(many.hub, many.plan().id, "checker", "the branch is closed")
    many.leave(51, 56, soon(many, 9))
    assert (run := many.plan()).state is RunState.HELD
    assert run.reasons[0].split()[0] == "6"
    many.gone.pop(56)
    assert many.plan().state is RunState.READY


def test_whether_anything_was_released_is_asked_once_however_many_are_planned(many: Town, monkeypatch) -> None:
    kill_switch(many.hub, "system:crm", "on", "op", "the vendor is down")
    many.titles |= dict.fromkeys(range(1, 61), "顾问")
    many.plan()
    many.titles |= dict.fromkeys(range(1, 61), "主管")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.extend([statement] if "AND effects.approved" in statement else [])

    monkeypatch.setattr("baton.engine.plan.chunked", lambda given: chunked(given, 10))
    event.listen(many.hub.database.engine, "before_cursor_execute", note)
    assert many.plan().counts["effects"] == 60
    assert len(asked) == 1


def state_of(town: Town, run_id: str) -> RunState:
    with town.hub.database.read() as connection:
        run = town.hub.runs.get(connection, run_id)
    assert run is not None
    return run.state
