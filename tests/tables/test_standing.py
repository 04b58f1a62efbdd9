"""Known lines are left out, and what is read of the others is what the reader of whole files reads."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from baton.model.told_lines import LineMarker, LinesBefore
from baton.tables import Caps, FileError, Layout, Table, other_rows, read_delimited, read_others, settled
from baton.tables.standing import Others
from tests.rig.examples import few

LAYOUT = Layout(("工号", "姓名"), "工号")
CAPS = Caps(rejected=50)
HEADER = "工号,姓名,状态"
MARKER = LineMarker(1, 2)
GOOD = [f"{number:04d},测试{name},在职" for number, name in enumerate("甲乙丙丁戊己庚辛")]
ODD = (
    *('0010,"测试,甲",在职', '"0011","测试 ""乙""",', "0012,测试丙", "0013,测试丁,在职,", "0014,测试丁,在职,多", ""),
    *(
        '0015,"测试',
        '在职",x',
        '0016,测"试,在职',
        "合计,,2",
        ",,",
        "0017,测试\r,在职",
        " 0018,测试,在职",
        "0019,测\0试,",
    ),
    *("0020,1.23E+15,在职", "注,,", '0021,"",在职', "0022,测试,在职\r", '"', '0023,"甲"乙,在职'),
)
LINES = st.lists(st.one_of(st.sampled_from(GOOD), st.sampled_from(ODD)), max_size=14)
ENDS = st.sampled_from(["\n", "\r\n"])


def content(lines: list[str], end: str = "\n") -> bytes:
    return (end.join([HEADER, *lines]) + end).encode()


def nothing() -> LinesBefore:
    return LinesBefore(MARKER, "", MARKER.of(read_nothing()))


def read_nothing():
    return pl.Series([], dtype=pl.String)


def whole(utf8: bytes, caps: Caps = CAPS):
    """(rows with their numbers, verdicts, detail) as the whole file is read."""
    table = settled(read_delimited(utf8, LAYOUT, caps), LAYOUT, caps)
    return dict(zip(table.row_numbers, table.frame.rows(), strict=True)), verdicts(table), table.detail


def verdicts(table) -> list[tuple[int, str, str, str]]:
    return [(each.row, each.rule, each.column, each.message) for each in table.rejected]


def others(utf8: bytes, before: LinesBefore, caps: Caps = CAPS) -> Others | None:
    return read_others(utf8, before, LAYOUT, caps)


def after(read: Others) -> LinesBefore:
    """What is known once these lines were read."""
    return LinesBefore(MARKER, read.context, read.marks.unique(maintain_order=True))


@few(120)
@given(first=LINES, second=LINES, ends=st.tuples(ENDS, ENDS))
@example(first=GOOD, second=[*GOOD[:3], "", '0010,"测试,甲",在职', GOOD[0]], ends=("\n", "\r\n"))
@example(first=GOOD, second=['0015,"测试', *GOOD, '在职",x'], ends=("\n", "\n"))
def test_lines_left_out_and_the_others_are_the_whole_file(first, second, ends):
    known = others(content(first, ends[0]), nothing())
    if known is None:
        return
    assert (
        dict(zip(known.table.row_numbers, known.table.frame.rows(), strict=True)) == whole(content(first, ends[0]))[0]
    )
    utf8 = content(second, ends[1])
    read = others(utf8, after(known))
    if read is None:
        return
    rows, rejected, detail = whole(utf8)
    found = dict(zip(read.table.row_numbers, read.table.frame.rows(), strict=True))
    assert found.items() <= rows.items()
    assert verdicts(read.table) == rejected
    assert read.table.detail == detail
    left_out = sorted(values for row, values in rows.items() if row not in found)
    was = after(known).marks.with_row_index()
    texts = known.table.frame.hstack(known.marks).join(was, on=["first", "second"]).unique("index").sort("index")
    assert sorted(texts.select(HEADER.split(","))[read.standing.to_list()].rows()) == left_out


@given(lines=st.lists(st.sampled_from(GOOD), unique=True, min_size=1), changed=st.integers(0, 7))
@few(20)
def test_of_a_file_of_which_one_line_is_new_one_line_is_read(lines, changed):
    known = others(content(lines), nothing())
    assert known is not None
    at = changed % len(lines)
    news = [*lines[:at], "0099,测试新,在职", *lines[at + 1 :]]
    read = others(content(news), after(known))
    assert read is not None
    assert read.table.frame.rows() == [("0099", "测试新", "在职")]
    assert read.table.row_numbers.to_list() == [at + 2]
    assert read.standing.len() == len(lines) - 1


def test_the_same_file_is_not_read_at_all_and_line_ends_are_no_content():
    known = others(content(GOOD), nothing())
    assert known is not None
    for end in ("\n", "\r\n"):
        read = others(content(GOOD, end), after(known))
        assert read is not None
        assert read.table.frame.is_empty()
        assert read.standing.to_list() == list(range(len(GOOD)))


def test_a_line_that_stands_there_twice_is_read_twice():
    known = others(content(GOOD), nothing())
    assert known is not None
    read = others(content([*GOOD, GOOD[2]]), after(known))
    assert read is not None
    assert read.table.row_numbers.to_list() == [4, len(GOOD) + 2]
    assert read.standing.len() == len(GOOD) - 1


@pytest.mark.parametrize(
    "changed",
    [
        HEADER.replace("状态", "状况"),
        HEADER.replace("姓名,状态", "状态,姓名"),
        f"{HEADER},",
    ],
)
def test_under_another_header_no_line_is_the_same(changed):
    known = others(content(GOOD), nothing())
    assert known is not None
    utf8 = content(GOOD).replace(HEADER.encode(), changed.encode())
    read = others(utf8, after(known))
    assert read is None or read.standing.is_empty()


def test_under_another_layout_or_other_caps_no_line_is_the_same():
    known = others(content(GOOD), nothing())
    assert known is not None
    for layout, caps in ((Layout(("工号",), "工号"), CAPS), (LAYOUT, Caps(rejected=50, field_chars=100))):
        read = read_others(content(GOOD), after(known), layout, caps)
        assert read is not None
        assert read.standing.is_empty()


@pytest.mark.parametrize("line", ['0031,"测试', '0031,测试,"', '"'])
def test_beside_a_quote_that_may_stay_open_nothing_is_left_out(line):
    known = others(content(GOOD), nothing())
    assert known is not None
    assert others(content([*GOOD, line]), after(known)) is None


@pytest.mark.parametrize(
    ("utf8", "caps"),
    [
        (b"", CAPS),
        (b"\n\n", CAPS),
        ("工号,姓名\r0001,测试".encode(), CAPS),
        ("姓名,状态\n测试,在职\n".encode(), CAPS),
        (content(["0001,甲"] * 60), CAPS),
        (content(GOOD), Caps(rows=3)),
        (content(GOOD), Caps(rows=7)),
    ],
)
def test_what_is_wrong_with_the_file_as_a_whole_is_for_the_whole_reader_to_say(utf8, caps):
    assert others(utf8, nothing(), caps) is None
    with pytest.raises(FileError):
        whole(utf8, caps)


def test_lines_that_are_known_count_against_the_most_rows():
    known = others(content(GOOD), nothing())
    assert known is not None
    context = others(content(GOOD[:1]), nothing(), Caps(rows=7, rejected=50))
    assert context is not None
    assert others(content(GOOD), LinesBefore(MARKER, context.context, known.marks), Caps(rows=7, rejected=50)) is None


CELLS = st.one_of(st.none(), st.sampled_from(["", " ", "甲", "乙", '"', ",", "甲,乙", "null", "\x00", "\x1f"]))
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=8)


def sheet(rows, first: int = 3) -> Table:
    frame = pl.DataFrame(rows, schema={"工号": pl.String, "姓名": pl.String}, orient="row")
    return Table(frame, pl.Series(range(first, first + len(rows)), dtype=pl.Int64), 2, (), {"format": "xlsx"})


def besides(table: Table, before: LinesBefore) -> Others:
    return other_rows(table, before, LAYOUT, CAPS)


@few(120)
@given(first=ROWS, second=ROWS)
@example(first=[("甲", None)], second=[(None, "甲"), ("甲", "")])
@example(first=[("甲", "乙")], second=[("甲", "乙"), ("甲", "乙")])
@example(first=[("甲,乙", "甲")], second=[("甲", "乙,甲")])
def test_of_a_workbook_the_rows_that_stood_there_once_and_stand_there_once_are_left_out(first, second):
    known = besides(sheet(first), nothing())
    assert known.table.frame.rows() == first
    before = after(known)
    read = besides(sheet(second, first=4), before)
    again = [row for row in second if row in first and second.count(row) == 1]
    assert read.table.frame.rows() == [row for row in second if row not in again]
    assert read.table.row_numbers.to_list() == [n for n, row in enumerate(second, start=4) if row not in again]
    assert read.marks.height == read.table.frame.height
    stood = list(dict.fromkeys(first))
    assert [stood[place] for place in read.standing.to_list()] == again


@pytest.mark.parametrize(
    "other",
    [
        lambda table, before: other_rows(table, before, Layout(("工号",)), CAPS),
        lambda table, before: other_rows(table, before, LAYOUT, Caps(rows=7)),
        lambda table, before: besides(dataclasses.replace(table, header_row=1), before),
        lambda table, before: besides(dataclasses.replace(table, detail={"days_from": "1904"}), before),
        lambda table, before: besides(dataclasses.replace(table, frame=table.frame.rename({"姓名": "名"})), before),
    ],
)
def test_of_a_workbook_that_is_read_in_another_way_no_row_is_left_out(other):
    table = sheet([("0001", "测试甲"), ("0002", "测试乙")])
    before = after(besides(table, nothing()))
    assert besides(table, before).table.frame.is_empty()
    assert other(table, before).table.frame.height == 2


def test_a_long_workbook_is_marked_in_parts(monkeypatch):
    rows = [(f"{number:04d}", "测试") for number in range(7)]
    known = besides(sheet(rows), nothing())
    monkeypatch.setattr("baton.tables.standing._AT_ONCE", 2)
    assert besides(sheet(rows), nothing()).marks.equals(known.marks)
