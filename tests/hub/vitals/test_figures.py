"""The figures: what they count, that they are all in the catalogue, that nothing personal is in them."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from baton.errors import FeedRefusedError, RetryableError
from baton.hub import execution, proof
from baton.hub.decisions import release
from baton.hub.offboarding import hourly
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.hub.vitals.backups import note_backup
from baton.hub.vitals.document import exit_code, health_document
from baton.hub.vitals.exposition import exposition
from baton.hub.vitals.taking import take
from baton.model.account import Receipt
from baton.model.measures import MEASURES, Sample
from baton.store.runs import RunState
from baton.store.tables import feeds, runs
from baton.store.trail import Entry, append
from tests.hub.vitals.conftest import H, Start
from tests.rig.belongings import TalkingTarget

LINE = re.compile(r'^(baton_[a-z_]+)(\{[a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"\\]*")*\})? -?[0-9.e+-]+$')


def figures(post) -> dict[tuple[str, str], float]:
    """(measure, subject) -> value, of those told apart by one thing at most."""
    return {(s.measure, s.subject): s.value for s in take(post.hub) if MEASURES[s.measure].ruled}


def test_a_hub_at_work_has_every_figure_and_no_other(start_on_both: Start) -> None:
    post = start_on_both()
    reconcile(post.hub, "crm")
    hourly.look(post.hub)
    taken = take(post.hub)
    assert {sample.measure for sample in taken} == set(MEASURES) - {"alarms_count", "answers_age_s"}  # it has no bank
    assert all(tuple(sample.labels) == MEASURES[sample.measure].labels for sample in taken)
    found = figures(post)
    assert found["people_count", ""] == 2
    assert found["done_recent_count", "crm"] == 2
    assert found["held_count", "sync"] == 0
    assert found["due_count", "crm"] == found["doubt_count", "crm"] == 0
    assert found["drift_count", "crm"] == 0
    assert found["clock_skew_s", ""] < 1 or post.hub.database.dialect == "postgresql"  # its clock is the real one


def test_ages_grow_and_what_is_due_waits(start_on_both: Start) -> None:
    post = start_on_both()
    with post.hub.database.write() as connection:
        post.hub.runs.engage(connection, "all", "ops", "a test")
    post.hire("0003", "0004")
    post.later(hours=5)
    found = figures(post)
    assert found["switches_count", ""] == 1
    assert (found["due_count", "crm"], found["due_oldest_s", "crm"]) == (2, 5 * H)
    assert found["success_age_s", "crm"] == found["run_age_s", "sync"] == 5 * H
    document = health_document(post.hub)
    assert {each["rule"] for each in document["broken"]} >= {"queue_old", "switch_left_on", "sync_silent"}
    assert (document["verdict"], exit_code(document)) == ("critical", 2)


def test_what_was_held_for_long_is_neither_long_due_nor_long_in_doubt(start_on_both: Start, monkeypatch) -> None:
    post = start_on_both()
    several = [f"{number:04d}" for number in range(10, 60)]
    post.hire(*several)
    for person in post.company.rows:
        if person["number"] in several[:30]:
            person |= {"status": "departed", "last_day": "2026-11-01", "contract_end": "2026-11-01"}
    run = plan_sync(post.hub, SyncRequest()).run
    assert run.state is RunState.HELD
    post.later(hours=60)
    release(post.hub, run.id, "ada", "they have left")
    found = figures(post)
    assert (found["due_count", "crm"], found["due_oldest_s", "crm"]) == (30, 0)
    monkeypatch.setattr(TalkingTarget, "act", lambda *_: Receipt.in_doubt("lost", "no answer"))
    monkeypatch.setattr(TalkingTarget, "find", away)
    execution.apply(post.hub)
    found = figures(post)
    assert (found["doubt_count", "crm"], found["doubt_oldest_s", "crm"] < 60) == (30, True)
    post.later(hours=3)
    assert 3 * H <= figures(post)["doubt_oldest_s", "crm"] < 4 * H


def away(*_: object) -> None:
    raise RetryableError("it does not answer", code="away")


def test_a_target_not_compared_for_long_stays_known_however_often_others_were(start_on_both: Start) -> None:
    post = start_on_both()
    reconcile(post.hub, "crm")
    post.later(hours=40)
    now = post.hub.clock.now()
    others = [
        Entry(now, "reconcile", {"system": name, "scanned": 1, "drifted": 1})
        for name in ("crmx", "cr", "xcrm", "c_m") * 150
    ]
    with post.hub.database.write() as connection:
        append(connection, others)
    found = figures(post)
    assert (found["reconcile_age_s", "crm"], found["drift_count", "crm"]) == (40 * H, 0)
    assert "not_reconciled" in {each["rule"] for each in health_document(post.hub)["broken"]}


def test_the_future_is_not_due(start: Start) -> None:
    post = start()
    post.company.rows.append({**post.company.rows[0], "number": "0009", "status": "pending", "hired": "2027-03-01"})
    plan_sync(post.hub, SyncRequest())
    assert figures(post)["due_count", "crm"] == 0


def test_a_comparison_a_signature_and_a_backup_set_their_ages_back(start_on_both: Start) -> None:
    post = start_on_both()
    post.later(hours=30)
    before = figures(post)
    assert before["reconcile_age_s", "crm"] == 30 * H  # never compared: since the first sync
    assert ("drift_count", "crm") not in before
    assert before["backup_age_s", ""] >= 30 * H
    assert before["unsigned_oldest_s", ""] >= 30 * H
    reconcile(post.hub, "crm")
    note_backup(post.hub, "ops", "pg_dump to the other house")
    proof.checkpoint(post.hub)
    after = figures(post)
    assert after["reconcile_age_s", "crm"] == after["backup_age_s", ""] == after["unsigned_oldest_s", ""] == 0
    assert after["audit_unsigned_count", ""] == 0
    assert after["audit_entries_count", ""] == before["audit_entries_count", ""] + 2


def test_what_was_broken_from_the_first_day_is_not_well(start_on_both: Start) -> None:
    post = start_on_both()
    with post.hub.database.write() as connection:  # as if no sync had ever ended clean, and no feed been used
        connection.execute(sa.update(runs).values(verdict="broken", state=RunState.REFUSED.value))
        connection.execute(sa.delete(feeds))
    post.later(hours=37)
    found = figures(post)
    assert found["clean_age_s", "sync"] == found["feed_age_s", "hr"] == found["reconcile_age_s", "crm"] == 37 * H
    broken = {(each["rule"], each["about"]) for each in health_document(post.hub)["broken"]}
    assert broken >= {("never_clean", "sync"), ("feed_old", "hr"), ("not_reconciled", "crm")}


@pytest.mark.parametrize("limited", [{"employees": ("0001",)}, {"systems": ("crm",)}])
def test_a_run_for_some_is_no_run_for_all(start_on_both: Start, limited: dict[str, tuple[str, ...]]) -> None:
    post = start_on_both()
    post.later(hours=30)
    run = plan_sync(post.hub, SyncRequest(**limited)).run
    execution.apply(post.hub)
    assert execution.settle(post.hub, run.id).run.verdict == "clean"
    found = figures(post)
    assert found["run_age_s", "sync"] == found["clean_age_s", "sync"] == 30 * H
    assert {each["rule"] for each in health_document(post.hub)["broken"]} >= {"sync_silent", "never_clean"}
    post.hire()
    found = figures(post)
    assert found["run_age_s", "sync"] == found["clean_age_s", "sync"] == 0


def test_a_run_for_some_whose_feed_is_refused_is_no_run_for_all(start: Start) -> None:
    post = start()
    post.later(hours=30)
    rows = [*post.company.rows]
    post.company.rows.clear()
    for request, age in ((SyncRequest(employees=("0001",)), 30 * H), (SyncRequest(), 0)):
        with pytest.raises(FeedRefusedError):
            plan_sync(post.hub, request)
        assert figures(post)["run_age_s", "sync"] == age
    post.company.rows += rows


def test_where_no_run_was_for_all_it_has_been_silent_since_the_first(start_on_both: Start) -> None:
    post = start_on_both()
    with post.hub.database.write() as connection:
        connection.execute(sa.update(runs).values(counts={"limited": 1}))
    post.later(hours=3)
    plan_sync(post.hub, SyncRequest(employees=("0001",)))
    found = figures(post)
    assert found["run_age_s", "sync"] == found["clean_age_s", "sync"] == 3 * H


def test_before_the_first_sync_nothing_is_waited_for(start: Start) -> None:
    post = start()
    with post.hub.database.write() as connection:
        connection.execute(sa.delete(feeds))
        connection.execute(sa.update(runs).values(job="other", verdict="clean"))
    post.later(hours=37)
    found = figures(post)
    assert {subject for measure, subject in found if measure == "clean_age_s"} == {"other"}
    assert not {measure for measure, _ in found} & {"feed_age_s", "reconcile_age_s"}


def test_drift_is_counted_when_it_is_found(start: Start) -> None:
    post = start()
    del post.company.truths["crm"].accounts["0002"]
    reconcile(post.hub, "crm")
    assert figures(post)["drift_count", "crm"] == 1


def test_every_line_is_prometheus_text_and_no_label_is_a_person(start: Start) -> None:
    post = start()
    text = exposition(take(post.hub))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not LINE.match(line)] == []
    names = {LINE.match(line)[1] for line in lines}
    assert names <= {measure.exported for measure in MEASURES.values()}
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert told == names
    labels = {label for line in lines for label in re.findall(r'="([^"]*)"', line)}
    assert labels <= {"hr", "crm", "sync", "done", "clean", "provision"}
    assert "测试" not in text


def test_a_label_cannot_break_out_of_its_quotes() -> None:
    odd = Sample("due_count", 1.0, {"system": 'a"} 1\nb\\'})
    assert exposition([odd]).splitlines()[-1] == 'baton_due{system="a\\"} 1\\nb\\\\"} 1'


def test_a_large_figure_is_told_to_the_last_digit() -> None:
    assert exposition([Sample("people_count", 12_345_678.0)]).splitlines()[-1] == "baton_people 12345678"


def test_a_checkpoint_that_is_not_ours_gives_one_figure_and_not_two(start: Start) -> None:
    post = start()
    proof.checkpoint(post.hub)
    (note,) = proof.folder(post.hub).path.glob("checkpoint-*.txt")
    note.write_text("forged\n")
    assert [sample.value for sample in take(post.hub) if sample.measure == "audit_key_missing_count"] == [1.0]


def test_a_database_that_does_not_answer_is_one_figure(start: Start, monkeypatch) -> None:
    post = start()

    def away(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(post.hub.database.engine, "connect", away)
    assert take(post.hub) == [Sample("database_up", 0.0)]
    assert health_document(post.hub)["verdict"] == "down"


def test_units_are_in_the_names() -> None:
    exported = [measure.exported for measure in MEASURES.values()]
    assert len(set(exported)) == len(exported)
    assert {name for name in exported if name.endswith("_s")} == set()
    assert MEASURES["due_oldest_s"].exported == "baton_due_oldest_seconds"
    assert MEASURES["due_count"].exported == "baton_due"


def test_yesterday_s_successes_are_not_recent(start: Start) -> None:
    post = start()
    post.later(hours=25)
    found = figures(post)
    assert (found["done_recent_count", "crm"], found["success_age_s", "crm"]) == (0, 25 * H)
