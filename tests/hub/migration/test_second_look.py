"""Looking again: records that nobody planned, and what can be said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from baton.contracts import Collection, Feed, RecordTarget
from baton.engine.settle import Verdict
from baton.hub.decisions import reject
from baton.hub.migration import planning
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.quarantine import write_quarantine
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from baton.hub.migration.verifying import Proof, Untold, verify
from baton.jobs.migration.surplus import NO_ROW
from baton.jobs.migration.transform import ROW, Transformed
from baton.jobs.migration.waves import WavePlan
from baton.model.account import Receipt
from baton.model.source_rows import SourcePage
from tests.rig.records import MAPPING, STAFF, Archive, NewSystem, OldSystem, Shelf, old_row


class Unreadable(NewSystem):
    """Can be counted, and asked by key; cannot be read whole."""

    def collections(self) -> list[str]:
        return []


@pytest.mark.parametrize(("kind", "said"), [(NewSystem, "stray (5)"), (Unreadable, "1 records")])
def test_a_record_that_nobody_planned_is_named_where_the_target_can_be_read_and_counted_where_not(
    small: Archive, kind: type[RecordTarget], said: str
) -> None:
    small.kind = kind
    small.rows = [old_row(number) for number in range(1, 101)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN
        small.shelf.rows["stray"] = {**dict.fromkeys(STAFF), "code": "stray"}
        del small.shelf.rows["00007"]
        found = verify(hub, plan.run.id).differences[Proof.RESULT]
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN, "what was proved then stays proved"
    assert found.select("row", "cause", "found").rows() == [(8, "missing", ""), (NO_ROW, "extra", said)]


def test_in_a_collection_that_was_not_empty_nobody_is_called_surplus(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 11)]
    small.shelf.rows["theirs"] = {**dict.fromkeys(STAFF), "code": "theirs"}
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        assert verify(hub, plan.run.id).alike


def test_planned_records_that_stand_twice_or_come_from_no_row_are_of_the_mapping(
    small: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = planning.transform

    def inventive(*given: object) -> Transformed:
        done = honest(*given)
        copy, invention = (
            done.records[2:3],
            done.records[4:5].with_columns(pl.lit(999, pl.Int64).alias(ROW), pl.lit("nobody").alias("code")),
        )
        return replace(done, records=pl.concat([done.records, copy, invention]))

    monkeypatch.setattr(planning, "transform", inventive)
    monkeypatch.setattr(planning, "agree", lambda *_: [])
    monkeypatch.setattr(planning._Planning, "_used", lambda _self, source, *_: source)
    small.rows = [old_row(number) for number in range(1, 11)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        found = verify(hub, plan.run.id)
    assert set(found.differences[Proof.TRANSFORM].select("row", "cause").rows()) == {(4, "duplicate"), (999, "extra")}
    assert found.differences[Proof.SOURCE].height == found.differences[Proof.RESULT].height == 0


@pytest.mark.parametrize("lost", ["备注", "工号"])
def test_a_column_that_the_source_has_lost_since_is_a_difference_of_the_source(small: Archive, lost: str) -> None:
    """A later export without it is just what a second look is there to find."""
    gone: list[str] = []

    class Narrower(OldSystem):
        def records(self, collection: str) -> Feed:
            feed = super().records(collection)
            return Feed(feed.origin, (SourcePage(page.rows.drop(gone), page.first_row) for page in feed.pages))

    small.source = Narrower
    small.rows = [old_row(number) for number in range(1, 5)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        gone.append(lost)
        found = verify(hub, plan.run.id)
    told = found.differences[Proof.SOURCE].select("row", "column", "cause").rows()
    everyone = [(row, "", cause) for cause in ("missing", "extra") for row in range(2, 6)]
    assert told == ([(4, lost, "value")] if lost == "备注" else everyone)
    assert found.differences[Proof.TRANSFORM].height == found.differences[Proof.RESULT].height == 0


@pytest.mark.parametrize("kind", [NewSystem, Unreadable])
def test_what_was_fed_back_from_the_quarantine_is_not_surplus_to_the_first_run(
    small: Archive, tmp_path: Path, kind: type[RecordTarget]
) -> None:
    small.kind = kind
    small.rows = [old_row(number, 级别="x" if number in (12, 31) else "1") for number in range(1, 101)]
    aside = tmp_path / "aside.csv"
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        settled = carry_on(hub, first).reasons
        assert settled == ["2 source rows are in quarantine"]
        write_quarantine(hub, first, aside)
        aside.write_text(aside.read_text("utf-8").replace(",x,", ",3,"), "utf-8")
        small.clock.sleep(60)
        fed = plan_migration(hub, small.request(quarantine=aside, corrects=first)).run.id
        assert carry_on(hub, fed).verdict is Verdict.CLEAN
        assert (verify(hub, first).alike, verify(hub, fed).alike) == (True, True)
        assert carry_on(hub, first).reasons == settled
        small.shelf.rows["stray"] = {**dict.fromkeys(STAFF), "code": "stray"}
        found = verify(hub, first).differences[Proof.RESULT]
        assert found.select("row", "cause").rows() == [(NO_ROW, "extra")], (
            "what really is surplus is found all the same"
        )
        assert carry_on(hub, first).reasons[-1] == "the target has 1 records more than it should"
        carry_on(hub, plan_rollback(hub, fed, "tester").id)
        small.shelf.rows["00012"] = {**dict.fromkeys(STAFF), "code": "00012"}
        assert verify(hub, first).differences[Proof.RESULT].height == (2 if kind is NewSystem else 1)


def stray(small: Archive) -> None:
    """A record that nobody planned."""
    small.shelf.rows["stray"] = {**dict.fromkeys(STAFF), "code": "stray"}


def test_a_surplus_is_found_beside_an_own_record_that_a_later_run_has_brought_back(small: Archive) -> None:
    """The record was left out of what is there, though it is one of those that should be: the stray one made up."""
    small.rows = [old_row(number) for number in range(1, 6)]
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        assert carry_on(hub, first).verdict is Verdict.CLEAN
        small.clock.sleep(60)
        del small.shelf.rows["00003"]
        assert carry_on(hub, plan_migration(hub, small.request()).run.id).verdict is Verdict.CLEAN
        assert carry_on(hub, first).reasons == []
        stray(small)
        assert carry_on(hub, first).reasons == ["the target has 1 records more than it should"]
        assert verify(hub, first).differences[Proof.RESULT].select("row", "cause").rows() == [(NO_ROW, "extra")]


class Forgetful(NewSystem):
    """Says that it has stored a certain record, and has not."""

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        receipts = super().insert(collection, rows)
        self.shelf.rows.pop("00002", None)
        return receipts


class Choosy(NewSystem):
    """Refuses a certain record."""

    def _one(self, action: str, row: dict[str, Any], was: dict[str, Any] | None) -> Receipt:
        return Receipt.refused("no", "not so") if row["code"] == "00002" else super()._one(action, row, was)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Forgetful, "1 records were read back otherwise than planned"),
        (Choosy, "1 records were refused by the target"),
    ],
)
def test_an_own_record_that_only_a_later_run_could_bring_is_no_surplus(
    small: Archive, kind: type[NewSystem], said: str
) -> None:
    """It was counted as not there when the run was proven; that a later one has brought it makes none too many."""
    small.kind = kind
    small.rows = [old_row(number) for number in range(1, 31)]
    with small.open() as hub:
        first = plan_migration(hub, small.request(waves=WavePlan(0, 0))).run.id
        before = carry_on(hub, first).reasons
        assert said in before
        small.clock.sleep(60)
        small.kind = NewSystem
    with small.open() as hub:
        assert carry_on(hub, plan_migration(hub, small.request()).run.id).verdict is Verdict.CLEAN
        assert carry_on(hub, first).reasons == before
        assert "extra" not in verify(hub, first).differences[Proof.RESULT].get_column("cause").to_list()
        stray(small)
        assert "the target has 1 records more than it should" in carry_on(hub, first).reasons
        found = verify(hub, first).differences[Proof.RESULT]
        assert found.filter(pl.col("cause") == "extra").get_column("found").to_list() == ["stray (5)"]


def test_a_strangers_record_that_a_later_run_was_refused_is_a_surplus_all_the_same(archive: Archive) -> None:
    """It was taken for what the later run had brought, since that had planned to."""
    archive.rows = [old_row(number) for number in range(1, 6)]
    with archive.open() as hub:
        first = plan_migration(hub, archive.request()).run.id
        assert carry_on(hub, first).verdict is Verdict.CLEAN
        archive.clock.sleep(60)
        archive.rows += [old_row(6), old_row(7)]
        later = plan_migration(hub, archive.request(waves=WavePlan(0, 0))).run.id
        archive.shelf.rows["00006"] = {**dict.fromkeys(STAFF), "code": "00006", "name": "theirs"}
        assert carry_on(hub, later).counts["refused"] == 1
        assert carry_on(hub, first).reasons == ["the target has 1 records more than it should"]
        assert verify(hub, first).differences[Proof.RESULT].select("row", "cause").rows() == [(NO_ROW, "extra")]


def test_a_strangers_record_that_a_later_run_was_stopped_from_bringing_is_a_surplus(archive: Archive) -> None:
    """The later run was rejected after its first wave: the rest was never sent."""

    def spoil(shelf: Shelf, _action: str, rows: pl.DataFrame) -> None:
        shelf.rows[rows["code"][0]]["note"] = "rewritten by the target"

    archive.rows = [old_row(number) for number in range(1, 6)]
    with archive.open() as hub:
        first = plan_migration(hub, archive.request()).run.id
        assert carry_on(hub, first).verdict is Verdict.CLEAN
        archive.clock.sleep(60)
        archive.rows += [old_row(6), old_row(7)]
        later = plan_migration(hub, archive.request(waves=WavePlan(1, 0))).run.id
        archive.shelf.after_write = spoil
        assert carry_on(hub, later).verdict is Verdict.HELD
        archive.shelf.after_write = lambda *_: None
        reject(hub, later, "reviewer", "not like this")
        assert carry_on(hub, first).reasons == []
        (unsent,) = {"00006", "00007"} - set(archive.shelf.rows)
        archive.shelf.rows[unsent] = {**dict.fromkeys(STAFF), "code": unsent}
        assert carry_on(hub, first).reasons == ["the target has 1 records more than it should"]
        assert verify(hub, first).differences[Proof.RESULT].select("row", "cause").rows() == [(NO_ROW, "extra")]


def test_where_a_later_run_is_deleted_already_nobody_is_called_surplus(small: Archive) -> None:
    """What it has brought cannot be told from what nobody planned; that it was not looked for is told."""
    small.rows = [old_row(1)]
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        carry_on(hub, first)
        small.clock.sleep(60)
        small.rows.append(old_row(2))
        later = plan_migration(hub, small.request()).run.id
        carry_on(hub, later)
        assert verify(hub, later).untold is Untold.NOT_EMPTY
        assert verify(hub, first).untold is None
        with hub.database.write() as connection:
            hub.moves.purged(connection, later, small.clock.now())
        found = verify(hub, first)
        assert (found.differences[Proof.RESULT].is_empty(), found.untold) == (True, Untold.DELETED)
        assert carry_on(hub, first).reasons == []


def test_rows_that_only_moved_are_alike_and_those_outside_the_scope_are_not_looked_at(small: Archive) -> None:
    """Every row outside the scope was called changed when one stood in front of it."""
    small.mapping = MAPPING + "scope: {备注: [mine]}\n"
    small.rows = [old_row(n, 备注="mine" if n % 3 else "theirs") for n in range(1, 31)]
    small.rows[3]["工号"] = None
    small.rows[4] = dict(small.rows[3])
    with small.open() as hub:
        run = plan_migration(hub, small.request()).run.id
        carry_on(hub, run)

        def looked() -> list[tuple[int, str, str]]:
            found = verify(hub, run)
            assert found.compared[Proof.SOURCE] == 20
            return found.differences[Proof.SOURCE].select("row", "column", "cause").rows()

        assert looked() == []
        small.rows.reverse()
        assert looked() == []
        small.rows.insert(0, old_row(99, 备注="theirs"))
        assert looked() == []
        small.rows.append(old_row(98, 备注="mine"))
        assert looked() == [(33, "", "extra")]
        del small.rows[-1]
        small.rows[-1]["姓名"] = "测试改"
        assert looked() == [(2, "姓名", "value")]
        small.rows[-1]["备注"] = "theirs"
        assert looked() == [(2, "", "missing")], "it went out of the scope"
        small.rows[-1] = old_row(1, 备注="mine")
        keyless = next(row for row in small.rows if row["姓名"] == "测试4")
        keyless["姓名"] = "测试改"
        assert sorted(looked()) == [(6, "", "missing"), (28, "", "extra")], "of two that were alike one is another"


def test_a_run_that_put_every_row_aside_can_be_looked_at_again_and_is_not_called_alike(small: Archive) -> None:
    small.rows = [old_row(number, 级别="x") for number in range(1, 4)]
    with small.open() as hub:
        run = plan_migration(hub, small.request()).run.id
        assert carry_on(hub, run).verdict is Verdict.BROKEN
        found = verify(hub, run)
        assert {proof: each.height for proof, each in found.differences.items()} == dict.fromkeys(Proof, 0)
        assert not found.alike, "nothing was compared"
        small.shelf.rows["stray"] = {**dict.fromkeys(STAFF), "code": "stray"}
        assert verify(hub, run).differences[Proof.RESULT].height == 1
