"""What a planning run keeps, what it leaves alone, and what it refuses."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.contracts import Feed, Hint
from baton.errors import ConfigurationError, FeedRefusedError, GuardBreach
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncRequest, plan_sync, preview_sync
from baton.mapping.load import load_mapping
from baton.model.account import AccountState, Action
from baton.settings import SystemSettings
from baton.store.runs import RunState
from baton.store.tables import audit, effects, metadata
from connectors.hr.file_export.connector import FileExportSettings
from tests.gate.feeds import Person, written
from tests.rig.company import MemorySource, row
from tests.rig.targets import KeyTarget, UpsertTarget

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EVERYONE = SyncRequest()
MAPPING = Path(__file__).parents[2] / "mappings" / "sync" / "hr_file_export--employee.yaml"


def go(company, hub, rows, request: SyncRequest = EVERYONE):
    company.rows = rows
    plan = plan_sync(hub, request)
    apply(hub)
    return plan


def row_counts(hub) -> dict[str, int]:
    with hub.database.read() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def planned(plan) -> list[tuple[str, str, Action]]:
    return [(draft.intention.system, draft.intention.number, draft.intention.action) for draft in plan.drafted]


def people(count: int) -> list[dict[str, str]]:
    return [row(f"{number:04d}") for number in range(1, count + 1)]


def test_a_preview_keeps_nothing_and_has_the_hash_of_the_plan(start) -> None:
    company, hub = start()
    company.rows = people(20)
    before = row_counts(hub)
    first, second = preview_sync(hub, EVERYONE), preview_sync(hub, EVERYONE)
    assert row_counts(hub) == before
    assert first.run.plan_hash == second.run.plan_hash == plan_sync(hub, EVERYONE).run.plan_hash
    assert company.truths["crm"].journal == []


def test_a_preview_of_news_keeps_nothing_either(start) -> None:
    company, hub = start()
    go(company, hub, people(20))
    company.rows = [row("0001", title="经理"), *people(20)[1:], row("0021")]
    before = row_counts(hub)
    preview = preview_sync(hub, EVERYONE)
    assert row_counts(hub) == before
    assert planned(preview) == [("crm", "0001", Action.UPDATE), ("crm", "0021", Action.PROVISION)]


def test_another_plan_has_another_hash(start) -> None:
    company, hub = start()
    hashes = set()
    for change in ({}, {"title": "经理"}, {"mobile": "13800000001"}, {"status": "pending", "hired": "2026-12-01"}):
        company.rows = [row("0012", **change)]
        hashes.add(preview_sync(hub, EVERYONE).run.plan_hash)
    assert len(hashes) == 4


def test_an_unchanged_feed_leaves_nothing_to_do(start) -> None:
    company, hub = start()
    go(company, hub, people(5))
    plan = go(company, hub, people(5))
    assert (planned(plan), plan.run.counts["changed"]) == ([], 0)
    assert settle(hub, plan.run.id).verdict == "clean"


def test_one_system_alone_is_planned_when_asked_and_the_other_later(start) -> None:
    company, hub = start({"crm": KeyTarget, "oa": UpsertTarget})
    only = go(company, hub, people(2), SyncRequest(systems=["oa"]))
    assert {system for system, _, _ in planned(only)} == {"oa"}
    assert company.truths["crm"].journal == []
    assert {system for system, _, _ in planned(go(company, hub, people(2)))} == {"crm"}


def test_one_person_alone_is_planned_when_asked_and_the_others_later(start) -> None:
    company, hub = start()
    only = go(company, hub, people(3), SyncRequest(employees=["0002"]))
    assert planned(only) == [("crm", "0002", Action.PROVISION)]
    assert [number for _, number, _ in planned(go(company, hub, people(3)))] == ["0001", "0003"]


@pytest.mark.parametrize("request_", [SyncRequest(systems=["nowhere"]), SyncRequest(employees=["12"])])
def test_who_or_what_does_not_exist_is_an_error_and_not_nothing_to_do(start, request_: SyncRequest) -> None:
    company, hub = start()
    company.rows = [row("0012")]
    with pytest.raises(ConfigurationError):
        plan_sync(hub, request_)
    assert row_counts(hub)["runs"] == 0


def test_a_look_at_a_few_does_not_become_the_measure_of_the_next_feed(start) -> None:
    company, hub = start()
    go(company, hub, people(3), SyncRequest(employees=["0002"]))
    with hub.database.read() as connection:
        assert hub.runs.approved_feed(connection, "hr") is None


def test_numbers_stay_text_and_rare_names_survive_a_gb18030_file(start, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    person: Person = {
        "工号": "0012", "姓名": "测试䶮㐀", "员工状态": "在职", "入职日期": "2020-01-01", "手机": "13800000001",
    }  # fmt: skip
    roster.write_bytes(written([person, {**person, "工号": "12", "姓名": "测试乙", "手机": "13800000002"}]))
    settings = FileExportSettings(path=roster, settle_s=0)
    source = SystemSettings("hr", "hr/file_export", "systems.yaml:1", settings, MAPPING)
    company, hub = start(source=source)
    hub.__dict__["mappings"]["hr"] = load_mapping(MAPPING, source_fields=None, target_fields=None)
    stamp = company.clock.now().timestamp()
    os.utime(roster, (stamp, stamp))
    plan_sync(hub, EVERYONE)
    apply(hub)
    accounts = company.truths["crm"].accounts
    assert {number: account.fields["name"] for number, account in accounts.items()} == {
        "0012": "测试䶮㐀",
        "12": "测试乙",
    }


def test_a_person_belongs_to_one_source_only(start) -> None:
    company, hub = start()
    go(company, hub, people(2))
    with hub.database.write() as connection:
        connection.execute(sa.text("UPDATE people SET source = 'other' WHERE number = '0001'"))
    plan = go(company, hub, [row("0001", title="经理"), row("0002", title="经理")])
    assert [number for _, number, _ in planned(plan)] == ["0002"]
    assert [(fault.place, fault.rule) for fault in plan.faults] == [("hr:0001", "other_source")]
    assert settle(hub, plan.run.id).verdict == "incomplete"


def test_a_refused_feed_is_recorded_and_changes_nothing_else(start) -> None:
    company, hub = start()
    go(company, hub, people(40))
    before = row_counts(hub)
    company.rows = people(20)
    with pytest.raises(FeedRefusedError) as caught:
        plan_sync(hub, EVERYONE)
    assert [breach.guard for breach in caught.value.breaches] == ["shrunken"]
    after = row_counts(hub)
    assert {name for name in after if after[name] != before[name]} == {"runs", "audit_entries"}
    with hub.database.read() as connection:
        run = hub.runs.latest(connection, 1)[0]
    assert (run.state, run.verdict) == (RunState.REFUSED, "broken")
    assert run.reasons[0].startswith("shrunken")
    assert settle(hub, run.id).verdict == "broken"


def test_a_preview_of_a_refused_feed_records_nothing(start) -> None:
    company, hub = start()
    go(company, hub, people(40))
    before = row_counts(hub)
    company.rows = people(20)
    with pytest.raises(FeedRefusedError):
        preview_sync(hub, EVERYONE)
    assert row_counts(hub) == before


def test_a_refused_feed_is_accepted_by_its_own_digest_only(start) -> None:
    company, hub = start()
    go(company, hub, people(40))
    company.rows = people(20)
    digest = f"{20:064x}"
    for wrong in ("", digest[:11], "f" * 64, f"{21:064x}"):
        with pytest.raises(FeedRefusedError):
            plan_sync(hub, SyncRequest(accept_feed=wrong))
    plan = plan_sync(hub, SyncRequest(accept_feed=digest, requested_by="op"))
    assert plan.run.state is RunState.READY
    assert any("absence is not leaving" in note for note in plan.notes)
    with hub.database.read() as connection:
        accepted = connection.execute(sa.select(audit.entries.c.body).where(audit.entries.c.kind == "feed")).scalars()
        assert '"accepted_by":"op"' in accepted.one()


def test_a_feed_without_a_usable_row_is_accepted_by_nobody(start) -> None:
    company, hub = start()
    go(company, hub, people(40))
    company.rows = []
    with pytest.raises(FeedRefusedError) as caught:
        plan_sync(hub, SyncRequest(accept_feed="0" * 64))
    assert caught.value.remedy == "have the export corrected"


def test_waiting_events_are_answered_by_a_full_run_only(start) -> None:
    company, hub = start()
    with hub.database.write() as connection:
        assert hub.runs.add_hints(connection, "hr", [Hint(event_id="e1", kind="changed")]) == 1
        assert hub.runs.add_hints(connection, "hr", [Hint(event_id="e1", kind="changed")]) == 0
    go(company, hub, people(2), SyncRequest(employees=["0001"]))
    with hub.database.read() as connection:
        assert hub.runs.waiting_hints(connection) == 1
    assert go(company, hub, people(2)).run.counts["hints"] == 1
    with hub.database.read() as connection:
        assert hub.runs.waiting_hints(connection) == 0


def test_an_event_that_comes_after_the_source_was_read_waits_for_the_next_run(
    start, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, hub = start()
    census = MemorySource.census

    def read_then_called(source: MemorySource) -> Feed:
        feed = census(source)
        with hub.database.write() as connection:
            hub.runs.add_hints(connection, "hr", [Hint(event_id="e1", kind="changed")])
        return feed

    monkeypatch.setattr(MemorySource, "census", read_then_called)
    assert [go(company, hub, people(2)).run.counts["hints"] for _ in range(2)] == [0, 1]


def test_a_future_last_day_fires_when_the_clock_passes_it_without_another_plan(start) -> None:
    company, hub = start()
    go(company, hub, [row("0012")])
    plan = go(company, hub, [row("0012", status="notice", last_day="2026-11-25", contract_end="2026-11-30")])
    assert settle(hub, plan.run.id).settlement.counts["scheduled"] == 2
    account = company.truths["crm"].accounts["0012"]
    seen = []
    for _ in range(9):
        company.clock.advance(timedelta(days=1))
        apply(hub)
        seen.append((company.clock.now().day, account.state))
    changes = [now for before, now in pairwise(seen) if before[1] != now[1]]
    assert changes == [(26, AccountState.DISABLED), (1, AccountState.REMOVED)]


def test_a_retraction_cancels_what_has_not_fired(start) -> None:
    company, hub = start()
    go(company, hub, [row("0012")])
    go(company, hub, [row("0012", status="notice", last_day="2026-11-25")])
    go(company, hub, [row("0012")])
    company.clock.advance(timedelta(days=10))
    apply(hub)
    assert company.truths["crm"].accounts["0012"].state is AccountState.ENABLED
    with hub.database.read() as connection:
        query = sa.select(effects.c.action, effects.c.state).where(effects.c.destructive)
        assert [tuple(found) for found in connection.execute(query)] == [("remove", "superseded")]


def test_a_status_history_tells_a_life_in_plain_words(start) -> None:
    company, hub = start()
    last = {"last_day": "2027-01-31"}
    story = {
        "pending": {"hired": "2026-12-01"}, "active": {}, "on leave": {"status": "leave"}, "notice": last,
        "back": {"status": "active", "title": "经理"}, "again": {"status": "notice", **last},
        "departed": last, "rehired": {}, "details": {"status": "rehired", "title": "顾问"},
    }  # fmt: skip
    for status, more in story.items():
        go(company, hub, [row("0012", **{"status": status, **more})])
    with hub.database.read() as connection:
        told = [period.what for period in hub.people.history(connection, "0012")]
    assert told == [
        "first seen as pending_hire",
        "hired",
        "became on_leave",
        "departure announced",
        "departure retracted",
        "departure announced",
        "departed",
        "rehired",
    ]


def test_a_hire_that_is_called_off_is_called_that(start) -> None:
    company, hub = start()
    for status in ("pending", "departed"):
        go(company, hub, [row("0012", status=status, hired="2026-12-01")])
    company.clock.advance(timedelta(days=30))
    apply(hub)
    assert company.truths["crm"].journal == []
    with hub.database.read() as connection:
        assert [period.what for period in hub.people.history(connection, "0012")][1:] == ["hire retracted"]


def test_a_source_under_another_name_is_told_to_keep_the_one_it_had(start) -> None:
    company, hub = start()
    go(company, hub, people(2))
    systems = dict(company.settings().systems)
    systems = {"hr_new": replace(systems.pop("hr"), name="hr_new"), **systems}
    with company.open_with(replace(company.settings(), systems=systems)) as renamed:
        renamed.__dict__["mappings"] = {**company.mappings, "hr_new": company.mappings["hr"]}
        faults = go(company, renamed, people(2)).faults
    assert [fault.rule for fault in faults] == ["other_source"] * 2
    assert "belongs to the source hr; a source that is to go on keeps its name" in faults[0].message


def test_a_refusal_without_a_digest_names_none(start, monkeypatch) -> None:
    company, hub = start()
    refusal = FeedRefusedError([GuardBreach("source_changed", "it was changed meanwhile")], feed_digest="")

    def refuse(_source: MemorySource) -> Feed:
        raise refusal

    monkeypatch.setattr(MemorySource, "census", refuse)
    with pytest.raises(FeedRefusedError) as caught:
        go(company, hub, people(2))
    assert str(caught.value).splitlines()[0] == "the feed was refused before any comparison:"
    assert caught.value.remedy == "have the export corrected"
    named = FeedRefusedError(refusal.breaches, feed_digest="0123456789abcdef")
    assert str(named).startswith("the feed 0123456789ab was refused before any comparison:")
    assert named.remedy.endswith("accept this very feed with --accept-feed 0123456789ab")
