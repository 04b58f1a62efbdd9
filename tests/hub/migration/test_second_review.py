"""What another hostile reader tried: outcomes of an earlier try, corrected files, values that nobody can read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import sqlalchemy as sa

from baton.engine.settle import Verdict
from baton.errors import ConfigurationError, InDoubtError, RejectedError
from baton.hub import Hub
from baton.hub.migration.planning import MigrationPlan, plan_migration
from baton.hub.migration.quarantine import corrected_rows, write_quarantine
from baton.hub.migration.retention import purge
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import Migrated, carry_on
from baton.hub.migration.verifying import Proof, verify
from baton.jobs.migration.waves import WavePlan
from baton.model.account import Receipt
from baton.model.effect import LATEST_COPY
from baton.model.source_rows import RejectedRow
from baton.store.tables import effects
from tests.rig.records import STAFF, Archive, Shelf, old_row

AT_ONCE = WavePlan(0, 0)


def migrated(archive: Archive, hub: Hub, **given: object) -> str:
    plan = plan_migration(hub, archive.request(**{"waves": AT_ONCE, **given}))
    carry_on(hub, plan.run.id)
    return plan.run.id


def taken_back(archive: Archive, hub: Hub, run_id: str) -> Migrated:
    undo = plan_rollback(hub, run_id, "tester")
    carry_on(hub, undo.id)
    archive.clock.sleep(LATEST_COPY.total_seconds() + 1)
    return carry_on(hub, undo.id)


def test_what_is_in_doubt_is_taken_back_as_well(small: Archive) -> None:
    """The write arrived, its answer was lost, and the target could not be read when it was looked for."""
    blind: list[bool] = []

    class Blind(small.kind):  # type: ignore[name-defined]
        def fetch(self, collection, keys, fields):
            if blind:
                raise RejectedError("cannot read just now", code="stored_value")
            return super().fetch(collection, keys, fields)

    def lost(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        if not blind:
            blind.append(True)
            raise InDoubtError("no answer")

    small.kind = Blind
    small.shelf.after_write = lost
    small.rows = [old_row(number) for number in range(1, 11)]
    with small.open() as hub:
        run = migrated(small, hub)
        assert len(small.shelf.rows) == 10
        blind.clear()
        small.shelf.after_write = lambda *_: None
        done = taken_back(small, hub, run)
    assert (small.shelf.rows, done.verdict, done.counts["compared"]) == ({}, Verdict.CLEAN, 10)


@pytest.mark.parametrize("ended", ["", "poison", "given_up"])
def test_what_a_later_try_has_written_is_taken_back_whatever_the_earlier_one_said(small: Archive, ended: str) -> None:
    busy = iter([True])
    tries: list[str] = []

    class Busy(small.kind):  # type: ignore[name-defined]
        def _one(self, action, row, was):
            if row["code"] == "00003" and next(busy, False):
                return Receipt.not_performed("busy", "not now")
            return super()._one(action, row, was)

    def dies(point: str) -> None:
        tries.extend([point] * (point == "written"))
        if len(tries) == 2:
            raise KeyboardInterrupt

    small.kind = Busy
    small.rows = [old_row(number) for number in range(1, 11)]
    small.crash_point = dies
    with small.open() as hub:
        run = plan_migration(hub, small.request(waves=AT_ONCE)).run.id
        with pytest.raises(KeyboardInterrupt):
            carry_on(hub, run)
    small.crash_point = lambda _: None
    assert len(small.shelf.rows) == 10
    with small.open() as hub:
        if ended:  # as the engine, or a person, gives up what has ended the worker too often
            with hub.database.write() as connection:
                gone = {"state": "refused", "code": ended, "lease_owner": None, "lease_until": None}
                connection.execute(sa.update(effects).where(effects.c.run_id == run).values(**gone))
        done = taken_back(small, hub, run)
    assert (small.shelf.rows, done.verdict) == ({}, Verdict.CLEAN)


def test_a_rollback_names_what_it_cannot_restore(small: Archive) -> None:
    small.fields = {**STAFF, "rank": replace(STAFF["rank"], readable=False)}
    small.shelf.rows["00001"] = {**dict.fromkeys(STAFF), "code": "00001", "name": "before", "rank": 77}
    small.rows = [old_row(1), old_row(2)]
    with small.open() as hub:
        done = taken_back(small, hub, migrated(small, hub))
    assert (list(small.shelf.rows), small.shelf.rows["00001"]["rank"]) == (["00001"], 1)
    assert done.verdict is Verdict.INCOMPLETE
    assert [reason for reason in done.reasons if "rank" in reason]


@pytest.mark.parametrize("value", [110101199001011234, "=1+1"], ids=["digits lost", "formula never saved"])
def test_no_row_of_a_corrected_workbook_is_left_out_in_silence(small: Archive, tmp_path: Path, value: object) -> None:
    small.rows = [old_row(1), old_row(2, 工资="much"), old_row(3, 工资="more")]
    path = tmp_path / "aside.xlsx"
    with small.open() as hub:
        run = migrated(small, hub)
        write_quarantine(hub, run, path)
        book = openpyxl.load_workbook(path)
        for line, pay in ((2, "1.00"), (3, value)):
            book.active.cell(line, 4).value = pay
        book.save(path)
        with pytest.raises(ConfigurationError, match=r"aside\.xlsx:3: 工资: "):
            plan_migration(hub, small.request(quarantine=path, corrects=run))


def test_rows_are_fed_back_to_where_the_others_went_and_nowhere_else(small: Archive, tmp_path: Path) -> None:
    small.rows = [old_row(1), old_row(2, 工资="much")]
    path = tmp_path / "aside.csv"
    with small.open() as hub:
        run = migrated(small, hub)
        write_quarantine(hub, run, path)
        small.mapping = small.mapping.replace("collection: staff", "collection: leavers")
        with pytest.raises(ConfigurationError, match="is no migration into new/leavers by code"):
            plan_migration(hub, small.request(quarantine=path, corrects=run))


def test_a_header_is_no_formula_and_comes_back_as_it_was(small: Archive, tmp_path: Path) -> None:
    """The header of an export is somebody else's text too."""
    hostile = "=1+1"

    class Hostile(small.source):  # type: ignore[name-defined]
        def records(self, collection):
            feed = super().records(collection)
            renamed = (replace(page, rows=page.rows.rename({"备注": hostile})) for page in feed.pages)
            return replace(feed, pages=renamed)

    small.source = Hostile
    small.mapping = small.mapping.replace("from: 备注", f'from: "{hostile}"')
    small.rows = [old_row(1), old_row(2, 工资="much", 备注="kept")]
    with small.open() as hub:
        run = migrated(small, hub)
        for name in ("aside.csv", "aside.xlsx"):
            write_quarantine(hub, run, tmp_path / name)
        assert f",'{hostile}," in (tmp_path / "aside.csv").read_text("utf-8-sig").splitlines()[0]
        assert openpyxl.load_workbook(tmp_path / "aside.xlsx").active.cell(1, 9).value == f"'{hostile}"
        for name in ("aside.csv", "aside.xlsx"):
            (page,) = corrected_rows(hub, tmp_path / name, run).pages
            assert page.rows.get_column(hostile).to_list() == ["kept"]


def test_a_row_is_not_fed_back_under_the_key_of_a_row_that_was_migrated(small: Archive, tmp_path: Path) -> None:
    small.rows = [old_row(1), old_row(2, 工资="much"), old_row(3, 工资="more")]
    with small.open() as hub:
        run = migrated(small, hub)
        before = dict(small.shelf.rows)
        for number, figures in enumerate([(1, 1), (0, 1)]):  # the second time it is the quarantine of a quarantine
            path = tmp_path / f"{number}.csv"
            write_quarantine(hub, run, path)
            text = path.read_text("utf-8-sig").replace("much", "1.00").replace("more", "2.00")
            path.write_text(text.replace("00003", "00001"), "utf-8")
            again = plan_migration(hub, small.request(waves=AT_ONCE, quarantine=path, corrects=run))
            assert (again.run.counts.get("insert", 0), again.run.counts["quarantined"]) == figures
            assert (again.faults[0].rule, again.faults[0].message) == ("duplicate_key", "the same key stands in row 2")
            carry_on(hub, again.run.id)
            run = again.run.id
    assert small.shelf.rows["00001"] == before["00001"]


def test_two_corrections_of_one_quarantine_do_not_overwrite_each_other(small: Archive, tmp_path: Path) -> None:
    small.rows = [old_row(1), old_row(2, 工资="much"), old_row(3, 工资="more")]
    with small.open() as hub:
        run = migrated(small, hub)
        write_quarantine(hub, run, tmp_path / "aside.csv")
        head, second, third = (tmp_path / "aside.csv").read_text("utf-8-sig").splitlines()
        second, third = second.replace("much", "1.00"), third.replace("more", "2.00")
        small.clock.sleep(60)

        def fed_back(line: str) -> MigrationPlan:
            (tmp_path / "one.csv").write_text(f"{head}\n{line}\n", "utf-8")
            return plan_migration(hub, small.request(waves=AT_ONCE, quarantine=tmp_path / "one.csv", corrects=run))

        carry_on(hub, fed_back(second).run.id)
        before = dict(small.shelf.rows)
        mistyped = fed_back(third.replace("00003", "00002"))
        assert (mistyped.run.counts["quarantined"], mistyped.faults[0].rule) == (1, "duplicate_key")
        assert not fed_back(second).run.counts.get("quarantined"), "the same row once more"
        carry_on(hub, fed_back(third).run.id)
    assert small.shelf.rows.items() >= before.items()
    assert len(small.shelf.rows) == 3


def test_a_row_that_was_fed_back_once_is_not_fed_back_under_another_key(small: Archive, tmp_path: Path) -> None:
    small.rows = [old_row(1), old_row(2, 工资="much")]
    path = tmp_path / "aside.csv"
    with small.open() as hub:
        run = migrated(small, hub)
        write_quarantine(hub, run, path)
        text = path.read_text("utf-8-sig").replace("much", "1.00")
        small.clock.sleep(60)

        def fed_back(code: str) -> MigrationPlan:
            path.write_text(text.replace("00002", code), "utf-8")
            return plan_migration(hub, small.request(waves=AT_ONCE, quarantine=path, corrects=run))

        first = fed_back("00020")
        carry_on(hub, first.run.id)
        again = fed_back("00002")
        said = f"the row was migrated already, under another key, by {first.run.id}: take that back first"
        assert [(each.rule, each.message) for each in again.faults] == [("migrated", said)]
        assert carry_on(hub, again.run.id).verdict is not Verdict.CLEAN
        assert sorted(small.shelf.rows) == ["00001", "00020"]
        assert not fed_back("00020").faults, "the same row under the same key"
        taken_back(small, hub, first.run.id)
        assert carry_on(hub, fed_back("00002").run.id).verdict is Verdict.CLEAN
    assert sorted(small.shelf.rows) == ["00001", "00002"]


def test_a_row_that_the_target_refused_may_be_fed_back_under_another_key(small: Archive, tmp_path: Path) -> None:
    class Choosy(small.kind):  # type: ignore[name-defined]
        def _one(self, action, row, was):
            if row["code"] == "00020":
                return Receipt.refused("bad_code", "no such code here")
            return super()._one(action, row, was)

    small.kind = Choosy
    small.rows = [old_row(1), old_row(2, 工资="much")]
    path = tmp_path / "aside.csv"
    with small.open() as hub:
        run = migrated(small, hub)
        write_quarantine(hub, run, path)
        text = path.read_text("utf-8-sig").replace("much", "1.00")
        small.clock.sleep(60)
        for code in ("00020", "00002"):
            path.write_text(text.replace("00002", code), "utf-8")
            migrated(small, hub, quarantine=path, corrects=run)
    assert sorted(small.shelf.rows) == ["00001", "00002"]


def test_a_second_look_sees_a_row_that_can_no_longer_be_read(small: Archive) -> None:
    small.rows = [old_row(1), old_row(2)]
    small.rejected = [RejectedRow(9, "ragged", "too few cells", "")]
    with small.open() as hub:
        run = migrated(small, hub)
        small.rejected = [RejectedRow(10, "ragged", "too few cells", "")]
        assert verify(hub, run).alike, "it has moved, with the others"
        small.rejected = [*small.rejected, RejectedRow(12, "ragged", "too few cells", "")]
        found = verify(hub, run)
    assert found.differences[Proof.SOURCE].select("row", "cause").rows() == [(12, "extra")]


def test_what_excel_made_of_a_long_number_in_a_text_file_is_not_fed_back(small: Archive, tmp_path: Path) -> None:
    small.rows = [old_row(1), old_row(2, 工资="much", 备注="6222021234567890123")]
    path = tmp_path / "aside.csv"
    with small.open() as hub:
        run = migrated(small, hub)
        write_quarantine(hub, run, path)
        text = path.read_text("utf-8-sig").replace("much", "1.00")
        path.write_text(text.replace("6222021234567890123", "6.22202E+18"), "utf-8")
        with pytest.raises(ConfigurationError, match=r"aside\.csv:2: 备注: a long number"):
            plan_migration(hub, small.request(quarantine=path, corrects=run))


@pytest.mark.parametrize(("known", "saved"), [("00007", "7"), ("0013800000007", "13800000007"), ("000", "0")])
def test_what_excel_made_of_a_code_with_leading_zeros_in_a_text_file_is_not_fed_back(
    small: Archive, tmp_path: Path, known: str, saved: str
) -> None:
    """Of the code's own it would become another record's key."""
    small.rows = [old_row(1), old_row(2, 工资="much"), old_row(3, 工资="more", 备注=known)]
    path = tmp_path / "aside.csv"
    with small.open() as hub:
        run = migrated(small, hub)
        write_quarantine(hub, run, path)
        mended = path.read_text("utf-8-sig").replace("much", "1.00").replace("more", "2.00")
        path.write_text(mended.replace(known, saved), "utf-8")
        with pytest.raises(ConfigurationError, match=r"aside\.csv:3: 备注: .*leading zeros.*\.xlsx") as refused:
            plan_migration(hub, small.request(quarantine=path, corrects=run))
        assert [fault.rule for fault in refused.value.faults] == ["leading_zeros"]
        path.write_text(mended.replace("00002", " 2"), "utf-8")
        with pytest.raises(ConfigurationError, match=r"aside\.csv:2: 工号: "):
            plan_migration(hub, small.request(quarantine=path, corrects=run))
        path.write_text(mended.replace(known, "00008"), "utf-8")
        again = plan_migration(hub, small.request(quarantine=path, corrects=run))
        assert again.run.counts["insert"] == 2, "another code is a correction"


def test_a_second_look_sees_that_one_of_two_rows_with_one_key_is_gone(small: Archive) -> None:
    small.rows = [old_row(1), old_row(2), old_row(2, 姓名="测试乙")]
    with small.open() as hub:
        run = migrated(small, hub)
        assert verify(hub, run).alike
        for now in ([old_row(2), old_row(2)], [old_row(2)], [old_row(2), old_row(2, 姓名="测试乙"), old_row(2)]):
            small.rows = [old_row(1), *now]
            found = verify(hub, run)
            assert not found.alike


def test_what_a_rollback_still_needs_is_not_purged_under_it(small: Archive) -> None:
    small.rows = [old_row(1), old_row(2)]
    with small.open() as hub:
        run = migrated(small, hub, retention_days=1)
        small.clock.sleep(24 * 3600 - 600)
        undo = plan_rollback(hub, run, "tester").id
        with hub.database.write() as connection:  # as where a request was lost an hour ago at most
            later = sa.update(effects).where(effects.c.run_id == undo)
            connection.execute(later.values(due_at=small.clock.now() + LATEST_COPY))
        carry_on(hub, undo)
        small.clock.sleep(700)
        purge(hub)
        small.clock.sleep(LATEST_COPY.total_seconds())
        assert carry_on(hub, undo).verdict is Verdict.CLEAN
        assert set(purge(hub)) == {run, undo}
    assert small.shelf.rows == {}
