"""A payroll workbook: numbers that a spreadsheet has stored as numbers, and what it has made of them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl

from baton.hub.payment.drafting import Drafted, draft_file
from baton.jobs.payment.checks.catalogue import RULES
from baton.jobs.payment.checks.findings import LineVerdict
from tests.hub.payment.office import Office
from tests.hub.payment.test_drafting import wanted

SHEET = "xl/worksheets/sheet1.xml"


def workbook(
    folder: Path, *rows: list[Any], shown: Mapping[str, str] | None = None, change: Callable[[str], str] = str
) -> Path:
    """A sheet of these rows: ``shown`` are formats by cell, ``change`` rewrites its XML as other programs store it."""
    book = openpyxl.Workbook()
    for row in (["工号", "户名", "实发工资", "银行卡号"], *rows):
        book.active.append(row)
    for place, form in (shown or {}).items():
        book.active[place].number_format = form
    saved = io.BytesIO()
    book.save(saved)
    path = folder / "工资.xlsx"
    with zipfile.ZipFile(saved) as packed, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name in packed.namelist():
            data = packed.read(name)
            out.writestr(name, change(data.decode()).encode() if name == SHEET else data)
    return path


def told(drafted: Drafted) -> tuple[list[tuple[str, int]], list[tuple[str, str]]]:
    lines = [(line.payable.key.number, line.payable.amount_minor) for line in drafted.lines]
    return lines, [(fault.place, fault.rule) for fault in drafted.faults]


def test_amounts_stored_as_binary_numbers_are_what_was_typed_to_the_fen(office: Office) -> None:
    office.hire("0001", "0002", "0003", "0004")
    amounts = ["8000", "12345.67", "8000.3000000000002", "1.1E4"]
    path = workbook(
        office.company.folder,
        *([f"{number:04d}", None, 70 + number, None] for number in range(1, 5)),
        change=lambda xml: re.sub(r"<v>7([1-4])</v>", lambda found: f"<v>{amounts[int(found[1]) - 1]}</v>", xml),
    )
    drafted = draft_file(office.hub, wanted(), path)
    assert told(drafted) == ([("0001", 800_000), ("0002", 1_234_567), ("0003", 800_030), ("0004", 1_100_000)], [])
    assert drafted.lines[0].payable.place == "工资.xlsx:2"
    office.check(drafted.run.run_id)
    assert office.build(drafted.run.run_id).files


def test_a_formula_is_read_where_its_result_was_saved_and_is_an_amount(office: Office) -> None:
    office.hire("0001", "0002", "0003")
    path = workbook(
        office.company.folder,
        ["0001", None, "=8000+0.3", None],
        ["0002", None, "=22037.04/3", None],
        ["0003", None, "=1+1", None],
        change=lambda xml: xml.replace("8000+0.3</f><v></v>", "8000+0.3</f><v>8000.3000000000002</v>").replace(
            "22037.04/3</f><v></v>", "22037.04/3</f><v>7345.6799999999994</v>"
        ),
    )
    drafted = draft_file(office.hub, wanted(), path)
    assert told(drafted) == (
        [("0001", 800_030)],
        [("工资.xlsx:4", "formula_without_value"), ("工资.xlsx:3", "amount")],
    )
    assert "ROUND" in drafted.faults[1].message


def test_an_account_whose_last_digits_are_gone_pays_nobody(office: Office) -> None:
    office.hire("0001", "0002")
    path = workbook(
        office.company.folder,
        ["0001", "测试0001", 1, 6222000000000006],
        ["0002", "测试0002", 1, "6222000000000014"],
    )
    drafted = draft_file(office.hub, wanted(), path)
    assert told(drafted) == ([("0002", 100)], [("工资.xlsx:2", "precision_lost")])
    assert drafted.lines[0].payable.payee.account == "6222000000000014"


def test_a_number_that_lost_its_zeros_is_nobodys_and_one_that_shows_them_has_them(office: Office) -> None:
    office.hire("0001", "0002", "0003")
    rows = ([1, None, 1, None], [2, None, 1, None], ["0003", None, 1, None])
    run = draft_file(office.hub, wanted(), workbook(office.company.folder, *rows, shown={"A2": "0000"})).run
    report = office.check(run.run_id).cleared.report
    lines = {line.key.number: line for line in report.lines}
    states = {number: line.state for number, line in lines.items()}
    assert states == {"0001": LineVerdict.PAYABLE, "2": LineVerdict.LEFT_OUT, "0003": LineVerdict.PAYABLE}
    assert "unknown_person" in lines["2"].reasons
    assert "leading zeros" in RULES["unknown_person"].en


def test_a_cell_with_two_amounts_pays_neither_and_blanks_between_thousands_are_read(office: Office) -> None:
    office.hire("0001", "0002", "0003")
    path = workbook(
        office.company.folder,
        ["0001", None, "5000\n6000", None],
        ["0002", None, "8000 500", None],
        ["0003", None, "￥12 000.50", None],
    )
    drafted = draft_file(office.hub, wanted(), path)
    assert told(drafted) == ([("0003", 1_200_050)], [("工资.xlsx:2", "amount"), ("工资.xlsx:3", "amount")])
