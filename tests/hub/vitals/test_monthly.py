"""The monthly report: what happened in the month and nothing else, in four languages, and nobody is named."""

from __future__ import annotations

import pytest

from baton.errors import ConfigurationError
from baton.hub import decisions, execution
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.hub.vitals.month_page import month_page
from baton.hub.vitals.monthly import _quantile, month_document, span_of
from baton.languages import LANGUAGES
from tests.hub.vitals.conftest import Start

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
