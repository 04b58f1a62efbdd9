"""Carrying a migration out: what is right afterwards, and what stops it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from baton.clock import SystemClock
from baton.engine.settle import Verdict
from baton.errors import ApprovalError, HaltError, InDoubtError, RejectedError, RetryableError
from baton.hub import decisions
from baton.hub.migration.findings import differences, paths, refusals
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.running import Running, carry_on
from baton.hub.migration.verifying import Proof, verify
from baton.jobs.migration.waves import WavePlan
from tests.rig.records import Archive, Shelf, old_row


def migrate(archive: Archive, **given: object):
    with archive.open() as hub:
        plan = plan_migration(hub, archive.request(**given))
        return carry_on(hub, plan.run.id)


def test_every_record_arrives_exact_and_a_second_run_writes_nothing(archive: Archive) -> None:
    archive.rows = [old_row(number) for number in range(1, 2501)]
    archive.rows[11] = old_row(12, 工号="0012", 姓名="测试䶮", 工资="0.10", 备注=" spaced ")
    done = migrate(archive)
    assert (done.verdict, done.counts["compared"], done.reasons) == (Verdict.CLEAN, 2500, [])
    assert archive.shelf.rows["0012"] == {
        "code": "0012",
        "name": "测试䶮",
        "pay": Decimal("0.10"),
        "hired": date(2012, 4, 11),
        "seen": datetime(2026, 1, 13, 0, 0, tzinfo=UTC),
        "rank": 3,
        "boss": None,
        "note": " spaced ",
    }
    archive.shelf.calls.clear()
    again = migrate(archive)
    assert (again.verdict, again.counts["compared"]) == (Verdict.CLEAN, 2500)
    assert {action for action, _ in archive.shelf.calls} == {"fetch"}


def test_a_column_that_cleaning_changes_is_not_held_against_what_was_read(small: Archive) -> None:
    fix = "  - {column: 工资, fix: [money]}\n  - {column: 备注, fix: [trim, empty_if(-)]}\n"
    small.mapping = small.mapping.replace("cleaning:\n", f"cleaning:\n{fix}")
    small.rows = [old_row(1, 工资="1,234.50", 备注="-"), old_row(2, 工资="￥7")]
    done = migrate(small)
    assert (done.verdict, small.shelf.rows["00001"]["pay"], small.shelf.rows["00001"]["note"]) == (
        Verdict.CLEAN,
        Decimal("1234.50"),
        None,
    )


def test_no_call_is_larger_than_the_target_takes(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 2501)]
    migrate(small)
    assert max(size for action, size in small.shelf.calls if action == "insert") <= 700


def test_a_first_record_that_goes_wrong_stops_everything_else(small: Archive) -> None:
    def refuse(_shelf: Shelf, action: str, _rows: pl.DataFrame) -> None:
        raise RejectedError("no", code="wrong_shape")

    small.shelf.on_write = refuse
    small.rows = [old_row(number) for number in range(1, 501)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        done = carry_on(hub, plan.run.id)
        assert (done.verdict, small.shelf.rows) == (Verdict.HELD, {})
        assert len([call for call in small.shelf.calls if call[0] == "insert"]) == 1
        small.shelf.on_write = lambda *_: None
        assert carry_on(hub, plan.run.id).verdict is Verdict.HELD, "a held run waits for a person"
        decisions.release(hub, plan.run.id, "another person", "the vendor has mended it")
        done = carry_on(hub, plan.run.id)
    assert (len(small.shelf.rows), done.verdict, done.counts["refused"]) == (499, Verdict.INCOMPLETE, 1)


def test_who_has_seen_the_first_hold_decides_nothing_about_the_second(small: Archive) -> None:
    def refuse(_shelf: Shelf, action: str, _rows: pl.DataFrame) -> None:
        raise RejectedError("no", code="wrong_shape")

    small.shelf.on_write = refuse
    small.rows = [old_row(number) for number in range(1, 1001)]
    with small.open() as hub:
        run_id = plan_migration(hub, small.request()).run.id
        first = carry_on(hub, run_id).run.plan_hash
        decisions.release(hub, run_id, "another person", "one is none", first[:12])
        done = carry_on(hub, run_id)
        assert (done.verdict, done.run.plan_hash == first) == (Verdict.HELD, False)
        for decide in (decisions.release, decisions.reject):
            with pytest.raises(ApprovalError) as caught:
                decide(hub, run_id, "a third person", "one is none", first)
            assert caught.value.code == "other_plan"
        assert decisions.release(hub, run_id, "a third person", "let us see", done.run.plan_hash) > 0


def test_one_bad_record_is_refused_alone(small: Archive) -> None:
    def picky(_shelf: Shelf, action: str, rows: pl.DataFrame) -> None:
        if "00333" in rows["code"].to_list():
            raise RejectedError("one of these is wrong", code="bad_record", remedy="mend it")

    small.shelf.on_write = picky
    small.rows = [old_row(number) for number in range(1, 501)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        done = carry_on(hub, plan.run.id)
        assert refusals(hub, plan.run.id).select("row", "code").rows() == [(334, "bad_record")]
    assert (done.verdict, done.counts["refused"], len(small.shelf.rows)) == (Verdict.INCOMPLETE, 1, 499)


def test_lost_answers_and_passing_failures_end_in_one_record_each(small: Archive) -> None:
    troubles = iter(
        [
            lambda: RetryableError("busy", retry_after_s=1),
            lambda: InDoubtError("no answer"),
            lambda: ValueError("unforeseen"),
            lambda: RetryableError("busy"),
        ]
    )

    def troubled(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        trouble = next(troubles, None)
        if trouble is not None:
            raise trouble()

    small.shelf.after_write = troubled
    small.rows = [old_row(number) for number in range(1, 2001)]
    done = migrate(small)
    assert (done.verdict, len(small.shelf.rows), done.counts["alike"]) == (Verdict.CLEAN, 2000, 2000)


def test_a_target_that_says_yes_and_drops_rows_is_found(small: Archive) -> None:
    def drop(shelf: Shelf, _action: str, rows: pl.DataFrame) -> None:
        for code in rows["code"].to_list():
            if code in ("00200", "00301"):
                shelf.rows.pop(code)

    small.shelf.after_write = drop
    small.rows = [old_row(number) for number in range(1, 401)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        done = carry_on(hub, plan.run.id)
        found = differences(hub, plan.run.id).select("row", "cause").rows()
    assert (done.verdict, found) == (Verdict.INCOMPLETE, [(201, "missing"), (302, "missing")])


def test_a_target_that_trims_is_found_and_told_from_one_that_changes(small: Archive) -> None:
    def trim(shelf: Shelf, _action: str, rows: pl.DataFrame) -> None:
        for code in rows["code"].to_list():
            row = shelf.rows[code]
            row["note"] = row["note"].strip() if row["note"] else row["note"]

    small.shelf.after_write = trim
    small.rows = [old_row(number) for number in range(1, 401)]
    small.rows[300]["备注"] = "trailing "
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        done = carry_on(hub, plan.run.id)
        found = differences(hub, plan.run.id).select("row", "column", "cause", "expected", "found").rows()
    assert done.verdict is Verdict.INCOMPLETE
    assert found == [(302, "note", "padding", "trailing␣ (9)", "trailing (8)")]


def test_a_record_that_somebody_else_makes_meanwhile_is_left_alone_and_named(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 101)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        small.shelf.rows["00050"] = {"code": "00050", "name": "theirs"}
        done = carry_on(hub, plan.run.id)
        assert refusals(hub, plan.run.id)["code"].to_list() == ["changed"]
    assert (small.shelf.rows["00050"]["name"], done.counts["refused"], done.verdict) == (
        "theirs",
        1,
        Verdict.INCOMPLETE,
    )


def test_a_target_that_needs_a_person_stops_the_run_and_resuming_finishes_it(small: Archive) -> None:
    def closed(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        raise HaltError("the password has expired", remedy="renew it")

    small.rows = [old_row(number) for number in range(1, 101)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        small.shelf.on_write = closed
        done = carry_on(hub, plan.run.id)
        assert done.verdict is not Verdict.CLEAN
        assert any("password" in reason for reason in done.reasons)
        small.shelf.on_write = lambda *_: None
        if done.verdict is Verdict.HELD:
            decisions.release(hub, plan.run.id, "another person", "renewed")
        small.clock.sleep(7200)
        done = carry_on(hub, plan.run.id)
    assert (done.verdict, len(small.shelf.rows)) == (Verdict.CLEAN, 100)


def test_the_kill_switch_stops_a_migration(small: Archive) -> None:
    small.rows = [old_row(1)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        with hub.database.write() as connection:
            hub.runs.engage(connection, "all", "somebody", "stop")
        done = carry_on(hub, plan.run.id)
    assert small.shelf.rows == {}
    assert done.verdict is not Verdict.CLEAN


def test_one_record_can_be_followed_from_its_row_to_its_read_back(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 101)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        (path,) = paths(hub, plan.run.id, {"code": "00042"})
        assert list(paths(hub, plan.run.id, {"code": "nobody"})) == []
    assert (path.source_row, path.action, path.effect_state, path.outcome, path.alike) == (
        43,
        "insert",
        "done",
        "done",
        True,
    )
    assert path.planned_digest == path.result_digest != path.source_digest


def test_the_summary_stands_in_the_audit_log(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 11)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        with hub.database.read() as connection:
            bodies = (
                connection.exec_driver_sql("SELECT body FROM audit_entries WHERE kind = 'migration'").scalars().all()
            )
    assert len(bodies) == 1
    assert plan.run.plan_hash in bodies[0]
    assert "测试" not in bodies[0]


def test_a_second_look_places_each_difference_in_its_stage(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 101)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        assert verify(hub, plan.run.id).alike
        small.rows[10]["姓名"] = "另一人"
        small.shelf.rows["00030"]["note"] = "edited"
        del small.shelf.rows["00031"]
        found = verify(hub, plan.run.id)
    assert not found.alike
    assert found.differences[Proof.SOURCE].select("row", "column").rows() == [(12, "姓名")]
    assert found.differences[Proof.TRANSFORM].height == 0
    assert set(found.differences[Proof.RESULT].select("row", "column", "cause").rows()) == {
        (31, "note", "value"),
        (32, "", "missing"),
    }


def test_a_second_worker_writes_what_the_first_has_not_begun(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.rows = [old_row(number) for number in range(1, 4101)]
    others: list[int] = []

    def meanwhile(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        archive.shelf.on_write = lambda *_: None
        with archive.open() as elsewhere:
            second = Running(elsewhere, plan.run.id)
            assert second.send(1) == ""
        others.append(len(archive.shelf.rows))

    with archive.open() as hub:
        plan = plan_migration(hub, archive.request(waves=WavePlan(0, 0)))
        first = Running(hub, plan.run.id)
        archive.shelf.on_write = meanwhile
        monkeypatch.setattr(Running, "_leased_until", lambda _: None)  # both are in this thread: neither may wait
        assert first.send(1) == ""
        assert first.close(1)
        assert first.conclude().verdict is Verdict.CLEAN
    assert others == [2100]
    assert sum(size for action, size in archive.shelf.calls if action == "insert") == 4100


@pytest.mark.parametrize("threads", [4])
def test_several_threads_write_each_record_once(archive: Archive, threads: int) -> None:
    archive.threads = threads
    archive.clock = SystemClock()  # threads that wait on a virtual clock let each other's leases run out
    archive.rows = [old_row(number) for number in range(1, 6001)]
    done = migrate(archive)
    assert (done.verdict, len(archive.shelf.rows)) == (Verdict.CLEAN, 6000)
    assert sum(size for action, size in archive.shelf.calls if action == "insert") == 6000
