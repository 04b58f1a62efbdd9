"""The streaming reader of delimited text: the verdicts of the whole-file reader, in constant memory, over block borders."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from baton.errors import FeedRefusedError
from baton.tables import Caps, DelimitedFile, FileError, Layout, decode, read_delimited, stream, text_file
from tests.rig.examples import few

TOP = Layout(header_depth=1)
HEADER = "工号,姓名,状态"


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few lines, quotes looked for over a few lines: everything that happens at borders happens often."""
    monkeypatch.setattr(stream, "_LEAST_BLOCK_BYTES", 16)
    monkeypatch.setattr(stream, "_MOST_BLOCK_BYTES", 64)
    monkeypatch.setattr(stream, "_REACH_BYTES", 96)


def streamed(path, layout=TOP, caps=Caps(), **options):
    """(records with their rows, rejections, pages), or the rule that refuses the file."""
    try:
        pages = list(DelimitedFile.open(path, layout, caps, **options).pages(3))
    except FileError as fault:
        return fault.rule
    except FeedRefusedError as error:
        return error.breaches[0].guard
    found = [(page.first_row + at, *row) for page in pages for at, row in enumerate(page.rows.rows())]
    return found, [(each.row, each.rule, each.column) for page in pages for each in page.rejected], pages


def at_once(path, layout=TOP, caps=Caps()):
    """The same from the whole-file reader."""
    try:
        table = read_delimited(decode(path.read_bytes()).utf8, layout, caps)
    except FileError as fault:
        return fault.rule
    texts = [[cell or None for cell in row] for row in table.frame.rows()]
    rows = [
        (row, *cells)
        for row, cells in zip(table.row_numbers, texts, strict=True)
        if any((cell or "").strip(" \r\n") for cell in cells)
    ]
    return rows, [(each.row, each.rule, each.column) for each in table.rejected]


CELL = st.text("甲a1 \"',;\r\n\0\x01\x1e=", max_size=5)
LINE = st.one_of(
    st.just("0001,甲,在职"),
    st.just('0002,"甲,在职'),
    st.just('"0003","乙 ""丙""","在\n职"'),
    st.just(""),
    st.just('x,""," "'),
    st.lists(CELL, min_size=1, max_size=4).map(",".join),
    st.text('",\n\r甲a', max_size=12),
)


@few(80)
@given(lines=st.lists(LINE, max_size=25), end=st.sampled_from(["", "\n", "\r\n", "\n\n"]))
@example(lines=["0001,甲,在职\r\r", ""], end="\r\n")  # the CR before the last line's own end is in the line
@example(lines=["0001,甲,在职", "0002\r\r\r", "\r", ""], end="\n")
@example(lines=["\r"], end="\r\n")
@example(lines=["0001,甲", "0002,乙,在职,"], end="\n")  # as many fields in all as two rows have, and one row lacks one
def test_block_by_block_gives_what_the_whole_file_gives(tmp_path, small_blocks, lines, end):
    path = tmp_path / "random.csv"
    path.write_bytes((HEADER + "\n" + "\n".join(lines) + end).encode())
    found, expected = streamed(path), at_once(path)
    if found == "quote_swallows_rows":  # a quote closed far away: refused whole where the other reader rejects rows
        assert not isinstance(expected, str)
        return
    assert (found if isinstance(found, str) else found[:2]) == expected


# --- encodings


NAMES = "工号,姓名\n0012,测试甲\n1E5,测试{rare}\n"


@pytest.mark.parametrize(
    ("encoding", "rare", "reported"),
    [
        ("utf-8", "𠮷䶮", "utf-8"),
        ("utf-8-sig", "𠮷䶮", "utf-8-bom"),
        ("utf-16", "𠮷䶮", "utf-16-le"),
        ("gbk", "镕", "gbk"),
        ("gb18030", "𠮷䶮", "gb18030"),
    ],
)
def test_rare_names_survive_every_encoding_wherever_a_piece_is_cut(
    tmp_path, small_blocks, monkeypatch, encoding, rare, reported
):
    path = tmp_path / "names.csv"
    path.write_bytes((NAMES.format(rare=rare) + f"x,{rare}\n" * 50).encode(encoding))
    for size in (1, 2, 3, 5, 7, 64):
        monkeypatch.setattr(text_file, "_CHUNK_BYTES", size if size > 3 or encoding.startswith(("utf-16", "gb")) else 4)
        file = DelimitedFile.open(path, TOP, Caps())
        assert file.origin.detail["encoding"] == reported
        rows, rejected, _ = streamed(path)
        assert rows[:2] == [(2, "0012", "测试甲"), (3, "1E5", f"测试{rare}")]
        assert rows[-1] == (53, "x", rare)
        assert rejected == []


def test_big_endian_utf16_and_a_named_encoding(tmp_path):
    path = tmp_path / "names.csv"
    path.write_bytes(b"\xfe\xff" + NAMES.format(rare="𠮷").encode("utf-16-be"))
    assert DelimitedFile.open(path, TOP, Caps()).origin.detail["encoding"] == "utf-16-be"
    assert streamed(path, encoding="utf-16")[0] == streamed(path)[0]
    path.write_bytes("工號,姓名\n0012,測試甲\n".encode("big5"))
    assert streamed(path, encoding="big5")[0] == [(2, "0012", "測試甲")]


def test_chinese_far_below_an_ascii_top_decides_the_encoding(tmp_path):
    path = tmp_path / "late.csv"
    path.write_bytes(b"id,name\n" + b"1,a\n" * 500_000 + "2,测试甲镕\n".encode("gbk"))
    assert DelimitedFile.open(path, TOP, Caps()).origin.detail["encoding"] == "gbk"
    with path.open("ab") as file:
        file.write("3,测试𠮷\n".encode("gb18030"))
    assert DelimitedFile.open(path, TOP, Caps()).origin.detail["encoding"] == "gb18030"
    assert streamed(path)[0][-1] == (500_003, "3", "测试𠮷")


def judged(judge):
    """The name of the encoding, or the rule and the row that refuse the file."""
    try:
        return judge()
    except FileError as fault:
        return fault.rule, fault.message.partition(" (byte")[0]


@few(80)
@given(
    data=st.one_of(st.binary(max_size=60), st.text("工甲𠮷,a\n", max_size=20).map(str.encode)),
    tail=st.binary(max_size=4),
    before=st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", "工号,姓名\n".encode("gb18030")]),
)
def test_encodings_are_judged_as_for_a_whole_file(tmp_path, data, tail, before):
    path = tmp_path / "bytes.csv"
    path.write_bytes(before + data + tail)
    found = judged(lambda: text_file.survey(path, None, 1 << 20).encoding.name)
    assert found == judged(lambda: decode(path.read_bytes()).encoding)


# --- hostile content


TOO_LONG = "长" * 40_000
HOSTILE = [
    ('0013,"测试,在职', ("unclosed_quote", "姓名")),
    ('0013,测"试,在职', ("stray_quote", "姓名")),
    ("0013,测试", ("ragged", "")),
    ("0013,测试,在职,x", ("ragged", "")),
    ("0013,测\0试,在职", ("nul", "姓名")),
    ("0013,测\r试,在职", ("bare_cr", "姓名")),
    ("0013,测试," + TOO_LONG, ("field_too_long", "状态")),
    ('0013,测试,"' + "a" * 200_000 + '"', ("field_too_long", "状态")),
]


@pytest.mark.parametrize(("line", "verdict"), HOSTILE, ids=[f"{each[1][0]}-{at}" for at, each in enumerate(HOSTILE)])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_one_broken_row_is_named_and_harms_no_other(tmp_path, small_blocks, line, verdict, newline, before):
    path = tmp_path / "broken.csv"
    good = [f"{n:04d},甲,在职" for n in range(9)]
    path.write_bytes(newline.join([HEADER, *good[:before], line, *good[before:], ""]).encode())
    rows, rejected, _ = streamed(path)
    assert rejected == [(2 + before, *verdict)]
    assert [row[0] for row in rows] == [row for row in range(2, 12) if row != 2 + before]


@pytest.mark.parametrize(
    "value",
    ["=HYPERLINK(1)", "=cmd|'/C calc'!A0", "+1", "-1", "@SUM", "\t=1", "＝1", "00123", "1E5", "2026-02-30", "31/12/26",
     "１２３", "٣", "²", "1_000", "e\u0301", "\u202eab", "\u200b", "0001-01-01", "9999-12-31", " a ", "\x01", "\u2028"],
)  # fmt: skip
def test_values_stay_as_they_stand(tmp_path, value):
    path = tmp_path / "values.csv"
    path.write_text(f'{HEADER}\n1,{value},x\n2,"{value}",x\n', encoding="utf-8", newline="")
    assert [row[2] for row in streamed(path)[0]] == [value, value]


def test_no_value_is_null_whether_bare_or_quoted_and_blank_rows_are_not_there(tmp_path):
    path = tmp_path / "blank.csv"
    path.write_text(f'{HEADER}\n1,,\n,"",\n\n , ,\n2,""," "\n', encoding="utf-8")
    assert streamed(path)[0] == [(2, "1", None, None), (6, "2", None, " ")]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty_file"),
        (b"\n \n", "empty_file"),
        (b"a,b,a\n1,2,3\n", "duplicate_header"),
        (b"a,,b\n1,2,3\n", "blank_header"),
        (b"a,b\r1,2\r", "bare_cr"),
        ("a,b\n" + "1\n" * 2000, "too_many_faults"),
        ("工号,姓名\n1,测试甲\n".encode()[:-2], "undecodable"),
        ("a,b,\n1,2,3\n", "blank_header"),
    ],
)
def test_unusable_files_are_refused_by_name(tmp_path, content, rule):
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert streamed(path) == rule


def test_a_header_alone_is_an_empty_feed_and_no_final_newline_is_needed(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text(HEADER, encoding="utf-8")
    rows, rejected, pages = streamed(path)
    assert (rows, rejected, len(pages), pages[0].rows.columns) == ([], [], 1, ["工号", "姓名", "状态"])
    path.write_text(f"{HEADER}\n1,a,b", encoding="utf-8")
    assert streamed(path)[0] == [(2, "1", "a", "b")]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(tmp_path, delimiter):
    path = tmp_path / "other.csv"
    path.write_text(f"{HEADER}\n1,a,b\n".replace(",", delimiter), encoding="utf-8")
    assert streamed(path)[0] == [(2, "1", "a", "b")]


def test_caps(tmp_path):
    path = tmp_path / "large.csv"
    path.write_text(f"{HEADER}\n" + "1,a,b\n" * 11, encoding="utf-8")
    assert streamed(path, caps=Caps(rows=10)) == "too_many_rows"
    assert streamed(path, caps=Caps(columns=2)) == "too_many_columns"
    assert streamed(path, max_bytes=50) == "too_large"


def test_one_endless_line_is_refused_before_it_fills_the_memory(tmp_path, small_blocks, monkeypatch):
    monkeypatch.setattr(stream, "_MOST_LINE_BYTES", 4096)
    path = tmp_path / "endless.csv"
    path.write_bytes(f"{HEADER}\n".encode() + b"x" * 300_000)
    assert streamed(path) == "line_too_long"


# --- borders


def test_rows_keep_their_numbers_over_blocks_whatever_stands_between(tmp_path, small_blocks):
    path = tmp_path / "rows.csv"
    lines, row, expected = [], 2, []
    for n in range(300):
        if n % 7 == 3:
            lines.append(f'{n},"甲\n\n乙",x')
            expected.append((row, f"{n}", "甲\n\n乙", "x"))
        elif n % 11 == 5:
            lines.append("")
        elif n % 13 == 6:
            lines.append(f"{n},broken")
        else:
            lines.append(f"{n},甲,x")
            expected.append((row, f"{n}", "甲", "x"))
        row += 1
    path.write_text("\n".join([HEADER, *lines]), encoding="utf-8")
    rows, rejected, pages = streamed(path)
    assert rows == expected
    assert [row for row, _, _ in rejected] == [n + 2 for n in range(300) if n % 13 == 6 and n % 7 != 3 and n % 11 != 5]
    assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]
    assert max(page.rows.height for page in pages) <= 3


def test_a_forgotten_quote_costs_its_row_however_much_follows(tmp_path, small_blocks):
    path = tmp_path / "forgotten.csv"
    body = [f"{n:04d},甲,在职" for n in range(500)]
    path.write_text("\n".join([HEADER, '9999,"甲,在职', *body, '8888,"乙","丙"', *body]), encoding="utf-8")
    rows, rejected, _ = streamed(path)
    assert rejected == [(2, "unclosed_quote", "姓名")]
    assert len(rows) == 1001


def test_a_quote_closed_far_below_refuses_the_file_and_says_where(tmp_path, small_blocks):
    path = tmp_path / "far.csv"
    body = [f"{n:04d},甲,在职" for n in range(500)]
    path.write_text("\n".join([HEADER, *body[:5], '9999,"甲', *body, '乙",在职', *body]), encoding="utf-8")
    file = DelimitedFile.open(path, TOP, Caps())
    with pytest.raises(FeedRefusedError, match="row 7") as caught:
        list(file.pages())
    assert caught.value.breaches[0].guard == "quote_swallows_rows"


def test_a_text_longer_than_blocks_is_one_value(tmp_path, small_blocks, monkeypatch):
    path = tmp_path / "long.csv"
    text = "\r\n".join(f'第{n}行 "引"' for n in range(300))
    quoted = text.replace('"', '""')
    path.write_text(f'{HEADER}\n1,"{quoted}",x\n2,a,b\n', encoding="utf-8", newline="")
    assert streamed(path) == "quote_swallows_rows", "further than a quote is looked for"
    monkeypatch.setattr(stream, "_REACH_BYTES", 1 << 20)
    assert streamed(path)[0] == [(2, "1", text, "x"), (3, "2", "a", "b")]


# --- memory


MEASURE = """
import resource, sys
from pathlib import Path
import polars
from baton.tables import Caps, DelimitedFile, Layout, stream
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
rows = sum(page.rows.height for page in DelimitedFile.open(Path(sys.argv[1]), Layout(header_depth=1), Caps()).pages(5_000))
print(rows, peak() - before)
"""


def test_memory_does_not_grow_with_the_file(tmp_path):
    used = []
    for rows in (50_000, 200_000):
        path = tmp_path / f"{rows}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write(HEADER + "\n")
            file.writelines(f"{n:08d},{'测试甲' * 20},{'在职' * 20}\n" for n in range(rows))
        told = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
        count, kib = map(int, told.stdout.split())
        assert count == rows
        used.append(kib)
    assert used[1] < used[0] + 40 * 1024, "four times the file"
