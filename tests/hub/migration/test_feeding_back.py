"""What is corrected in a quarantine file goes to the record that it is about, and overwrites no other."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from baton.hub.migration.planning import plan_migration
from baton.hub.migration.quarantine import corrected_rows, write_quarantine
from baton.hub.migration.running import carry_on
from tests.rig.records import Archive, old_row


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
