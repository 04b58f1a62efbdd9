"""The monthly report: what happened in the month and nothing else, in four languages, and nobody is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from baton.errors import ConfigurationError
from baton.hub import decisions, execution
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.hub.vitals.alarming import acknowledge, silence
from baton.hub.vitals.month_page import month_page
from baton.hub.vitals.monthly import _quantile, month_document, span_of
from baton.languages import LANGUAGES
from baton.model.account import Receipt
from baton.store.leases import Settlement
from baton.store.runs import Run, RunState
from baton.store.tables import effects
from tests.hub.vitals.conftest import Start
from tests.rig.company import row

TWO_HOURS = {"en": "2 h", "zh": "2 小时", "ja": "2時間", "ko": "2시간"}
SWITCH = {"measure": "switches_count", "above": "0", "routes": ["ops"]}


def busy(start):
    """November 2026: hires, a held run that is released after two hours, drift, an alarm, a switch."""
    post = start({"left_on": SWITCH})
    post.hire(*(f"{n:04d}" for n in range(3, 30)))
    post.company.rows = [
        {**person, "status": "departed", "last_day": "2026-11-01"} if number > 3 else person
        for number, person in enumerate(post.company.rows)
    ]
    held = plan_sync(post.hub, SyncRequest(requested_by="schedule")).run
    post.later(hours=2)
    decisions.release(post.hub, held.id, "wang.wu", "the branch is closed")
    execution.apply(post.hub)
    execution.settle(post.hub, held.id)
    del post.company.truths["crm"].accounts["0001"]
    reconcile(post.hub, "crm")
    with post.hub.database.write() as connection:
        post.hub.runs.engage(connection, "action:remove", "ops", "a test")
    post.look()
    return post


def test_a_month_in_figures_and_on_pages(start_on_both: Start) -> None:
    post = busy(start_on_both)
    document = month_document(post.hub, "2026-11")
    by_job = {line["job"]: line for line in document["runs"]}
    assert (by_job["sync"]["count"], by_job["sync"]["clean"]) == (3, 3)
    assert document["held"] == {"count": 1, "decided": 1, "longest_wait_s": 7200.0}
    (crm,) = document["reach"]
    assert (crm["system"], crm["median_s"], crm["p95_s"], crm["longest_s"]) == ("crm", 0.0, 7200.0, 7200.0)
    assert document["drift"] == [{"system": "crm", "comparisons": 1, "drifted": 1}]
    assert [(line["rule"], line["times"]) for line in document["alarms"]] == [("left_on", 1)]
    assert document["decisions"] == {"release": 1, "switch": 1}
    assert document["finished"] is False
    document["failures"] = [{"system": "<b>crm</b>", "code": "x", "state": "refused", "count": 1}]
    for language in LANGUAGES:
        page = month_page(document, language)
        assert "2026-11" in page
        assert "2026-11-30" in page, "a month ends on its last day, not on the next month's first"
        assert "2026-12-01" not in page
        assert f">{TWO_HOURS[language]}<" in page
        assert "&lt;b&gt;crm" in page
        shown = [text for text in ("<b>crm", "wang.wu", "the branch is closed", "测试0001", "0001") if text in page]
        assert shown == []
    other = month_document(post.hub, "2026-10")
    empty = {"runs": [], "reach": [], "failures": [], "drift": [], "alarms": [], "decisions": {}}
    assert {name: other[name] for name in empty} == empty
    assert (other["finished"], other["held"]["count"]) == (True, 0)


def throw(post, way="engage"):
    with post.hub.database.write() as connection:
        getattr(post.hub.runs, way)(connection, "action:remove", "ops", "a test")
    post.look()


def test_an_alarm_belongs_to_every_month_it_lasts_into_and_is_as_long_as_that(start_on_both: Start) -> None:
    """Raised in November, over in January."""
    post = start_on_both({"left_on": SWITCH})
    throw(post)
    (alarm,) = post.look().current
    post.company.clock.advance(datetime(2026, 12, 20, tzinfo=UTC) - post.hub.clock.now())
    assert month_document(post.hub, "2027-01")["alarms"] == [], "a month that has not begun"
    december = span_of(post.hub, "2026-12")
    (line,) = month_document(post.hub, "2026-12")["alarms"]
    assert line["longest_s"] == (post.hub.clock.now() - december.begin).total_seconds()
    post.company.clock.advance(datetime(2027, 1, 2, tzinfo=UTC) - post.hub.clock.now())
    throw(post, "disengage")
    post.later(days=100)
    spans = [span_of(post.hub, month) for month in ("2026-11", "2026-12", "2027-01")]
    lines = [month_document(post.hub, span.month)["alarms"] for span in spans]
    assert [[line["times"] for line in each] for each in lines] == [[1], [1], [1]]
    assert [line["longest_s"] for (line,) in lines] == [
        (spans[0].end - alarm.since).total_seconds(),
        (spans[1].end - spans[1].begin).total_seconds(),
        (datetime(2027, 1, 2, tzinfo=UTC) - spans[2].begin).total_seconds(),
    ]
    assert month_document(post.hub, "2027-02")["alarms"] == []


def test_an_alarm_is_taken_on_from_the_month_on_in_which_somebody_did(start_on_both: Start) -> None:
    """Two raised in November: one acknowledged in January, one silenced in December."""
    two = {"left_on": SWITCH, "unhurried": {**SWITCH, "severity": "critical"}}
    post = start_on_both(two)
    throw(post)
    keys = {alarm.rule: alarm.key for alarm in post.look().current}

    def taken_on(month: str) -> dict[str, int]:
        return {line["rule"]: line["taken_on"] for line in month_document(post.hub, month)["alarms"]}

    neither, one = {"left_on": 0, "unhurried": 0}, {"left_on": 0, "unhurried": 1}
    post.company.clock.advance(datetime(2026, 12, 20, tzinfo=UTC) - post.hub.clock.now())
    silence(post.hub, keys["unhurried"], "olga", "maintenance", timedelta(days=1))
    post.company.clock.advance(datetime(2027, 1, 2, tzinfo=UTC) - post.hub.clock.now())
    post.look()
    assert [taken_on(month) for month in ("2026-11", "2026-12", "2027-01")] == [neither, one, one]
    acknowledge(post.hub, keys["left_on"], "olga", "I am at it")
    both = {"left_on": 1, "unhurried": 1}
    assert [taken_on(month) for month in ("2026-11", "2026-12", "2027-01")] == [neither, one, both]


def test_a_hold_is_waited_out_from_when_the_run_was_held_and_each_one_by_itself(start_on_both: Start) -> None:
    """A migration runs for thirty hours, waits for ten minutes, runs on, and waits again."""
    post = start_on_both({"left_on": SWITCH})
    hub = post.hub
    run = Run(hub.new_run_id("migration"), "migration", RunState.READY, "a", "x", "", hub.clock.now())

    def step(state, decision=None):
        with hub.database.write() as connection:
            hub.runs.change(connection, run.id, state)
            if decision:
                hub.runs.decide(connection, hub.runs.get(connection, run.id), decision, "b", "ok")

    with hub.database.write() as connection:
        hub.runs.insert(connection, run, [])
        hub.runs.decide(connection, run, "resolve 12345678 done", "b", "of another matter")
    post.later(hours=30)
    step(RunState.HELD)
    post.later(minutes=4)
    step(RunState.HELD)
    post.later(minutes=6)
    step(RunState.READY, "release")
    assert month_document(hub, "2026-11")["held"] == {"count": 1, "decided": 1, "longest_wait_s": 600.0}
    step(RunState.HELD)
    assert month_document(hub, "2026-11")["held"] == {"count": 1, "decided": 0, "longest_wait_s": 600.0}
    post.company.clock.advance(datetime(2026, 12, 20, tzinfo=UTC) - hub.clock.now())
    step(RunState.REJECTED, "reject")
    held = month_document(hub, "2026-11")["held"]
    assert (held["count"], held["decided"]) == (1, 1)
    assert held["longest_wait_s"] > 86_400
    assert month_document(hub, "2026-12")["held"]["count"] == 0


def test_a_failure_belongs_to_the_month_in_which_it_was_one(start_on_both: Start) -> None:
    post = start_on_both({"left_on": SWITCH})
    post.company.rows.append(row("0003"))
    plan_sync(post.hub, SyncRequest())
    with post.hub.database.write() as connection:
        (effect,) = post.hub.effects.read(connection, effects.c.state == "planned")
        connection.execute(sa.update(effects).where(effects.c.id == effect.id).values(state="sent", lease_until=None))
        sent = post.hub.effects.read(connection, effects.c.id == effect.id)
        claimed = [Settlement(each, Receipt.in_doubt("timeout", "no answer")) for each in sent]
        assert post.hub.leases.settle(connection, claimed) != [None]
    expected = [{"system": "crm", "code": "timeout", "state": "in_doubt", "count": 1}]
    assert month_document(post.hub, "2026-11")["failures"] == expected
    post.company.clock.advance(datetime(2026, 12, 20, tzinfo=UTC) - post.hub.clock.now())
    execution.apply(post.hub)
    with post.hub.database.read() as connection:
        assert [each.state.value for each in post.hub.effects.read(connection, effects.c.id == effect.id)] == ["done"]
    assert month_document(post.hub, "2026-11")["failures"] == expected, "done since, and failed then"
    assert month_document(post.hub, "2026-12")["failures"] == []


def test_a_month_begins_at_the_hub_s_own_midnight(start: Start) -> None:
    span = span_of(start().hub, "2026-12")
    assert (span.begin.isoformat(), span.end.isoformat()) == ("2026-11-30T16:00:00+00:00", "2026-12-31T16:00:00+00:00")


def test_what_is_no_month_is_said(start: Start) -> None:
    hub = start().hub
    for wrong in ("2026-13", "2026-1", "", "2026-11-01", "1999-01", "２０２６-01"):
        with pytest.raises(ConfigurationError):
            span_of(hub, wrong)


def test_quantiles_are_values_that_were_seen() -> None:
    assert [_quantile([1, 2, 3, 4], share) for share in (0.5, 0.95, 1.0)] == [2, 4, 4]
    assert _quantile([7], 0.5) == 7
