"""Reading XLSX, against openpyxl in read-only mode; and a workbook that says it has one cell."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from tests.bench.figures import Line
from tests.bench.migration.bars import AtLeast, faster
from tests.bench.migration.data import BAD, employees
from tests.bench.migration.environment import PEERS
from tests.bench.migration.measure import BrokenRunError, measure, warm_median

OURS = "tests.bench.migration.ours"
_TYPED: Final = {"入职日期": "days", "合同终止日": "days", "月薪": "yuan"}
_SHEET = "xl/worksheets/sheet1.xml"


def figures(folder: Path, rows: int, times: int) -> Iterator[Line]:
    """A workbook of the same employees, then the same with a false dimension."""
    book, false = folder / "book.xlsx", folder / "false.xlsx"
    write_workbook(book, rows)
    what = f"read an XLSX of {rows:,} rows x 20 columns"
    ours = warm_median(lambda: measure([sys.executable, "-m", f"{OURS}.sheet_rows", book], folder), times)
    peer = warm_median(lambda: measure([sys.executable, PEERS / "openpyxl_rows.py", book], folder), times)
    if peer.said != ours.said:
        raise BrokenRunError(f"not the same cells: {ours.said}, and openpyxl: {peer.said}")
    yield faster(ours, peer, "openpyxl (read-only)", 5, what)
    with_false_dimension(book, false)
    found = measure([sys.executable, "-m", f"{OURS}.sheet_rows", false], folder).said
    other = measure([sys.executable, PEERS / "openpyxl_rows.py", false], folder).said
    note = f"there are {ours.said}; Baton found {found}; openpyxl found {other}"
    yield AtLeast(_rows(found) / rows, 1, "of the rows", "the same workbook, its dimension said to be A1", note)


def write_workbook(path: Path, rows: int) -> None:
    """The employees in a sheet as Excel keeps them: numbers and days as such, everything else as shared text."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        forms = {"days": book.add_format({"num_format": "yyyy-mm-dd"}), "yuan": book.add_format({"num_format": "0.00"})}
        for first, piece in _pieces(rows):
            if first == 1:
                sheet.write_row(0, 0, piece.columns)
            for line, row in enumerate(piece.iter_rows(), start=first):
                for place, (name, value) in enumerate(zip(piece.columns, row, strict=True)):
                    if value is not None:
                        _write(sheet, (line, place), name, value, forms)


def _pieces(rows: int) -> Iterator[tuple[int, pl.DataFrame]]:
    first = 1
    for piece in employees(rows):
        yield first, piece
        first += piece.height


def _write(sheet: Worksheet, at: tuple[int, int], name: str, value: str, forms: Mapping[str, Format]) -> None:
    form = _TYPED.get(name)
    if form == "days" and value not in BAD.values():
        sheet.write_datetime(*at, datetime.fromisoformat(value.replace("/", "-")), forms[form])
    elif form == "yuan" and value not in BAD.values():
        sheet.write_number(*at, float(value.replace(",", "")), forms[form])
    else:
        sheet.write_string(*at, value)


def with_false_dimension(source: Path, path: Path) -> None:
    """The same workbook; its sheet claims to end at A1, as some exporters write it."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            data = before.read(name)
            if name == _SHEET:
                data, changed = re.subn(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', data, count=1)
                assert changed == 1
            after.writestr(name, data)


def _rows(said: str) -> int:
    return int(said.split(" ", 1)[0])
