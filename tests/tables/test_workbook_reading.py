"""Workbooks as people keep them: dates, money, headers over several rows, many sheets; and what is refused."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from baton import sdk
from baton.tables import ArchiveCaps, Caps, FileError, Layout, Table, read_workbook, sheet_names

SHEET = "xl/worksheets/sheet1.xml"


def book(rows: Sequence[Sequence[Any]], change: Callable[[Any], None] | None = None) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if change:
        change(workbook)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def patched(data: bytes, part: str, old: str, new: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            content = before.read(name).decode()
            assert name != part or old in content
            after.writestr(name, content.replace(old, new) if name == part else content)
    return out.getvalue()


def table(data: bytes, sheet: str | None = None, **layout: Any) -> Table:
    return read_workbook(data, sheet, Layout(**layout), Caps(), ArchiveCaps())


def column(*cells: str, workbook: str = "<workbookPr/>") -> tuple[list[Any], list[str]]:
    """The values and faults of cells given as XML, one a row, below a header."""
    rows = "".join(f'<row r="{n}">{cell.replace("@", f"A{n}")}</row>' for n, cell in enumerate(cells, 2))
    data = patched(book([["值"]]), SHEET, "</sheetData>", rows + "</sheetData>")
    styles = "".join(
        f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0"/>' for number in (14, 21, 22, 46, 10, 31)
    )
    data = patched(data, "xl/styles.xml", "</cellXfs>", styles + "</cellXfs>")
    data = patched(data, "xl/workbook.xml", "<workbookPr/>", workbook)
    read = table(data)
    return read.frame["值"].to_list(), [each.rule for each in read.rejected]


def shown(style: int, *numbers: str) -> tuple[str, ...]:
    return tuple(f'<c r="@" s="{style}"><v>{number}</v></c>' for number in numbers)


DATE, TIME, BOTH, DURATION, PERCENT, CHINESE = range(1, 7)


def test_decimals_are_the_ones_that_were_typed() -> None:
    stored = ("0.1", "0.10000000000000001", "1.1000000000000001", "97775.60000000001", "1E-3", "1.5E+10", "-0", "12.50")
    assert column(*shown(0, *stored))[0] == ["0.1", "0.1", "1.1", "97775.6", "0.001", "15000000000", "0", "12.5"]
    assert column(*shown(PERCENT, "7.0000000000000007E-2", "1"))[0] == ["0.07", "1"]


def test_fifteen_digits_are_exact_and_sixteen_are_gone() -> None:
    good = ("999999999999999", "-123456789012345", "1234567890.12345")
    assert column(*shown(0, *good)) == (list(good), [])
    assert column(*shown(0, "1000000000000000", "6.2220212345678899E+18", "-1E+15", "1E400")) == (
        [],
        ["precision_lost"] * 4,
    )


def test_the_calendar_of_1900_has_a_day_that_never_was() -> None:
    assert column(*shown(DATE, "1", "59", "61", "46356", "2958465"))[0] == [
        "1900-01-01",
        "1900-02-28",
        "1900-03-01",
        "2026-11-30",
        "9999-12-31",
    ]
    assert column(*shown(DATE, "60", "0", "-1", "2958466", "20261130")) == ([], ["no_date"] * 5)
    assert column(*shown(CHINESE, "46356"))[0] == ["2026-11-30"]


def test_the_calendar_of_1904() -> None:
    assert column(*shown(DATE, "0", "60", "44894"), workbook='<workbookPr date1904="1"/>')[0] == [
        "1904-01-01",
        "1904-03-01",
        "2026-11-30",
    ]


def test_times_are_exact_to_the_millisecond() -> None:
    assert column(*shown(TIME, "0.39583333333333331", "0", "0.99998842592592596"))[0] == [
        "09:30:00",
        "00:00:00",
        "23:59:59",
    ]
    assert column(*shown(BOTH, "46356.395833333336", "46356", "46356.395839120369"))[0] == [
        "2026-11-30T09:30:00",
        "2026-11-30",
        "2026-11-30T09:30:00.500000",
    ]
    assert column(*shown(DURATION, "1.2534722222222223", "-0.5"))[0] == ["30:05:00", "-12:00:00"]


def test_text_that_looks_like_something_else_stays_text() -> None:
    text = '<c r="@" s="1" t="inlineStr"><is><t>{}</t></is></c>'
    values = ["110101199003070011", "007", "1E5", "2026-02-30", "TRUE", "#N/A"]
    assert column(*(text.format(value) for value in values))[0] == values


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="@"><v>abc</v></c>',
        '<c r="@" t="b"><v>2</v></c>',
        '<c r="@" t="s"><v>7</v></c>',
        '<c r="@" t="s"><v>-1</v></c>',
        '<c r="@" t="zz"><v>1</v></c>',
    ],
)
def test_a_cell_that_is_not_what_it_says_refuses_the_file(cell: str) -> None:
    with pytest.raises(FileError, match="row 2, column 1 does not hold what it says") as caught:
        column(cell)
    assert caught.value.rule == "broken_xml"


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="2"><c r="A2"><v>1</v></c></row><x/>',
        '<row r="2"><c r="A2"><v>1</v></c><row r="3"></row></row>',
        '<row r="2"><c r="A2"><v>1</v></c></row></row>',
        '<c r="A2"><v>1</v></c>',
        '<row r="2"><c r="A2"><v>1</c></v></row>',
        '<row r="2"><c r="A2"><v>1</v></c>text</row>',
        '<row r="2"><c r="A2" r="B2"><v>1</v></c></row>',
        '<row r="2"><c r="A2" t="str"><v>&undeclared;</v></c></row>',
        '<row r="2"><c r="A2"><v>\x01</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><?x y?></row>',
        '<row r="2"><c r="A2"><v><![CDATA[1]]></v></c></row>',
        '<row r="2"><c r="A2"><v>1</v><!-- 2 --></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><!-- 2 --></row>',
        '<!-- 1 --><row r="2"><c r="A2"><v>1</v></c></row>',
        '<row r="2"><!-- <c r="A2"><v>1</v></c> --></row>',
        '<row r="2"><c r="A2"><v>1<!-- </v></c> --></v></c></row>',
        '<row r="2"><c r="A2"><?x y?><v>1</v></c></row>',
        '<row r="2"><c r="A2" s="0" t="n" s="1"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><c r="B2"><v>1</v></c></c></row>',
        '</sheetData><sheetData><row r="2"><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2" s="x"><v>1</v></c></row>',
    ],
)
def test_xml_no_spreadsheet_program_writes_is_refused(rows: str) -> None:
    data = patched(book([["值"]]), SHEET, "</sheetData>", rows + "</sheetData>")
    with pytest.raises(FileError) as caught:
        table(data)
    assert caught.value.rule in ("odd_xml", "broken_xml")


@pytest.mark.parametrize("item", ["<t>甲<!-- 乙 --></t>", "<t><![CDATA[甲]]></t>", "<?x y?><t>甲</t>"])
def test_shared_strings_no_spreadsheet_program_writes_are_refused(item: str) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as workbook:
        workbook.add_worksheet().write_string(0, 0, "值")
    assert table(out.getvalue()).frame.columns == ["值"]
    with pytest.raises(FileError) as caught:
        table(patched(out.getvalue(), "xl/sharedStrings.xml", "<t>值</t>", item))
    assert caught.value.rule == "odd_xml"


def test_reading_a_workbook_loads_nothing_that_connects_or_validates() -> None:
    probe = "import sys; from baton import tables; tables.read_workbook; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "polars" in loaded
    assert not loaded & {"pydantic", "httpx", "sqlalchemy", "tenacity", "baton.contracts", "baton.client"}


def test_visible_sheets_that_hold_anything_are_listed_in_order() -> None:
    def more(workbook: Any) -> None:
        workbook.active.title = "在职"
        workbook.create_sheet("空")
        workbook.create_sheet("藏").append(["a"])
        workbook["藏"].sheet_state = "hidden"
        workbook.create_sheet("离职", 0).append(["b"])
        workbook.create_chartsheet("图")

    assert sheet_names(book([["工号"]], more), ArchiveCaps()) == ["离职", "在职"]
    assert sdk.tables.sheet_names(book([]), ArchiveCaps()) == []


GROUPS = [
    ["员工花名册", None, None, None, None],
    ["工号", "基本信息", None, "合同", None],
    [None, "姓名", "性别", "起始日", "终止日"],
    ["0012", "测试甲", "女", dt.date(2026, 1, 1), dt.date(2027, 1, 1)],
]


def merged(*ranges: str) -> Callable[[Any], None]:
    def change(workbook: Any) -> None:
        for each in ranges:
            workbook.active.merge_cells(each)

    return change


NAMES = ["工号", "基本信息/姓名", "基本信息/性别", "合同/起始日", "合同/终止日"]


@pytest.mark.parametrize("required", [(), ("工号", "合同/起始日")])
def test_a_header_over_two_rows_joins_group_and_name(required: tuple[str, ...]) -> None:
    data = book(GROUPS, merged("A1:E1", "A2:A3", "B2:C2", "D2:E2"))
    read = table(data, header_rows=2, required=required)
    assert read.frame.columns == NAMES
    assert read.frame.rows() == [("0012", "测试甲", "女", "2026-01-01", "2027-01-01")]
    assert (read.header_row, read.row_numbers.to_list()) == (3, [4])


def test_a_group_belongs_only_to_the_columns_it_is_merged_over() -> None:
    read = table(book(GROUPS[1:], merged("B1:C1")), header_rows=2)
    assert read.frame.columns == ["工号", "基本信息/姓名", "基本信息/性别", "合同/起始日", "终止日"]


def test_a_header_over_three_rows() -> None:
    rows = [["甲", None], ["乙", None], ["一", "二"], ["1", "2"]]
    assert table(book(rows, merged("A1:B1", "A2:B2")), header_rows=3).frame.columns == ["甲/乙/一", "甲/乙/二"]


def test_a_header_of_several_rows_must_end_where_it_is_said_to() -> None:
    for change in (merged("A2:A4", "B2:C2"), merged("A1:A2", "B2:C2")):
        with pytest.raises(FileError) as caught:
            table(book(GROUPS, change), header_rows=2, required=("基本信息/姓名",))
        assert caught.value.rule == "merged_header"
    with pytest.raises(FileError) as caught:
        table(book(GROUPS, merged("B2:C2", "B3:C3")), header_rows=2, required=("工号",))
    assert caught.value.rule == "duplicate_header"
    with pytest.raises(FileError) as caught:
        table(book([["工号"]]), header_rows=2)
    assert caught.value.rule == "no_header"


def test_merged_ranges_that_overlap_without_end_are_refused() -> None:
    ranges = "<mergeCells>" + '<mergeCell ref="A2:C90000"/>' * 50 + "</mergeCells>"
    data = patched(book([["工号"], *([["1"]] * 90_000)]), SHEET, "</sheetData>", f"</sheetData>{ranges}")
    with pytest.raises(FileError, match="overlap"):
        table(data)
