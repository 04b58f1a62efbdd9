"""A DAG that has stopped, or never ran, is told where its job is in use, and nowhere else."""

from __future__ import annotations

from datetime import datetime

import pytest

from baton.hub.migration import retention
from baton.hub.named_systems import examine_rules
from baton.hub.offboarding import hourly
from baton.hub.offboarding.casework import Opening, open_case
from baton.hub.vitals.document import health_document
from baton.hub.vitals.taking import take
from baton.model.case import Cause
from baton.settings_shape import OffboardingPart
from baton.store import passes
from tests.hub.vitals.conftest import OPS, H, Post, Start


def ages(post: Post) -> dict[str, float]:
    return {sample.subject: sample.value for sample in take(post.hub) if sample.measure == "pass_age_s"}


def broken(post: Post) -> set[tuple[str, str]]:
    found = health_document(post.hub)["broken"]
    return {(each["rule"], each["about"]) for each in found if each["rule"].endswith("_silent")} - {
        ("sync_silent", "sync")
    }


def test_a_look_at_the_handovers_that_stops_is_told_also_where_nobody_leaves(start_on_both: Start) -> None:
    post = start_on_both()
    hourly.look(post.hub)
    post.later(hours=1)
    hourly.look(post.hub)
    assert ages(post) == {"offboarding": 0}
    post.later(hours=3)
    assert broken(post) == set()
    post.later(minutes=1)
    assert ages(post) == {"offboarding": 3 * H + 60}
    assert broken(post) == {("offboarding_silent", "offboarding")}
    assert health_document(post.hub)["verdict"] == "critical"
    hourly.look(post.hub)
    assert broken(post) == set()


def test_a_look_at_some_cases_alone_is_not_the_look_at_all(start: Start) -> None:
    post = start()
    post.hire("0003")
    case = open_case(post.hub, Opening("0003", Cause.EMERGENCY, "hr", manager=OPS))
    post.later(hours=4)
    hourly.look(post.hub, [case.id])
    assert ages(post) == {"offboarding": 4 * H}
    assert broken(post) == {("offboarding_silent", "offboarding")}


def test_handovers_nobody_has_set_up_or_used_are_not_waited_for(start: Start) -> None:
    post = start()
    post.later(days=30)
    assert ages(post) == {}
    assert broken(post) == set()


def test_handovers_that_are_set_up_are_waited_for_from_the_first_sync(start: Start) -> None:
    post = start()
    post.company.offboarding = OffboardingPart(notifiers=("crm",))
    with post.company.open() as hub:
        set_up = Post(post.company, hub)
        set_up.later(hours=4)
        assert broken(set_up) == {("offboarding_silent", "offboarding")}


def test_the_deletion_is_noted_and_missed_after_two_nights(start: Start) -> None:
    post = start()
    retention.purge(post.hub)
    post.later(hours=26)
    assert (ages(post), broken(post)) == ({"retention": 26 * H}, set())
    post.later(hours=25)
    assert broken(post) == {("retention_silent", "retention")}


def test_a_store_from_before_passes_were_noted_counts_from_its_upgrade(start_on_both: Start) -> None:
    post = start_on_both()
    open_case(post.hub, Opening("0002", Cause.EMERGENCY, "hr", manager=OPS))
    post.later(days=30)
    job, about = passes.COUNTED_FROM
    with post.hub.database.write() as connection:
        passes.note(connection, job, post.hub.clock.now(), about=about)
    assert ages(post) == {"offboarding": 0}
    post.later(hours=4)
    assert broken(post) == {("offboarding_silent", "offboarding")}


def test_a_pass_that_is_noted_late_takes_nothing_back(start_on_both: Start) -> None:
    post = start_on_both()
    before: datetime = post.hub.clock.now()
    post.later(hours=2)
    hourly.look(post.hub)
    with post.hub.database.write() as connection:
        passes.note(connection, "offboarding", before)
    assert ages(post) == {"offboarding": 0}


@pytest.mark.parametrize(("only", "right"), [("offboarding", True), ("retention", True), ("sync", False)])
def test_a_rule_about_a_job_that_is_not_noted_is_told(start: Start, only: str, right: bool) -> None:
    post = start({"quiet": {"measure": "pass_age_s", "above": "2h", "only": [only]}})
    (finding,) = examine_rules(post.hub)
    assert finding.ok is right
