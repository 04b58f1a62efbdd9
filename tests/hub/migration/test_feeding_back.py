"""What is corrected in a quarantine file goes to the record that it is about, and overwrites no other."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from baton.hub.decisions import reject
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.quarantine import corrected_rows, write_quarantine
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from baton.jobs.migration.waves import WavePlan
from baton.model.account import Receipt
from baton.model.effect import LATEST_COPY
from tests.rig.records import MAPPING, Archive, Shelf, old_row


def test_every_cell_of_the_workbook_is_text_and_stays_so_whatever_is_typed(small: Archive, tmp_path: Path) -> None:
    """Typed into a cell of the general format, the code 00051 is kept as the number 51: the key of another record."""
    small.rows = [old_row(1), old_row(2, 工资="much"), old_row(3, 工资="more", 备注="note")]
    path = tmp_path / "aside.xlsx"
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        write_quarantine(hub, plan.run.id, path)
        book = openpyxl.load_workbook(path)
        cells = [cell for row in book.active.iter_rows() for cell in row]
        assert any(cell.value is None for cell in cells), "also those that have nothing in them"
        assert {cell.number_format for cell in cells} == {"@"}
        (page,) = corrected_rows(hub, path, plan.run.id).pages
        assert page.rows.get_column("备注").to_list() == [None, "note"]


@pytest.mark.parametrize("read", ["staff", "staff-corrected.csv"])
@pytest.mark.parametrize(("code", "there"), [("00002", "newer"), ("00003", "测试3")])
def test_what_a_later_run_has_brought_is_not_overwritten_from_an_older_quarantine(
    small: Archive, tmp_path: Path, code: str, there: str, read: str
) -> None:
    """The source was corrected and read again meanwhile; the quarantine's row, which is older, took its place.

    Whatever the corrected export is called: to a folder of files each name is a collection of its own.
    """
    small.rows = [old_row(1), old_row(2, 工资="much"), old_row(3, 工资="more")]
    path = tmp_path / "aside.csv"
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        carry_on(hub, first)
        write_quarantine(hub, first, path)
        head, second, _ = path.read_text("utf-8-sig").splitlines()
        path.write_text(f"{head}\n{second.replace('much', '1.00').replace('00002', code)}\n", "utf-8")
        small.clock.sleep(60)
        small.rows[1:] = [old_row(2, 姓名="newer"), old_row(3)]
        small.mapping = f"{MAPPING}read: {read}\n"
        again = plan_migration(hub, small.request()).run.id
        carry_on(hub, again)
        small.mapping = MAPPING
        small.clock.sleep(60)
        before = dict(small.shelf.rows)
        fed = plan_migration(hub, small.request(quarantine=path, corrects=first))
        said = f"the record was migrated since, by {again}: take that back first, or leave the row out"
        assert [(each.place, each.rule, each.message) for each in fed.faults] == [("staff:3", "migrated", said)]
        carry_on(hub, fed.run.id)
        assert small.shelf.rows == before
        assert small.shelf.rows[code]["name"] == there
        small.clock.sleep(60)
        carry_on(hub, plan_rollback(hub, again, "tester").id)
        small.clock.sleep(LATEST_COPY.total_seconds())
        assert not plan_migration(hub, small.request(quarantine=path, corrects=first)).faults


def test_a_row_that_a_later_run_could_not_bring_either_may_be_fed_back(small: Archive, tmp_path: Path) -> None:
    """Neither where it was put aside again, nor where the target refused it."""

    class Choosy(small.kind):  # type: ignore[name-defined]
        def _one(self, action, row, was):
            return Receipt.refused("no", "not so") if row["name"] == "bad" else super()._one(action, row, was)

    small.kind = Choosy
    small.rows = [old_row(1), old_row(2, 工资="much"), old_row(3, 工资="more")]
    path = tmp_path / "aside.csv"
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        carry_on(hub, first)
        write_quarantine(hub, first, path)
        text = path.read_text("utf-8-sig").replace("much", "1.00").replace("more", "2.00")
        path.write_text(text, "utf-8")
        small.clock.sleep(60)
        small.rows[2] = old_row(3, 姓名="bad")
        carry_on(hub, plan_migration(hub, small.request(waves=WavePlan(0, 0))).run.id)
        fed = plan_migration(hub, small.request(quarantine=path, corrects=first))
        assert (fed.faults, fed.run.counts["insert"]) == ([], 2)


def test_what_a_later_run_was_stopped_from_bringing_may_be_fed_back(small: Archive, tmp_path: Path) -> None:
    """It was put aside as migrated since, though the run was rejected after its first wave and had not sent it."""

    def spoil(shelf: Shelf, _action: str, _rows: object) -> None:
        for row in shelf.rows.values():
            row["note"] = "rewritten by the target"

    bad = [old_row(number, 工资="much") for number in (2, 3, 4)]
    small.rows = [old_row(1), *bad]
    path = tmp_path / "aside.csv"
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        carry_on(hub, first)
        write_quarantine(hub, first, path)
        path.write_text(path.read_text("utf-8-sig").replace("much", "1.00"), "utf-8")
        small.clock.sleep(60)
        small.rows = [old_row(1), *bad[:2], old_row(4)]
        carry_on(hub, plan_migration(hub, small.request()).run.id)
        small.clock.sleep(60)
        small.rows = [old_row(number) for number in range(1, 5)]
        stopped = plan_migration(hub, small.request(waves=WavePlan(1, 0))).run
        assert (stopped.counts["insert"], stopped.counts["nothing"]) == (2, 2)
        small.shelf.after_write = spoil
        carry_on(hub, stopped.id)
        small.shelf.after_write = lambda *_: None
        reject(hub, stopped.id, "reviewer", "not like this")
        sent = {"00002", "00003"} & set(small.shelf.rows)
        assert len(sent) == 1
        small.clock.sleep(60)
        fed = plan_migration(hub, small.request(quarantine=path, corrects=first))
        kept = sorted([f"staff:{int(code) + 1}" for code in sent] + ["staff:5"])
        said = f"the record was migrated since, by {stopped.id}: take that back first, or leave the row out"
        assert [(each.place, each.message) for each in fed.faults] == [(place, said) for place in kept], (
            "what it sent, and what it found alike"
        )
        assert fed.run.counts["insert"] == 1
