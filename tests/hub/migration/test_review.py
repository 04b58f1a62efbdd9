"""What a hostile reader tried: late workers, other people's edits, targets with a mind of their own."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from baton.engine.settle import Verdict
from baton.errors import BatonError, HaltError, InDoubtError, RejectedError, RetryableError
from baton.hub import decisions
from baton.hub.migration.findings import refusals
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from baton.hub.migration.verifying import verify
from baton.jobs.migration.waves import WavePlan
from baton.model.account import FieldSpec
from baton.records.compare import Cause
from tests.rig.records import STAFF, Archive, Shelf, old_row

AT_ONCE = WavePlan(0, 0)


def migrated(archive: Archive, hub, **given: object) -> str:
    plan = plan_migration(hub, archive.request(**{"waves": AT_ONCE, **given}))
    carry_on(hub, plan.run.id)
    return plan.run.id


def test_a_record_that_others_have_added_to_is_not_taken_out(small: Archive) -> None:
    small.fields = {**STAFF, "theirs": FieldSpec()}
    small.rows = [old_row(number) for number in range(1, 6)]
    with small.open() as hub:
        run = migrated(small, hub)
        small.shelf.rows["00002"]["theirs"] = "weeks of work"
        undo = plan_rollback(hub, run, "tester")
        done = carry_on(hub, undo.id)
        assert refusals(hub, undo.id)["row"].to_list() == [3]
    assert (list(small.shelf.rows), done.verdict) == (["00002"], Verdict.INCOMPLETE)


def test_an_edit_between_our_write_and_our_look_is_not_taken_for_ours(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 6)]

    def dies(point: str) -> None:
        if point == "stored":
            raise KeyboardInterrupt

    small.crash_point = dies
    with small.open() as hub:
        plan = plan_migration(hub, small.request(waves=AT_ONCE))
        with pytest.raises(KeyboardInterrupt):
            carry_on(hub, plan.run.id)
    small.crash_point = lambda _: None
    small.shelf.rows["00003"]["name"] = "edited meanwhile"
    with small.open() as hub:
        carry_on(hub, plan.run.id)
        done = carry_on(hub, plan_rollback(hub, plan.run.id, "tester").id)
    assert (list(small.shelf.rows), done.verdict) == (["00003"], Verdict.INCOMPLETE)


@pytest.mark.parametrize("lost", [InDoubtError("no answer"), ValueError("unforeseen")])
def test_what_a_target_trims_is_ours_also_when_the_answer_was_lost(small: Archive, lost: Exception) -> None:
    once = iter([lost])

    def trim(shelf: Shelf, action: str, rows: pl.DataFrame) -> None:
        for code in rows["code"].to_list() if action != "delete" else ():
            shelf.rows[code]["note"] = shelf.rows[code]["note"].strip()
        error = next(once, None)
        if error is not None:
            raise error

    small.shelf.after_write = trim
    small.rows = [old_row(number, 备注="padded ") for number in range(1, 41)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request(waves=AT_ONCE))
        done = carry_on(hub, plan.run.id)
        assert (done.counts["refused"], done.counts["different"], done.counts[Cause.PADDING.value]) == (0, 40, 40)
        done = carry_on(hub, plan_rollback(hub, plan.run.id, "tester").id)
    assert (small.shelf.rows, done.verdict) == ({}, Verdict.CLEAN)


def test_a_rollback_leaves_alone_what_another_run_has_written(small: Archive) -> None:
    def picky(_shelf: Shelf, _action: str, rows: pl.DataFrame) -> None:
        if "00003" in rows["code"].to_list():
            raise RejectedError("not now", code="closed")

    small.shelf.on_write = picky
    small.rows = [old_row(number) for number in range(1, 6)]
    with small.open() as hub:
        first = migrated(small, hub)
        small.shelf.on_write = lambda *_: None
        small.clock.sleep(60)
        second = migrated(small, hub)
        with pytest.raises(BatonError, match="has written to new/staff since"):
            plan_rollback(hub, first, "tester")
        carry_on(hub, plan_rollback(hub, second, "tester").id)
        done = carry_on(hub, plan_rollback(hub, first, "tester").id)
    assert (small.shelf.rows, done.verdict) == ({}, Verdict.CLEAN)


def test_children_wait_for_parents_that_have_to_be_tried_again(small: Archive) -> None:
    small.threads = 1
    small.page_rows = 1000
    busy = iter([True, True])

    def strict(shelf: Shelf, action: str, rows: pl.DataFrame) -> None:
        if action == "insert":
            if rows["boss"].null_count() and next(busy, False):
                raise RetryableError("busy")
            for boss in rows["boss"].drop_nulls().to_list():
                if boss not in shelf.rows:
                    raise RejectedError("no such boss", code="foreign_key")

    small.shelf.on_write = strict
    small.rows = [old_row(1)] + [old_row(number, 上级="00001") for number in range(2, 12)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request(waves=AT_ONCE))
        done = carry_on(hub, plan.run.id)
        small.clock.sleep(7200)
        done = carry_on(hub, plan.run.id) if done.verdict is not Verdict.CLEAN else done
    assert (done.verdict, len(small.shelf.rows)) == (Verdict.CLEAN, 11)


def test_a_key_that_only_the_target_finds_equal_is_refused_and_does_not_hold_up_the_rest(small: Archive) -> None:
    class CaseBlind(small.kind):  # type: ignore[name-defined]
        def _one(self, action, row, was):
            taken = {code.lower() for code in self.shelf.rows}
            if action == "insert" and row["code"].lower() in taken:
                return self.REFUSED
            return super()._one(action, row, was)

    from baton.model.account import Receipt

    CaseBlind.REFUSED = Receipt.refused(CaseBlind.CHANGED, "not as expected")
    small.kind = CaseBlind
    small.shelf.rows["a1"] = {"code": "a1"}
    small.rows = [old_row(1, 工号="A1"), *(old_row(number) for number in range(2, 30))]
    with small.open() as hub:
        plan = plan_migration(hub, small.request(waves=AT_ONCE))
        done = carry_on(hub, plan.run.id)
        assert refusals(hub, plan.run.id)["code"].to_list() == ["key_conflict"]
    assert (done.counts["open"], len(small.shelf.rows)) == (0, 29)


def test_a_release_lets_the_next_wave_go_and_no_further(small: Archive) -> None:
    def refuse(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        raise RejectedError("no", code="closed")

    small.shelf.on_write = refuse
    small.rows = [old_row(number) for number in range(1, 301)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        for held_with in (1, 4):
            done = carry_on(hub, plan.run.id)
            assert (done.verdict, done.counts["refused"]) == (Verdict.HELD, held_with)
            decisions.release(hub, plan.run.id, "another person", "looked at it")


def test_a_second_look_does_not_call_alike_what_was_refused(small: Archive) -> None:
    def picky(_shelf: Shelf, _action: str, rows: pl.DataFrame) -> None:
        if "00003" in rows["code"].to_list():
            raise RejectedError("not now", code="closed")

    small.shelf.on_write = picky
    small.rows = [old_row(number) for number in range(1, 6)]
    with small.open() as hub:
        assert not verify(hub, migrated(small, hub)).alike


def test_a_look_that_fails_after_the_write_leaves_the_write_in_doubt(small: Archive) -> None:
    class Moody(small.kind):  # type: ignore[name-defined]
        looks = 0

        def fetch(self, collection, keys, fields):
            type(self).looks += 1
            if type(self).looks == 1:
                raise RejectedError("cannot read just now", code="stored_value")
            return super().fetch(collection, keys, fields)

    lost = iter([True])

    def loses(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        if next(lost, False):
            raise InDoubtError("no answer")

    small.kind = Moody
    small.shelf.after_write = loses
    small.rows = [old_row(number) for number in range(1, 1001)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request(waves=AT_ONCE))
        done = carry_on(hub, plan.run.id)
    assert (done.verdict, len(small.shelf.rows)) == (Verdict.CLEAN, 1000)


def test_a_target_that_needs_a_person_does_not_hold_the_run_for_a_second_one(small: Archive) -> None:
    def closed(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        raise HaltError("the password has expired")

    small.shelf.on_write = closed
    small.rows = [old_row(number) for number in range(1, 11)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        assert carry_on(hub, plan.run.id).verdict is not Verdict.HELD
        small.shelf.on_write = lambda *_: None
        small.clock.sleep(7200)
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN


def test_what_cannot_be_read_cannot_be_kept(small: Archive) -> None:
    small.fields = {**STAFF, "rank": replace(STAFF["rank"], readable=False)}
    small.mapping = small.mapping.replace(
        "via: [trim, integer]}\n  boss", "via: [trim, integer], otherwise: keep-current}\n  boss"
    )
    small.rows = [old_row(1)]
    with small.open() as hub, pytest.raises(BatonError, match="cannot be read back"):
        plan_migration(hub, small.request())
