"""Workbooks, numbers 19 to 24: what a spreadsheet file can hide, claim or cost."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl

from tests.hostile.csv_files import guard_of, taken
from tests.hostile.ground import PERSONAL, Ground, hostile

HEADER = ("工号", "姓名", "状态")
PERSON = ("0012", "测试甲", "在职")
SHEET = "xl/worksheets/sheet1.xml"
Change = Callable[[str], str]


def book(*rows: Sequence[Any], change: Callable[[Any], None] | None = None) -> bytes:
    """A workbook with these rows under the header."""
    workbook = openpyxl.Workbook()
    for given in (HEADER, *(rows or (PERSON,))):
        workbook.active.append(list(given))
    if change is not None:
        change(workbook)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def rewritten(data: bytes, part: str, change: Change) -> bytes:
    """The workbook with the text of one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                assert change(content.decode()) != content.decode(), "the change has changed nothing"
                content = change(content.decode()).encode()
            new.writestr(name, content)
    return out.getvalue()


def with_member(name: str, content: bytes) -> bytes:
    """The workbook with one more member."""
    out = io.BytesIO(book())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def sheet_guard(ground: Ground, data: bytes) -> str:
    """Why the workbook is refused as a whole."""
    return guard_of(ground, ground.write("roster.xlsx", data))


@hostile(19, "a workbook of 2 MB that inflates to 200 MB and more", mb_200=200, mb_60_in_the_sheet=60)
def is_refused_before_it_is_inflated(ground: Ground, size: int) -> None:
    name = "xl/worksheets/more.xml" if size == 60 else "xl/media/bomb.bin"
    assert sheet_guard(ground, with_member(name, bytes(size * 1_000_000))) == "inflates_too_far"


@hostile(19, "a workbook of 2 MB that inflates to 200 MB and more")
def one_shared_text_a_hundred_thousand_times(ground: Ground) -> None:
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(3, 40_000))
    data = rewritten(book(), SHEET, lambda xml: xml.replace("</sheetData>", f"{cells}</sheetData>"))
    out = io.BytesIO(data)
    strings = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst xmlns='{strings}'><si><t>{'x' * 32_000}</t></si></sst>")
    assert sheet_guard(ground, out.getvalue()) == "inflates_too_far"


@hostile(20, "a sheet that claims to be smaller than it is", one_row="A1:C1", nothing="A1", another_place="XFD1")
def is_read_to_its_end(ground: Ground, claimed: str) -> None:
    people = [(f"{n:05d}", "甲", "在职") for n in range(3000)]
    data = rewritten(book(*people), SHEET, lambda xml: re.sub("<dimension[^>]*>", f'<dimension ref="{claimed}"/>', xml))
    rows, rejected = ground.result(taken, ground.write("roster.xlsx", data))
    assert (len(rows), rejected) == (3000, [])


@hostile(21, "one cell at the far end of the sheet", corner="XFD1048576", row="A1048576", column="XFD2", beyond="NTP9")
def is_refused_by_its_extent(ground: Ground, place: str) -> None:
    cell = f'<row r="{re.sub("[A-Z]", "", place)}"><c r="{place}"><v>1</v></c></row></sheetData>'
    assert sheet_guard(ground, rewritten(book(), SHEET, lambda xml: xml.replace("</sheetData>", cell))) == "far_cell"


MEMBERS = {"upwards": "../../evil", "absolute": "/etc/evil", "backslash": "..\\evil", "drive": "c:evil"}


@hostile(22, "members that would leave their folder, stand twice, are encrypted or cut", **MEMBERS)
def are_refused_by_name(ground: Ground, name: str) -> None:
    assert sheet_guard(ground, with_member(name, b"x")) == "unsafe_member"


@hostile(
    22, "members that would leave their folder, stand twice, are encrypted or cut", twice=SHEET, case=SHEET.upper()
)
def twins_are_refused(ground: Ground, name: str) -> None:
    assert sheet_guard(ground, with_member(name, b"<x/>")) == "duplicate_member"


@hostile(22, "members that would leave their folder, stand twice, are encrypted or cut")
def encrypted_ones_are_refused(ground: Ground) -> None:
    data = bytearray(book())
    data[data.find(b"PK\x01\x02") + 8] |= 1
    assert sheet_guard(ground, bytes(data)) == "encrypted"


@hostile(22, "members that would leave their folder, stand twice, are encrypted or cut", tenth=10, half=2, tail=1)
def cut_ones_are_refused(ground: Ground, part: int) -> None:
    whole = book()
    assert sheet_guard(ground, whole[: len(whole) // part - 3]) in ("broken_zip", "not_a_workbook")


@hostile(23, "a document type, links to other files, macros, and other kinds of files under the name .xlsx")
def document_type(ground: Ground) -> None:
    entity = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{ground.treasure}">]>'
    data = rewritten(book(), SHEET, lambda xml: entity + xml.replace("测试甲", "&a;"))
    assert sheet_guard(ground, data) == "doctype"


OTHERS = {
    "html": (b"<html><table><tr><td>x</td></tr></table>", "not_a_table"),
    "old_excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_xls"),
    "encrypted": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
    "pdf": (b"%PDF-1.7\n" + bytes(100), "not_a_table"),
    "gzip": (b"\x1f\x8b\x08" + bytes(100), "not_a_table"),
    "links": (with_member("xl/externalLinks/externalLink1.xml", b"<x/>"), "external_links"),
    "macros": (with_member("xl/vbaProject.bin", b"x"), "macros"),
}


@hostile(23, "a document type, links to other files, macros, and other kinds of files under the name .xlsx", **OTHERS)
def are_refused_as_what_they_are(ground: Ground, given: tuple[bytes, str]) -> None:
    content, guard = given
    assert sheet_guard(ground, content) == guard


def aside(ground: Ground, data: bytes, rule: str) -> None:
    """The third row is put aside; the two around it are read."""
    rows, rejected = ground.result(taken, ground.write("roster.xlsx", data))
    assert [row[0] for row in rows] == ["0012", "0014"]
    assert [(row, found) for row, found, _ in rejected] == [(3, rule)]


CELLS = {
    "formula_without_a_value": ("=A2", "formula_without_value"),
    "error": ("#REF!", "error_value"),
    "sixteen_digits_as_a_number": (6222021234567890, "precision_lost"),
}


@hostile(24, "formulas without a value, errors, lost digits, two calendars, merged and hidden cells", **CELLS)
def put_their_row_aside(ground: Ground, given: tuple[object, str]) -> None:
    value, rule = given
    aside(ground, book(PERSON, ("0013", PERSONAL, value), ("0014", "乙", "在职")), rule)


@hostile(24, "formulas without a value, errors, lost digits, two calendars, merged and hidden cells")
def merged_people_are_put_aside_and_a_merged_header_refuses(ground: Ground) -> None:
    rows = (PERSON, ("0013", PERSONAL, "在职"), ("0014", "乙", "在职"))
    aside(ground, book(*rows, change=lambda workbook: workbook.active.merge_cells("B3:C3")), "merged_cells")
    assert sheet_guard(ground, book(change=lambda workbook: workbook.active.merge_cells("B1:C1"))) == "merged_header"


@hostile(24, "formulas without a value, errors, lost digits, two calendars, merged and hidden cells")
def hidden_rows_are_read_and_a_number_as_text_stays_text(ground: Ground) -> None:
    def hide(workbook: Any) -> None:
        workbook.active.row_dimensions[2].hidden = True

    rows, _ = ground.result(taken, ground.write("roster.xlsx", book(("0012", "甲", "6222021234567890"), change=hide)))
    assert rows == [("0012", "甲", "6222021234567890")]


@hostile(24, "formulas without a value, errors, lost digits, two calendars, merged and hidden cells")
def days_of_the_calendar_of_1904_are_days(ground: Ground) -> None:
    import datetime as dt

    data = rewritten(
        book(("0012", "甲", dt.date(2026, 11, 30))),
        "xl/workbook.xml",
        lambda xml: xml.replace("<workbookPr/>", '<workbookPr date1904="1"/>'),
    )
    rows, _ = ground.result(taken, ground.write("roster.xlsx", data))
    assert rows[0][2] == "2030-12-01"
