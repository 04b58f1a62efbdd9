"""Taking a migration back: exactly what we changed, and nothing that others have changed since."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from baton.engine.settle import Verdict
from baton.errors import BatonError, HaltError, InDoubtError
from baton.hub import Hub
from baton.hub.execution import find_run
from baton.hub.migration.findings import refusals, report_document
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.retention import purge
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import Running, carry_on
from baton.jobs.migration.waves import WavePlan
from baton.model.effect import LATEST_COPY
from baton.store.tables import audit
from tests.rig.records import Archive, NewSystem, Shelf, old_row


def filled(archive: Archive, count: int) -> dict:
    """A target in which every third record exists already, in another state."""
    archive.rows = [old_row(number) for number in range(1, count + 1)]
    empty = dict.fromkeys(archive.fields)
    for number in range(3, count + 1, 3):
        archive.shelf.rows[f"{number:05d}"] = {**empty, "code": f"{number:05d}", "name": f"old {number}"}
    archive.shelf.rows["other"] = {**empty, "code": "other", "name": "nobody's business"}
    return copy.deepcopy(archive.shelf.rows)


def test_everything_is_as_it_was_before(archive: Archive) -> None:
    before = filled(archive, 2400)
    with archive.open() as hub:
        plan = plan_migration(hub, archive.request())
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN
        assert archive.shelf.rows != before
        undo = plan_rollback(hub, plan.run.id, "tester")
        done = carry_on(hub, undo.id)
        assert (done.verdict, done.counts["compared"]) == (Verdict.CLEAN, 2400)
        assert archive.shelf.rows == before
        archive.shelf.calls.clear()
        again = carry_on(hub, plan_rollback(hub, plan.run.id, "tester").id)
    assert (again.verdict, archive.shelf.rows) == (Verdict.CLEAN, before)


def test_what_others_have_changed_since_stays_and_is_listed(archive: Archive) -> None:
    before = filled(archive, 300)
    chance = random.Random(3)
    with archive.open() as hub:
        plan = plan_migration(hub, archive.request())
        carry_on(hub, plan.run.id)
        edited = set(chance.sample([f"{number:05d}" for number in range(1, 301)], 15))
        for code in edited:
            archive.shelf.rows[code]["note"] = "edited later"
        undo = plan_rollback(hub, plan.run.id, "tester")
        done = carry_on(hub, undo.id)
        left = refusals(hub, undo.id)
    assert (done.verdict, done.counts["refused"]) == (Verdict.INCOMPLETE, 15)
    assert {f"{row - 1:05d}" for row in left["row"].to_list()} == edited
    assert all(archive.shelf.rows[code]["note"] == "edited later" for code in edited)
    assert {code: row for code, row in archive.shelf.rows.items() if code not in edited} == {
        code: row for code, row in before.items() if code not in edited
    }


def test_records_that_the_target_trimmed_are_ours_and_go_back(small: Archive) -> None:
    def trim(shelf: Shelf, action: str, rows: pl.DataFrame) -> None:
        for code in rows["code"].to_list() if action != "delete" else ():
            note = shelf.rows[code]["note"]
            shelf.rows[code]["note"] = note.strip() if note else note

    small.shelf.after_write = trim
    small.rows = [old_row(number, 备注="padded ") for number in range(1, 41)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request(waves=small.request().waves.__class__(0, 0)))
        carry_on(hub, plan.run.id)
        done = carry_on(hub, plan_rollback(hub, plan.run.id, "tester").id)
    assert (small.shelf.rows, done.verdict) == ({}, Verdict.CLEAN)


def test_a_run_that_stopped_half_way_is_taken_back_as_far_as_it_came(small: Archive) -> None:
    before = filled(small, 1500)
    calls = iter(range(100))

    def dies(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        if next(calls) == 3:
            raise KeyboardInterrupt

    small.shelf.after_write = dies
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        with pytest.raises(KeyboardInterrupt):
            carry_on(hub, plan.run.id)
    small.shelf.after_write = lambda *_: None
    assert small.shelf.rows != before
    with small.open() as hub:
        undo = plan_rollback(hub, plan.run.id, "tester")
        assert carry_on(hub, undo.id).verdict is not Verdict.CLEAN
        small.clock.sleep(LATEST_COPY.total_seconds() + 1)
        done = carry_on(hub, undo.id)
    assert (small.shelf.rows, done.verdict) == (before, Verdict.CLEAN)


def test_what_may_still_arrive_of_a_lost_request_is_waited_for(small: Archive) -> None:
    """A copy that comes once its record was taken back would find just what it expects, and bring the record again."""
    before = filled(small, 5)
    copies: list[Callable[[], object]] = []

    def lost(shelf: Shelf, action: str, rows: pl.DataFrame) -> None:
        if not copies:
            copies.append(lambda: NewSystem(shelf)._write(action, rows, None))
            raise InDoubtError("no answer in time", code="timeout")

    small.shelf.on_write = lost
    with small.open() as hub:
        plan = plan_migration(hub, small.request(waves=WavePlan(0, 0)))
        small.clock.sleep(60)
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN
        loaded = copy.deepcopy(small.shelf.rows)
        undo = plan_rollback(hub, plan.run.id, "tester")
        waiting = carry_on(hub, undo.id)
        assert (waiting.verdict, small.shelf.rows) == (Verdict.BROKEN, loaded)
        assert any("may still arrive" in reason for reason in waiting.reasons)
        copies[0]()
        small.clock.sleep(LATEST_COPY.total_seconds() + 1)
        assert carry_on(hub, undo.id).verdict is Verdict.CLEAN
    assert small.shelf.rows == before


def test_what_may_still_arrive_of_a_rollback_is_waited_for_before_the_same_is_migrated_again(small: Archive) -> None:
    """A copy of a lost request to take records out finds them just as it expects once they are there again."""
    small.rows = [old_row(number) for number in range(1, 6)]
    copies: list[Callable[[], object]] = []

    def lost(shelf: Shelf, action: str, rows: pl.DataFrame) -> None:
        if action == "delete" and not copies:
            copies.append(lambda: NewSystem(shelf)._write(action, rows, rows))
            raise InDoubtError("no answer in time", code="timeout")

    small.shelf.on_write = lost
    with small.open() as hub:
        plan = plan_migration(hub, small.request(waves=WavePlan(0, 0)))
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN
        loaded = copy.deepcopy(small.shelf.rows)
        undo = plan_rollback(hub, plan.run.id, "tester")
        small.clock.sleep(60)
        assert carry_on(hub, undo.id).verdict is Verdict.CLEAN
        assert (small.shelf.rows, len(copies)) == ({}, 1)
        again = plan_migration(hub, small.request(waves=WavePlan(0, 0)))
        waiting = carry_on(hub, again.run.id)
        copies[0]()
        small.clock.sleep(LATEST_COPY.total_seconds() + 1)
        done = carry_on(hub, again.run.id)
        other = plan_migration(hub, small.request(waves=WavePlan(0, 0)))
    assert small.shelf.rows == loaded
    assert any("may still arrive" in reason for reason in waiting.reasons)
    assert (done.verdict, done.counts["alike"]) == (Verdict.CLEAN, 5)
    assert {each.intention.due_at for each in other.drafted} <= {small.clock.now()}, "nothing is late any more"


def test_without_the_staged_records_there_is_no_rollback_and_it_is_said_why(small: Archive) -> None:
    small.rows = [old_row(1)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request(retention_days=7))
        carry_on(hub, plan.run.id)
        assert purge(hub) == []
        small.clock.sleep(8 * 86_400)
        assert purge(hub) == [plan.run.id]
        assert list(hub.staging.folders()) == []
        with pytest.raises(BatonError, match="deleted"):
            plan_rollback(hub, plan.run.id, "tester")


def test_a_rollback_that_is_not_finished_is_gone_on_with_when_it_is_asked_for_again(small: Archive) -> None:
    before = filled(small, 30)
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        first = plan_rollback(hub, plan.run.id, "tester")
        again = plan_rollback(hub, plan.run.id, "another person")
        assert again.id == first.id
        assert carry_on(hub, again.id).verdict is Verdict.CLEAN
    assert small.shelf.rows == before


def test_a_worker_that_died_while_it_looked_into_a_doubt_is_waited_for(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 31)]

    def dies_at(name: str) -> Callable[[str], None]:
        def die(point: str) -> None:
            if point == name:
                raise KeyboardInterrupt

        return die

    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        for point in ("sending", "looking_up"):
            hub.crash_point = dies_at(point)
            with pytest.raises(KeyboardInterrupt):
                carry_on(hub, plan.run.id)
        hub.crash_point = lambda _: None
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN
    assert len(small.shelf.rows) == 30


def _verdicts(hub: Hub) -> int:
    """How many verdicts on migrations the audit log has."""
    with hub.database.read() as connection:
        query = sa.select(sa.func.count()).select_from(audit.entries).where(audit.entries.c.kind == "migration")
        return connection.execute(query).scalar_one()


def test_a_run_that_was_taken_back_gets_no_second_verdict(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 21)]
    with small.open() as hub:
        run = plan_migration(hub, small.request()).run.id
        carry_on(hub, run)
        undo = plan_rollback(hub, run, "tester")
        carry_on(hub, undo.id)
        before, said = _verdicts(hub), find_run(hub, run)
        small.clock.sleep(60)
        for again in (carry_on(hub, run), Running(hub, run).conclude()):
            assert (again.verdict, again.undone_by) == (Verdict.INCOMPLETE, undo.id)
            assert again.reasons == [f"taken back by {undo.id}"]
        assert (_verdicts(hub), find_run(hub, run), small.shelf.rows) == (before, said, {})
        assert report_document(hub, run)["run"]["undone_by"] == undo.id
        assert report_document(hub, undo.id)["run"]["undone_by"] == ""


def test_a_verdict_that_a_rollback_overtakes_is_not_settled(small: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    small.rows = [old_row(number) for number in range(1, 21)]
    with small.open() as hub:
        run = plan_migration(hub, small.request()).run.id
        honest = Running._reasons
        undone: list[str] = []

        def overtaken(running: Running, *given: Any) -> list[str]:
            if not running.move.undoes and not undone:
                undone.append(plan_rollback(hub, run, "tester").id)
                carry_on(hub, undone[0])
            return honest(running, *given)

        monkeypatch.setattr(Running, "_reasons", overtaken)
        done = carry_on(hub, run)
        assert (done.undone_by, find_run(hub, run).verdict, _verdicts(hub)) == (undone[0], "", 1)


def test_a_run_that_was_taken_back_half_way_sends_nothing_more_and_is_purged_in_time(small: Archive) -> None:
    def gone(shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        if shelf.rows:
            raise HaltError("the password has expired", remedy="renew it")

    small.rows = [old_row(number) for number in range(1, 101)]
    small.shelf.on_write = gone
    with small.open() as hub:
        run = plan_migration(hub, small.request()).run.id
        assert Running(hub, run).send(1) == ""
        small.shelf.on_write = lambda *_: None
        undo = plan_rollback(hub, run, "tester")
        small.clock.sleep(LATEST_COPY.total_seconds() + 1)
        carry_on(hub, undo.id)
        assert carry_on(hub, run).undone_by == undo.id
        assert small.shelf.rows == {}
        small.clock.sleep(40 * 86400)
        assert sorted(purge(hub)) == sorted([run, undo.id])
