"""An older roster that lies there again, because the newest was moved or is not complete, is not planned after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from baton.clock import SystemClock
from baton.errors import FeedRefusedError
from baton.hub import Hub
from baton.hub.execution import apply
from baton.hub.sync import SyncRequest, plan_sync, preview_sync
from baton.hub.vitals.taking import take
from baton.model.account import AccountState
from baton.settings import HubSettings
from baton.settings_shape import GatePart, WindowLimit
from baton.store.runs import RunState
from baton.store.trail import newest_entries
from connectors.hr.file_export.connector import FileExportSettings
from tests.bench.roster import WIDE_OPEN, RosterCompany, Wide, person, write_rows
from tests.hub.conftest import Start

CLOSED = WindowLimit(share="0%", at_least=0, at_most=0)
EVERYONE = range(1, 9)


class Inbox(RosterCompany):
    """A company whose HR drops one file after another in a folder."""

    def settings(self) -> HubSettings:
        settings = super().settings()
        inbox = self.folder / "inbox"
        inbox.mkdir(exist_ok=True)
        source = replace(settings.systems["hr"], settings=FileExportSettings(path=inbox, settle_s=2))
        return replace(settings, systems={**settings.systems, "hr": source})

    def drop(self, name: str, *, hours_ago: float, gone: frozenset[int] = frozenset()) -> Path:
        path = self.folder / "inbox" / name
        leaver = {"员工状态": "离职", "最后工作日": "2026-01-31", "合同终止日": "2099-01-31"}
        write_rows(path, ({**person(number), **(leaver if number in gone else {})} for number in EVERYONE))
        written = (self.clock.now() - timedelta(hours=hours_ago)).timestamp()
        os.utime(path, (written, written))
        return path


@contextmanager
def company(folder: Path, limit: WindowLimit = WIDE_OPEN) -> Iterator[tuple[Inbox, Hub]]:
    gate = GatePart(run=limit, day=limit, week=limit)
    made = Inbox(folder, f"sqlite:///{folder}/hub.sqlite3", SystemClock(), {"crm": Wide}, gate=gate)
    with made.open() as hub:
        yield made, hub


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[tuple[Inbox, Hub]]:
    """Three have left by the newest of two files, both planned in their order; the newest is put away."""
    with company(tmp_path) as (here, hub):
        here.drop("monday.csv", hours_ago=9)
        sync(hub)
        newest = here.drop("tuesday.csv", hours_ago=1, gone=frozenset({3}))
        sync(hub)
        newest.rename(tmp_path / "tuesday.csv")
        yield here, hub


def sync(hub: Hub, **request: str) -> RunState:
    plan = plan_sync(hub, SyncRequest(**request))
    apply(hub)
    return plan.run.state


def state_of(here: Inbox, number: str) -> AccountState:
    return here.truths["crm"].accounts[number].state


def refusal(hub: Hub, **request: str) -> FeedRefusedError:
    with pytest.raises(FeedRefusedError) as caught:
        sync(hub, **request)
    assert [breach.guard for breach in caught.value.breaches] == ["older"]
    return caught.value


def test_an_older_file_lets_no_leaver_in_again(planned) -> None:
    here, hub = planned
    assert state_of(here, "000003") is AccountState.DISABLED
    error = refusal(hub)
    assert "monday.csv" in str(error)
    assert "tuesday.csv" in str(error)
    with pytest.raises(FeedRefusedError):
        preview_sync(hub, SyncRequest())
    apply(hub)
    assert state_of(here, "000003") is AccountState.DISABLED
    with hub.database.read() as connection:
        kept = hub.runs.latest(connection, 1)[0]
    assert (kept.state, kept.reasons[0].split(":")[0]) == (RunState.REFUSED, "older")


def test_the_newest_put_back_and_the_next_one_go_on(planned, tmp_path) -> None:
    here, hub = planned
    refusal(hub)
    (tmp_path / "tuesday.csv").rename(tmp_path / "inbox" / "tuesday.csv")
    assert [sync(hub) for _ in range(2)] == [RunState.READY] * 2
    here.drop("wednesday.csv", hours_ago=0.5)
    assert sync(hub) is RunState.READY
    assert state_of(here, "000003") is AccountState.ENABLED


def test_a_newest_file_that_is_being_written_again_gives_no_way_to_the_one_before(planned) -> None:
    here, hub = planned
    here.drop("tuesday.csv", hours_ago=0, gone=frozenset({3}))
    refusal(hub)


def test_who_wants_the_older_one_says_so_and_it_is_logged(planned) -> None:
    here, hub = planned
    digest = refusal(hub).feed_digest[:12]
    assert sync(hub, accept_feed=digest, requested_by="li.si") is RunState.READY
    assert state_of(here, "000003") is AccountState.ENABLED
    with hub.database.read() as connection:
        (_, said) = next(newest_entries(connection, "feed", 1))
    assert (said["accepted_by"], said["against"]) == ("li.si", ["older"])
    assert sync(hub) is RunState.READY, "what was agreed to once is the last one planned"


def test_the_same_content_under_an_older_date_is_no_older_statement(planned) -> None:
    here, hub = planned
    here.drop("copy.csv", hours_ago=2, gone=frozenset({3}))
    assert sync(hub) is RunState.READY
    (here.folder / "inbox" / "copy.csv").unlink()
    here.drop("between.csv", hours_ago=1.5)
    refusal(hub)


def test_a_statement_looked_at_for_a_few_counts_and_is_none_that_was_used(tmp_path) -> None:
    with company(tmp_path) as (here, hub):
        newest = here.drop("tuesday.csv", hours_ago=5)
        plan_sync(hub, SyncRequest(employees=["000001"]))
        with hub.database.read() as connection:
            assert hub.runs.approved_feed(connection, "hr") is None
        (age,) = (each.value for each in take(hub) if each.measure == "feed_age_s")
        assert age < 60, "it is waited for since the first sync"
        newest.rename(tmp_path / "tuesday.csv")
        here.drop("monday.csv", hours_ago=9, gone=frozenset({3}))
        refusal(hub)


def test_a_statement_counts_that_is_held(tmp_path) -> None:
    with company(tmp_path, CLOSED) as (here, hub):
        here.drop("monday.csv", hours_ago=9)
        sync(hub)
        newest = here.drop("tuesday.csv", hours_ago=5, gone=frozenset({2}))
        assert sync(hub) is RunState.HELD
        newest.rename(tmp_path / "tuesday.csv")
        refusal(hub)


def test_a_source_that_answers_for_now_is_never_older(start: Start) -> None:
    here, hub = start()
    here.rows = [{"number": "0001", "status": "active", "name": "测试甲", "hired": "2020-01-01"}]
    assert sync(hub) is RunState.READY
    here.clock.set_wrong(timedelta(hours=-5))
    assert sync(hub) is RunState.READY


def test_who_looks_at_an_older_one_for_a_few_lets_nobody_else_be_planned_by_it(planned) -> None:
    here, hub = planned
    digest = refusal(hub).feed_digest[:12]
    plan_sync(hub, SyncRequest(requested_by="li.si", employees=["000001"], accept_feed=digest))
    refusal(hub)
    assert state_of(here, "000003") is AccountState.DISABLED
