"""Roster files as XLSX: exact text, and every hostile or careless workbook refused by name."""

from __future__ import annotations

import datetime as dt
import io
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from baton.client import Client
from baton.contracts import Feed
from baton.egress import EgressRule
from baton.errors import FeedRefusedError
from connectors.hr.file_export.connector import FileExport, FileExportSettings

HEADER = ["工号", "姓名", "状态"]
PERSON = ["0012", "测试䶮", "在职"]
SHEET = "xl/worksheets/sheet1.xml"


def book(*rows: list[Any], change: Callable[[Any], None] | None = None) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows or (HEADER, PERSON):
        sheet.append(row)
    if change:
        change(workbook)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def patched(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                before = content.decode()
                content = change(before).encode()
                assert content.decode() != before, "the patch changed nothing"
            new.writestr(name, content)
    return out.getvalue()


def added(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def drop(tmp_path: Path) -> Any:
    def put(data: bytes, **settings: Any) -> Feed:
        path = tmp_path / "roster.xlsx"
        path.write_bytes(data)
        chosen = {"path": str(path), "settle_s": 0, "columns": ("工号", "姓名"), "number_column": "工号", **settings}
        return FileExport(FileExportSettings.model_validate(chosen), Client(EgressRule(frozenset()))).census()

    return put


def everything(feed: Feed) -> tuple[list[tuple[Any, ...]], list[tuple[int, str, str]]]:
    pages = list(feed.pages)
    return [row for page in pages for row in page.rows.rows()], [
        (each.row, each.rule, each.column) for page in pages for each in page.rejected
    ]


def memory_peak_mib() -> float:
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert peak
    return int(peak.group(1)) / 1024


def refused(drop: Any, data: bytes, **settings: Any) -> str:
    Path("/proc/self/clear_refs").write_text("5")  # forget the memory peak so far
    start, before = time.perf_counter(), memory_peak_mib()
    with pytest.raises(FeedRefusedError) as caught:
        drop(data, **settings)
    assert time.perf_counter() - start < 2
    assert memory_peak_mib() - before < 200
    assert caught.value.remedy
    return caught.value.breaches[0].guard


def test_values_become_exact_text(drop: Any) -> None:
    header = [*HEADER, "日期", "时刻", "时长", "数", "小数", "真", "时间"]
    moment = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001
    row = [*PERSON, dt.date(2026, 11, 30), dt.time(9, 30), dt.timedelta(hours=30, minutes=5), 12, 0.1, True, moment]
    feed = drop(book(["员工花名册 2026年11月"], [], header, row))
    assert everything(feed) == (
        [(*PERSON, "2026-11-30", "09:30:00", "30:05:00", "12", "0.1", "TRUE", "2026-01-02T03:04:05")],
        [],
    )
    assert feed.origin.detail["header_row"] == "3"
    assert feed.origin.detail["format"] == "xlsx"


def test_dates_of_1904_workbooks(drop: Any) -> None:
    data = patched(
        book([*HEADER, "入职"], [*PERSON, dt.date(2026, 11, 30)]),
        "xl/workbook.xml",
        lambda xml: xml.replace("<workbookPr/>", '<workbookPr date1904="1"/>'),
    )
    assert everything(drop(data))[0][0][3] == "2030-12-01"
    assert drop(data).origin.detail["days_from"] == "1904"


def test_number_shown_with_leading_zeros_keeps_them(drop: Any) -> None:
    def pad(workbook: Any) -> None:
        workbook.active["A2"].number_format = "0000"

    assert everything(drop(book(HEADER, [12, "甲", "在职"], [13, "乙", "在职"], change=pad)))[0] == [
        ("0012", "甲", "在职"),
        ("13", "乙", "在职"),
    ]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("0000_ ", "0012"),
        ("0000;[Red]0000", "0012"),
        ("0000;@", "0012"),
        ("[$-804]0000", "0012"),
        ('"E"0000', "E0012"),
        ("\\E\\-0000", "E-0012"),
        ('0"元"', "12"),
        ('00"元"', "12"),
        ("00-0000", "00-0012"),
        ("000\\-000\\-000", "000-000-012"),
        ('"E"00 00" "00', "E00 00 12"),
        ("0-0;-0-0", "1-2"),
        ("0-\\0", "12"),
        ("00-0000%", "12"),
        ('0"."0000', "12"),
        ("0\\.0000", "12"),
        ("[<100]0000;000000", "12"),
    ],
)
def test_leading_zeros_are_kept_however_the_format_is_written(drop: Any, form: str, text: str) -> None:
    def pad(workbook: Any) -> None:
        workbook.active["A2"].number_format = form

    assert everything(drop(book(HEADER, [12, "甲", "在职"], change=pad)))[0] == [(text, "甲", "在职")]


def test_digits_before_the_first_place_of_a_format_are_not_lost(drop: Any) -> None:
    def part(workbook: Any) -> None:
        for cell in ("A2", "A3", "A4", "A5"):
            workbook.active[cell].number_format = "00-0000"

    people = [[number, "甲", "在职"] for number in (10203, 1234567, -10203, 1.5)]
    found = everything(drop(book(HEADER, *people, change=part)))[0]
    assert [row[0] for row in found] == ["01-0203", "123-4567", "-10203", "1.5"]


@pytest.mark.parametrize("form", ["[h]:mm", "[HH]:MM", "[HH]:MM:SS"])
def test_hours_beyond_a_day_are_a_duration_in_capitals_too(drop: Any, form: str) -> None:
    def lasting(workbook: Any) -> None:
        workbook.active["C2"].number_format = form

    assert everything(drop(book(HEADER, ["0012", "甲", 1.25], change=lasting)))[0] == [("0012", "甲", "30:00:00")]


def test_number_that_lost_digits_rejects_its_row(drop: Any) -> None:
    rows = [
        HEADER,
        ["0012", "甲", 110101199003070011],
        ["0013", "乙", 6222021234567890],
        ["0014", "丙", 123456789012345],
    ]
    assert everything(drop(book(*rows))) == (
        [("0014", "丙", "123456789012345")],
        [(2, "precision_lost", "状态"), (3, "precision_lost", "状态")],
    )


def test_errors_and_formulas_without_value_reject_their_row(drop: Any) -> None:
    data = book(HEADER, ["0012", "甲", "#REF!"], ["0013", "=A2", "在职"], ["0014", "丙", "在职"])
    assert everything(drop(data)) == (
        [("0014", "丙", "在职")],
        [(2, "error_value", "状态"), (3, "formula_without_value", "姓名")],
    )


def test_formula_with_saved_value_is_read(drop: Any) -> None:
    data = patched(book(HEADER, ["0012", "=1+1", "在职"]), SHEET, lambda xml: xml.replace("<v></v>", "<v>2</v>"))
    assert everything(drop(data)) == ([("0012", "2", "在职")], [])


def test_merged_header_refuses_and_merged_people_are_rejected(drop: Any) -> None:
    def merge(where: str) -> Callable[[Any], None]:
        return lambda workbook: workbook.active.merge_cells(where)

    assert refused(drop, book([*HEADER, "部门"], [*PERSON, "a"], change=merge("C1:D1"))) == "merged_header"
    rows = [HEADER, ["0012", "甲", "在职"], ["0013", "乙", None], ["0014", "丙", "在职"]]
    assert everything(drop(book(*rows, change=merge("C2:C3")))) == (
        [("0014", "丙", "在职")],
        [(2, "merged_cells", "状态"), (3, "merged_cells", "状态")],
    )
    assert everything(drop(book(["花名册"], HEADER, PERSON, change=merge("A1:C1"))))[0] == [tuple(PERSON)]


def test_hidden_rows_are_read_and_counted(drop: Any) -> None:
    def hide(workbook: Any) -> None:
        workbook.active.row_dimensions[2].hidden = True

    feed = drop(book(HEADER, PERSON, ["0013", "乙", "离职"], change=hide))
    assert feed.origin.detail["hidden_rows"] == "1"
    assert len(everything(feed)[0]) == 2


def test_sheet_must_be_named_when_several_hold_data(drop: Any) -> None:
    def more(workbook: Any) -> None:
        other = workbook.create_sheet("离职")
        other.append(HEADER)
        other.append(["0099", "己", "离职"])
        workbook.create_sheet("空")

    data = book(change=more)
    assert refused(drop, data) == "which_sheet"
    assert everything(drop(data, sheet="离职"))[0] == [("0099", "己", "离职")]
    assert refused(drop, data, sheet="没有") == "no_sheet"


def test_total_row_and_blank_rows(drop: Any) -> None:
    rows, rejected = everything(drop(book(HEADER, PERSON, [], ["合计", None, 1], [], ["0013", "乙", "在职"])))
    assert [row[0] for row in rows] == ["0012", "0013"]
    assert rejected == [(4, "total_row", "")]


def test_false_dimension_hides_nothing(drop: Any) -> None:
    people = [[f"{n:05d}", "甲", "在职"] for n in range(2000)]
    data = patched(
        book(HEADER, *people), SHEET, lambda xml: re.sub(r"<dimension[^>]*>", '<dimension ref="A1:C1"/>', xml)
    )
    assert len(everything(drop(data))[0]) == 2000


@pytest.mark.parametrize("place", ["XFD1048576", "A1048576", "ZZ3", "XFD2", "NTP900000"])
def test_far_cell(drop: Any, place: str) -> None:
    row = re.sub("[A-Z]", "", place)
    cell = f'<row r="{row}"><c r="{place}"><v>1</v></c></row></sheetData>'
    assert refused(drop, patched(book(), SHEET, lambda xml: xml.replace("</sheetData>", cell))) == "far_cell"


def test_far_cell_that_is_only_formatted_is_nothing(drop: Any) -> None:
    cell = '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    assert everything(drop(patched(book(), SHEET, lambda xml: xml.replace("</sheetData>", cell))))[0] == [tuple(PERSON)]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda xml: xml.replace('<c r="A2"', "<c"), "cell_without_place"),
        (lambda xml: xml.replace('<c r="B2"', '<c r="A2"'), "duplicate_cell"),
        (lambda xml: '<!DOCTYPE x [<!ENTITY a "b">]>' + xml, "doctype"),
        (lambda xml: xml.replace("</sheetData>", "<!-- <c r='ZZZ9'> --></sheetData>"), "odd_xml"),
        (lambda xml: xml.replace('<c r="A2"', '<c x="&gt;" y="/>" r="XFD1048576"'), "far_cell"),
        (lambda xml: xml.replace("</sheetData>", ""), "broken_xml"),
    ],
)
def test_odd_sheet_xml(drop: Any, change: Callable[[str], str], rule: str) -> None:
    assert refused(drop, patched(book(), SHEET, change)) == rule


def test_shared_strings_cannot_fill_the_memory(drop: Any) -> None:
    data = patched(
        book(),
        SHEET,
        lambda xml: xml.replace(
            "</sheetData>",
            "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(3, 40_000)) + "</sheetData>",
        ),
    )
    strings = b"<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><si><t>"
    data = added(data, "xl/sharedStrings.xml", strings + b"x" * 32_000 + b"</t></si></sst>")
    assert refused(drop, data) == "inflates_too_far"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_are_no_plain_workbook(drop: Any) -> None:
    good = book()
    assert refused(drop, added(good, "xl/vbaProject.bin", b"x")) == "macros"
    assert refused(drop, added(good, "xl/externalLinks/externalLink1.xml", b"<x/>")) == "external_links"
    assert refused(drop, added(good, "../../evil", b"x")) == "unsafe_member"
    assert refused(drop, added(good, "/etc/x", b"x")) == "unsafe_member"
    assert refused(drop, added(good, SHEET, b"<x/>")) == "duplicate_member"
    assert refused(drop, added(good, SHEET.upper(), b"<x/>")) == "duplicate_member"
    assert refused(drop, added(good, "xl/media/bomb.bin", b"\0" * 200_000_000)) == "inflates_too_far"
    assert refused(drop, added(good, "xl/worksheets/bomb.xml", b" " * 60_000_000)) == "inflates_too_far"
    assert refused(drop, good, max_inflated_bytes=1000) == "inflates_too_far"
    assert refused(drop, good[: len(good) // 2]) == "broken_zip"
    macro = patched(good, "[Content_Types].xml", lambda xml: xml.replace("sheet.main", "sheet.macroEnabled.main"))
    assert refused(drop, macro) == "macros"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hello.txt", "x")
    assert refused(drop, out.getvalue()) == "not_a_workbook"


def test_encrypted_and_lying_members(drop: Any) -> None:
    good = bytearray(book())
    flagged = bytearray(good)
    central = flagged.find(b"PK\x01\x02")
    flagged[central + 8] |= 1
    assert refused(drop, bytes(flagged)) == "encrypted"
    lying = bytearray(good)
    central = lying.find(b"PK\x01\x02")
    lying[central + 24 : central + 28] = (10).to_bytes(4, "little")
    assert refused(drop, bytes(lying)) == "broken_zip"


def test_every_cut_of_a_workbook_is_refused(drop: Any) -> None:
    good = book()
    for end in range(4, len(good) - 1, 97):
        assert refused(drop, good[:end]) in ("broken_zip", "not_a_workbook")
