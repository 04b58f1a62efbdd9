"""Planning a migration: what is read, what is put aside, what each record needs; and that looking changes nothing."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import replace

import polars as pl
import pytest

from baton.engine.settle import Verdict
from baton.errors import BatonError, ConfigurationError, FeedRefusedError
from baton.hub.migration import planning
from baton.hub.migration.planning import plan_migration, preview_migration
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from baton.jobs.migration.planning import ACTION
from baton.jobs.migration.waves import WavePlan
from baton.store.staging import Stage
from tests.rig.records import MAPPING, STAFF, Archive, old_row
from tests.rig.targets import KeyTarget


def test_a_plan_says_what_each_record_needs(archive: Archive) -> None:
    archive.rows = [old_row(number) for number in range(1, 41)]
    with archive.open() as hub:
        first = plan_migration(hub, archive.request())
        archive.shelf.rows["00007"] = {"code": "00007", "name": "somebody else"}
        second = plan_migration(hub, archive.request())
    assert (first.run.counts["insert"], first.run.counts.get("update", 0)) == (40, 0)
    assert (second.run.counts["insert"], second.run.counts["update"]) == (39, 1)


def test_a_dry_run_leaves_no_trace(archive: Archive) -> None:
    archive.rows = [old_row(number) for number in range(1, 41)]
    with archive.open() as hub:
        plan = preview_migration(hub, archive.request())
        with hub.database.read() as connection:
            assert hub.runs.latest(connection) == []
        assert list(hub.staging.folders()) == []
    assert archive.shelf.rows == {}
    assert [action for action, _ in archive.shelf.calls if action != "fetch"] == []
    assert plan.run.counts["insert"] == 40


def test_the_same_input_gives_the_same_plan_hash_and_another_input_another(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 41)]
    with small.open() as hub:
        looked = preview_migration(hub, small.request()).run.plan_hash
        small.clock.sleep(3600)
        assert plan_migration(hub, small.request(requested_by="another")).run.plan_hash == looked
        small.rows[3]["备注"] = "changed"
        assert preview_migration(hub, small.request()).run.plan_hash != looked


def test_a_row_that_cannot_be_used_is_named_by_row_column_and_rule_and_the_others_go_on(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 11)]
    small.rows[2]["工资"] = "1e3"
    small.rows[5]["工号"] = " "
    small.rows[6]["级别"] = "七"
    with small.open() as hub:
        plan = preview_migration(hub, small.request())
    named = {(fault.place, fault.field, fault.rule) for fault in plan.faults}
    assert {
        ("staff:4", "工资", "via.decimal"),
        ("staff:7", "工号", "required"),
        ("staff:8", "级别", "cleaning"),
    } <= named
    assert (plan.run.counts["quarantined"], plan.run.counts["planned"]) == (3, 7)
    assert not any("1e3" in fault.message for fault in plan.faults)


def test_rows_with_one_key_are_all_put_aside_however_far_apart(small: Archive) -> None:
    small.page_rows = 10
    small.rows = [old_row(number) for number in range(1, 61)] + [old_row(3)]
    with small.open() as hub:
        plan = preview_migration(hub, small.request())
    assert {(fault.place, fault.rule, fault.message) for fault in plan.faults} == {
        ("staff:4", "duplicate_key", "the same key stands in row 62"),
        ("staff:62", "duplicate_key", "the same key stands in row 4"),
    }


def test_parents_come_before_children_and_circles_are_put_aside(small: Archive) -> None:
    small.rows = [
        old_row(1, 上级="00002"),
        old_row(2, 上级="00003"),
        old_row(3),
        old_row(4, 上级="00005"),
        old_row(5, 上级="00004"),
        old_row(6, 上级="00004"),
    ]
    with small.open() as hub:
        plan = plan_migration(hub, small.request(waves=WavePlan(first=0, share=0)))
    order = [(segment.facts["rank"] % 1000, segment.row_count) for segment in plan.segments]
    assert sorted(order) == [(0, 1), (1, 1), (2, 1)]
    assert {fault.place for fault in plan.faults if fault.rule == "cycle"} == {"staff:5", "staff:6", "staff:7"}


def test_waves_are_one_record_then_one_in_a_hundred_then_the_rest(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 1001)]
    with small.open() as hub:
        assert plan_migration(hub, small.request()).move.waves == (1, 10, 989)


def test_waves_are_cut_over_what_is_written_and_what_is_alike_already_is_in_the_last(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 301)]
    with small.open() as hub:
        carry_on(hub, plan_migration(hub, small.request(waves=WavePlan(0, 0))).run.id)
        small.clock.sleep(60)
        assert plan_migration(hub, small.request()).move.waves == (300,), "nothing to write: one wave, to be proved"
        small.rows += [old_row(number) for number in range(301, 401)]
        small.shelf.calls.clear()
        small.shelf.after_write = spoil_names
        plan = plan_migration(hub, small.request())
        assert plan.move.waves == (1, 1, 398)
        done = carry_on(hub, plan.run.id)
    written = [call for call in small.shelf.calls if call[0] != "fetch"]
    assert (done.verdict, written) == (Verdict.HELD, [("insert", 1)])


def spoil_names(shelf: KeyTarget, action: str, rows: pl.DataFrame) -> None:
    for code in rows.get_column("code"):
        shelf.rows[code]["name"] = "???"


@pytest.mark.parametrize("page_rows", [7, 40])
def test_parents_are_in_no_later_wave_than_their_children_whatever_is_written_of_them(
    small: Archive, page_rows: int
) -> None:
    """A third is there already, a third differs, a third is new; children stand before their parents."""
    small.page_rows = page_rows
    bosses = {number: number // 3 for number in range(1, 61)}
    people = [old_row(n, 上级=f"{boss:05d}" if boss else None) for n, boss in reversed(bosses.items())]
    small.rows = people
    with small.open() as hub:
        carry_on(hub, plan_migration(hub, small.request(waves=WavePlan(0, 0))).run.id)
        small.clock.sleep(60)
        for number in range(1, 61):
            code = f"{number:05d}"
            if number % 3 == 1:
                small.shelf.rows[code]["note"] = "changed by others"
            elif number % 3 == 2:
                del small.shelf.rows[code]
        before = copy.deepcopy(small.shelf.rows)
        plan = plan_migration(hub, small.request(waves=WavePlan(5, 0.3)))
        wave = {}
        for segment in plan.segments:
            for code, need in hub.staging.read(segment).select("code", ACTION).rows():
                wave[int(code)] = (segment.facts["rank"], need)
        assert plan.move.waves == (5, 12, 43)
        files = list((hub.staging.folder / plan.run.id).iterdir())
        with hub.database.read() as connection:
            rows = [row for stage in Stage for row in hub.staging.of(connection, plan.run.id, stage)]
        assert len(files) == len(rows), "no file is left of what was cut apart"
        assert {at // 1000 for at, need in wave.values() if need == "nothing"} == {3}
        written = {number: at for number, (at, need) in wave.items() if need != "nothing"}
        assert len(written) == 40
        pairs = [(written[bosses[n]], at) for n, at in written.items() if bosses[n] in written]
        assert pairs
        assert all(above < below for above, below in pairs)
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN
        assert len(small.shelf.rows) == 60
        assert carry_on(hub, plan_rollback(hub, plan.run.id, "tester").id).verdict is Verdict.CLEAN
    assert small.shelf.rows == before


def test_a_source_without_records_is_refused(small: Archive) -> None:
    with small.open() as hub, pytest.raises(FeedRefusedError, match="nothing to migrate"):
        plan_migration(hub, small.request())


def test_a_cleaning_rule_may_refuse_everything(small: Archive) -> None:
    small.mapping = MAPPING.replace("check: [trim, integer]}", "check: [trim, integer], otherwise: refuse}")
    small.rows = [old_row(1), old_row(2, 级别="?")]
    with small.open() as hub:
        with pytest.raises(FeedRefusedError, match="row 3"):
            plan_migration(hub, small.request())
        assert list(hub.staging.folders()) == []


def test_a_repair_is_counted_and_noted_on_its_record(small: Archive) -> None:
    small.mapping = MAPPING.replace("check: [trim, integer]}", "fix: [half_width]}")
    small.rows = [old_row(1), old_row(2, 级别="７")]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
    assert plan.move.facts["fixed"] == {"级别": 1}


def test_totals_that_do_not_survive_the_mapping_stop_the_plan(small: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    import polars as pl

    honest = planning.transform

    def leaky(*given: object) -> object:
        done = honest(*given)
        done.records.replace_column(done.records.get_column_index("pay"), done.records["pay"].clip(pl.lit(1005)))
        return done

    monkeypatch.setattr(planning, "transform", leaky)
    small.rows = [old_row(number) for number in range(1, 9)]
    with small.open() as hub, pytest.raises(BatonError, match="totals of pay"):
        plan_migration(hub, small.request())


@pytest.mark.parametrize("rows", [slice(1, None), [0, 0, 1, 2, 3], [0, 1, 2, 2]])
def test_rows_that_get_lost_or_doubled_in_the_mapping_stop_the_plan(
    small: Archive, monkeypatch: pytest.MonkeyPatch, rows: slice | list[int]
) -> None:
    honest = planning.transform

    def careless(*given: object) -> object:
        done = honest(*given)
        return replace(done, records=done.records[rows])

    monkeypatch.setattr(planning, "transform", careless)
    small.rows = [old_row(number, 工资=None) for number in range(1, 5)]
    with small.open() as hub:
        with pytest.raises(BatonError, match="rows were lost"):
            plan_migration(hub, small.request())
        assert list(hub.staging.folders()) == []


def test_duplicates_may_refuse_the_whole_source(small: Archive) -> None:
    small.mapping = MAPPING + "duplicates: refuse\n"
    small.rows = [old_row(1), old_row(2), old_row(1)]
    with small.open() as hub, pytest.raises(FeedRefusedError, match="2 rows share their key"):
        plan_migration(hub, small.request())


def test_rows_outside_the_scope_are_neither_cleaned_nor_put_aside(small: Archive) -> None:
    small.mapping = MAPPING + "scope: {备注: [mine]}\n"
    small.rows = [old_row(1, 备注="mine"), old_row(2, 级别="?", 备注="theirs")]
    with small.open() as hub:
        plan = preview_migration(hub, small.request())
    counts = Counter(plan.run.counts)
    assert (counts["planned"], counts["out_of_scope"], counts["quarantined"]) == (1, 1, 0)


def test_children_of_rows_that_are_put_aside_are_put_aside_and_those_of_known_records_are_not(small: Archive) -> None:
    small.shelf.rows["00900"] = {"code": "00900"}
    small.rows = [
        old_row(1, 工资="x"),
        old_row(2, 上级="00001"),
        old_row(3, 上级="00002"),
        old_row(4, 上级="00900"),
        old_row(5, 上级="nobody"),
    ]
    with small.open() as hub:
        plan = preview_migration(hub, small.request())
    assert {(fault.place, fault.rule) for fault in plan.faults} == {
        ("staff:2", "via.decimal"), ("staff:3", "reference"), ("staff:4", "reference"), ("staff:6", "reference"),
    }  # fmt: skip
    assert plan.run.counts["planned"] == 1


def test_the_plan_hash_binds_what_nobody_can_read_back(small: Archive) -> None:
    small.fields = {**STAFF, "note": replace(STAFF["note"], readable=False)}
    hashes = []
    for note in ("one", "one", "two"):
        small.rows = [old_row(1, 备注=note)]
        with small.open() as hub:
            hashes.append(preview_migration(hub, small.request()).run.plan_hash)
    assert (hashes[0] == hashes[1], hashes[1] == hashes[2]) == (True, False)
    with small.open() as hub:
        carry_on(hub, plan_migration(hub, small.request()).run.id)
        looked = [preview_migration(hub, small.request()).run.plan_hash]
        small.rows = [old_row(1, 备注="three")]
        looked.append(preview_migration(hub, small.request()).run.plan_hash)
    assert looked[0] == looked[1], "a record that is alike in all that can be read is not written"


def test_the_plan_hash_binds_what_is_overwritten(small: Archive) -> None:
    small.rows = [old_row(1), old_row(2)]
    hashes = set()
    with small.open() as hub:
        for there in ("00001", "00002"):
            small.shelf.rows = {there: {"code": there, "name": "theirs"}}
            hashes.add(preview_migration(hub, small.request()).run.plan_hash)
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("key: [code]", "key: [name]"), "the key of staff is code"),
        (("source: data/old", "source: data/nowhere"), "no enabled system is a data/nowhere"),
        (("collection: staff\nkey: [code]\n", ""), "key"),
        (("decimal(2)", "decimal(4)"), "keeps 2 decimal places"),
        (("rank: {from: 级别", "ranc: {from: 级别"), "no field 'ranc'"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_read(
    small: Archive, change: tuple[str, str], says: str
) -> None:
    small.mapping = MAPPING.replace(*change)
    small.rows = [old_row(1)]
    with small.open() as hub, pytest.raises(ConfigurationError, match=says):
        plan_migration(hub, small.request())
    assert small.shelf.calls == []


def test_a_row_without_what_the_target_needs_is_put_aside_before_anything_is_sent(small: Archive) -> None:
    small.fields = {**small.fields, "name": replace(small.fields["name"], required=True)}
    small.rows = [old_row(1), old_row(2, 姓名=None)]
    with small.open() as hub:
        plan = preview_migration(hub, small.request())
    assert [(fault.place, fault.field, fault.rule) for fault in plan.faults] == [("staff:3", "姓名", "no_value")]


def test_a_number_with_an_unseen_character_inside_adds_up_as_the_mapping_reads_it(small: Archive) -> None:
    """One such cell refused the whole migration, as if a transform had lost it."""
    small.mapping = MAPPING.replace("via: [trim, decimal(2)]", "via: [no_blanks, decimal(2)]")
    small.rows = [
        old_row(number, 工资=f"1{unseen}2.50") for number, unseen in enumerate("\u200b\u2060\ufeff \u00a0", 1)
    ]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
    assert plan.run.counts["planned"] == 5
