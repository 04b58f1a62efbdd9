"""A header whose cells have line breaks in them (Alt+Enter in a spreadsheet), in delimited text."""

from __future__ import annotations

import pytest

from baton.tables import Caps, FileError, Layout, read_delimited, settled

BODY = "0001,张三,一部,在职\n0002,李四,二部,离职\n"
NAMED = Layout(("工号", "部门", "状态"), "工号")
FOUND = Layout()
TOP = Layout(header_depth=1)


def read(text, layout):
    table = settled(read_delimited(text.encode(), layout, Caps()), layout, Caps())
    return table.frame.columns, table.frame.rows(), table.row_numbers.to_list(), table.header_row


@pytest.mark.parametrize("layout", [NAMED, FOUND, TOP])
@pytest.mark.parametrize(
    ("header", "names"),
    [
        ('工号,"姓名\n(中文)",部门,状态', ["工号", "姓名 (中文)", "部门", "状态"]),
        ('"工号\n",姓名,"部门","\n状态"', ["工号", "姓名", "部门", "状态"]),
        ('工号,"姓名\n\n 全, 名",部门,"状态"', ["工号", "姓名 全, 名", "部门", "状态"]),
        ('工号,"""姓""\n名",部门,状态', ["工号", '"姓" 名', "部门", "状态"]),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_line_break_in_a_name_is_one_blank_and_the_header_one_row(layout, header, names, newline):
    rows = [("0001", "张三", "一部", "在职"), ("0002", "李四", "二部", "离职")]
    assert read(f"{header}\n{BODY}".replace("\n", newline), layout) == (names, rows, [2, 3], 1)


@pytest.mark.parametrize("layout", [NAMED, FOUND])
def test_a_title_with_a_line_break_above_the_header_is_one_row(layout):
    text = f'"花名册\n2026",,,\n工号,姓名,部门,"状\n态"\n{BODY}'
    names = ["工号", "姓名", "部门", "状 态"]
    assert read(text, layout)[0] == names
    assert read(text, layout)[2:] == ([3, 4], 2)


@pytest.mark.parametrize("layout", [NAMED, FOUND, TOP])
def test_a_forgotten_quote_below_the_header_takes_nothing_into_it(layout):
    text = f'工号,姓名,部门,状态\n0001,"张三,一部,在职\n{BODY}0004,王五",三部,在职,多,余\n'
    rows = [("0001", "张三", "一部", "在职"), ("0002", "李四", "二部", "离职")]
    assert read(text, layout) == (["工号", "姓名", "部门", "状态"], rows, [3, 4], 1)


def test_a_header_whose_quote_is_never_closed_is_a_fault():
    with pytest.raises(FileError) as caught:
        read(f'工号,"姓名,部门,状态\n{BODY}', NAMED)
    assert caught.value.rule in ("no_header", "missing_column")
