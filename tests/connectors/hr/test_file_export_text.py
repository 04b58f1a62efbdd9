"""Roster files as text: encodings, headers, every fault by row and rule, and nothing lost."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from baton.client import Client
from baton.contracts import Feed
from baton.egress import EgressRule
from baton.errors import FeedRefusedError, HaltError, RetryableError
from baton.model.source_rows import SourcePage
from baton.tables.delimited import read_delimited
from baton.tables.table import Caps, Layout
from connectors.hr.file_export.connector import FileExport, FileExportSettings

HEADER = "工号,姓名,状态"
TITLE = "员工花名册 2026年11月\n\n"


def source(path: Path, **settings: Any) -> FileExport:
    given_ = {"path": str(path), "settle_s": 0, "columns": ("工号", "姓名"), "number_column": "工号", **settings}
    return FileExport(FileExportSettings.model_validate(given_), Client(EgressRule(frozenset())))


@pytest.fixture
def drop(tmp_path: Path) -> Any:
    def put(content: str | bytes, written: str = "utf-8", name: str = "roster.csv", **settings: Any) -> Feed:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(written))
        return source(path, **settings).census()

    return put


def everything(feed: Feed) -> tuple[list[tuple[Any, ...]], list[tuple[int, str, str]], list[SourcePage]]:
    pages = list(feed.pages)
    rows = [row for page in pages for row in page.rows.rows()]
    return rows, [(r.row, r.rule, r.column) for page in pages for r in page.rejected], pages


def refusal(drop: Any, *args: Any, **settings: Any) -> tuple[str, str]:
    with pytest.raises(FeedRefusedError) as caught:
        drop(*args, **settings)
    assert caught.value.remedy
    return caught.value.breaches[0].guard, caught.value.breaches[0].message


@pytest.mark.parametrize(
    ("encoding", "reported"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-bom"),
        ("utf-16", "utf-16-le"),
        ("gb18030", "gb18030"),
    ],
)
def test_rare_name_and_leading_zeros_survive_every_encoding(drop: Any, encoding: str, reported: str) -> None:
    feed = drop(f"{TITLE}{HEADER}\n0012,测试䶮,在职\n1E5,𠀀甲,离职\n", encoding)
    rows, rejected, pages = everything(feed)
    assert rows == [("0012", "测试䶮", "在职"), ("1E5", "𠀀甲", "离职")]
    assert rejected == []
    assert pages[0].first_row == 4
    assert feed.origin.detail["encoding"] == reported
    assert feed.origin.detail["header_row"] == "3"


def test_utf16_big_endian_and_gbk(drop: Any) -> None:
    text = f"{HEADER}\n0012,测试甲,在职\n"
    assert drop(b"\xfe\xff" + text.encode("utf-16-be")).origin.detail["encoding"] == "utf-16-be"
    feed = drop(text, "gbk")
    assert feed.origin.detail["encoding"] == "gbk"
    assert everything(feed)[0] == [("0012", "测试甲", "在职")]


def test_truncated_utf8_is_refused_and_not_read_as_gbk(drop: Any) -> None:
    data = f"{HEADER}\n0012,测试甲,在职\n0013,测试乙,在".encode()
    rule, message = refusal(drop, data[:-1])
    assert rule == "undecodable"
    assert message.startswith("row 3")


def test_every_single_damaged_byte_of_a_utf8_file_is_refused_or_seen(drop: Any) -> None:
    data = bytearray(f"{HEADER}\n0012,测试甲,在职\n0013,测试乙,在职\n".encode())
    for position in range(len(data)):
        broken = bytearray(data)
        broken[position] = 0xFF
        rule, _ = refusal(drop, bytes(broken))
        assert rule == "undecodable"


def test_damaged_gb_byte_is_refused_with_its_row(drop: Any) -> None:
    data = f"{HEADER}\n0012,测试䶮,在职\n0013,".encode("gb18030") + b"\xff,x\n"
    rule, message = refusal(drop, data)
    assert (rule, message[:5]) == ("undecodable", "row 3")


def test_big5_is_refused_not_turned_into_other_characters(drop: Any) -> None:
    text = "工號,姓名,狀態\n0012,測試甲,離職\n0013,國際業務,在職\n"
    assert refusal(drop, text, "big5", columns=(), number_column=None)[0] in ("encoding", "undecodable")
    feed = drop(text, "big5", columns=("工號",), number_column="工號", encoding="big5")
    assert everything(feed)[0][0] == ("0012", "測試甲", "離職")


def test_utf16_without_mark_is_refused(drop: Any) -> None:
    assert refusal(drop, f"{HEADER}\n0012,a,b\n" * 9, "utf-16-le")[0] in ("encoding", "undecodable")


@pytest.mark.parametrize(("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "pipe")])
def test_delimiters(drop: Any, delimiter: str, name: str) -> None:
    feed = drop(f"{HEADER}\n0012,测试甲,在职\n".replace(",", delimiter))
    assert feed.origin.detail["delimiter"] == name
    assert everything(feed)[0] == [("0012", "测试甲", "在职")]


def test_headers_are_trimmed_and_compared_by_nfkc_but_kept(drop: Any) -> None:
    feed = drop("\u3000工号 , 姓　名,ＩＤ\n0012,测试甲,x\n", columns=("工号", "姓名", "id"))
    pages = list(feed.pages)
    assert pages[0].rows.columns == ["工号", "姓　名", "ＩＤ"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty_file"),
        ("\n\n \n", "empty_file"),
        ("a,b\n1,2\n", "no_header"),
        ("工号,状态\n0012,在职\n", "missing_column"),
        ("工号,姓名,工 号\n0012,a,b\n", "duplicate_header"),
        ("工号,,姓名\n0012,a,b\n", "blank_header"),
        ("工号,姓名,\n0012,a,b\n", "blank_header"),
        (f"{HEADER}\r0012,a,b\r", "bare_cr"),
        ("<html><table><tr><td>工号</td></tr></table>", "not_a_table"),
    ],
)
def test_refused_files(drop: Any, text: str, rule: str) -> None:
    assert refusal(drop, text)[0] == rule


def test_old_excel_and_encrypted_excel_are_told_apart(drop: Any) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    assert refusal(drop, ole)[0] == "old_xls"
    assert refusal(drop, ole + "EncryptedPackage".encode("utf-16-le"))[0] == "encrypted"


def test_header_only_is_an_empty_feed(drop: Any) -> None:
    rows, rejected, pages = everything(drop(HEADER))
    assert (rows, rejected, len(pages)) == ([], [], 1)
    assert pages[0].rows.columns == ["工号", "姓名", "状态"]


def test_trailing_empty_column_and_no_final_newline(drop: Any) -> None:
    assert everything(drop(f"{HEADER},\r\n0012,测试甲,在职,"))[0] == [("0012", "测试甲", "在职")]


def test_blank_is_null_and_everything_else_stays(drop: Any) -> None:
    text = f"{HEADER}\n１２３, 甲 ,　\n٣,=cmd|'/C calc'!A0,@SUM\n2026-02-30,e\u0301,\u202eab\n"
    assert everything(drop(text))[0] == [
        ("１２３", " 甲 ", None),
        ("٣", "=cmd|'/C calc'!A0", "@SUM"),
        ("2026-02-30", "e\u0301", "\u202eab"),
    ]


FAULTS = [
    ('0013,"测试,在职', (5, "unclosed_quote", "姓名")),
    ('0013,测"试,在职', (5, "stray_quote", "姓名")),
    ('0013,"测"试,在职', (5, "stray_quote", "姓名")),
    ("0013,测试", (5, "ragged", "")),
    ("0013,测试,在职,x", (5, "ragged", "")),
    ("0013,测\0试,在职", (5, "nul", "姓名")),
    ("0013,测\r试,在职", (5, "bare_cr", "姓名")),
    (",测试,在职", (5, "no_number", "工号")),
    ("0013 ,测试,在职", (5, "number_not_clean", "工号")),
    ("\u200b0013,测试,在职", (5, "number_not_clean", "工号")),
    ("合计,3,", (5, "total_row", "")),
    (" 总 计 ：3人,,", (5, "total_row", "")),
    ("（合计）,3,", (5, "total_row", "")),
    ("合计人数,,3", (5, "total_row", "")),
    ("Grand Total:,3,", (5, "total_row", "")),
    ("sum,3,", (5, "total_row", "")),
    ("制表人：测试甲,,", (5, "lone_cell", "")),
    ("2026-11-26,,", (5, "lone_cell", "")),
    ("Page 1,,", (5, "lone_cell", "")),
    (",0013,", (5, "lone_cell", "")),
    ("0013,,", (5, "number_alone", "工号")),
    (" E-0013 ,,", (5, "number_alone", "工号")),
    ("1.10101E+17,测试,在职", (5, "precision_lost", "工号")),
    ("0013,测试,6.222e+18", (5, "precision_lost", "状态")),
    ("0013,测试,6.2220000000000003E18", (5, "precision_lost", "状态")),
    ("0013,测试,6e+18", (5, "precision_lost", "状态")),
    ("0013,测试," + "长" * 40_000, (5, "field_too_long", "状态")),
    ('0013,测试,"' + "a" * 200_000 + '"', (5, "field_too_long", "状态")),
]


@pytest.mark.parametrize(("line", "expected"), FAULTS, ids=[f"{f[1][1]}-{i}" for i, f in enumerate(FAULTS)])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_one_faulty_row_is_named_and_harms_no_other(
    drop: Any, line: str, expected: tuple[int, str, str], newline: str
) -> None:
    lines = [TITLE.strip(), "", HEADER, "0012,测试甲,在职", line, "0014,测试乙,在职", '0015,"丙,丁","他说""好"""']
    rows, rejected, pages = everything(drop(newline.join(lines)))
    assert rejected == [expected]
    assert rows == [("0012", "测试甲", "在职"), ("0014", "测试乙", "在职"), ("0015", "丙,丁", '他说"好"')]
    assert [(page.first_row, page.rows.height) for page in pages] == [(4, 1), (6, 2)]


def test_field_with_line_breaks_is_one_row_and_counts_as_one(drop: Any) -> None:
    text = f'{HEADER}\n0012,"甲\n\n乙",在职\n0013,丙,在职\n,丁,在职\n0015,戊,在职\n'
    rows, rejected, pages = everything(drop(text))
    assert rows[0] == ("0012", "甲\n\n乙", "在职")
    assert rejected == [(4, "no_number", "工号")]
    assert [(page.first_row, page.rows.height) for page in pages] == [(2, 2), (5, 1)]


def test_quote_that_swallows_good_rows_costs_only_its_own_row(drop: Any) -> None:
    body = "\n".join(f"{n:04d},测试,在职" for n in range(100, 150))
    rows, rejected, _ = everything(drop(f'{HEADER}\n0012,"甲,在职\n{body}\n0200,"乙,在职\n{body}\n'))
    assert len(rows) == 100
    assert rejected == [(2, "unclosed_quote", "姓名"), (53, "unclosed_quote", "姓名")]


def test_text_field_cannot_forge_a_row(drop: Any) -> None:
    lines = ['0099,"甲', "0001,乙,离职", *["x"] * 200, '",在职', "0100,丙,在职"]
    rows, rejected, _ = everything(drop("\n".join([HEADER, *lines])))
    assert rows == [("0100", "丙", "在职")]
    assert rejected == [(row, "quote_swallows_rows", "") for row in range(2, 205)]


def test_forgotten_quote_does_not_hide_a_row(drop: Any) -> None:
    lines = ['0099,"甲,在职', "0100,乙,在职", '0101,丙",在职', "0102,丁,在职"]
    rows, rejected, _ = everything(drop("\n".join([HEADER, *lines])))
    assert rows == [("0102", "丁", "在职")]
    assert [row for row, _, _ in rejected] == [2, 3, 4]


def test_many_faults_refuse_the_file(drop: Any) -> None:
    text = HEADER + "\n" + "0012,a\n" * 2000
    rule, message = refusal(drop, text)
    assert rule == "too_many_faults"
    assert "row 2" in message


def test_duplicate_numbers_are_left_for_the_guard(drop: Any) -> None:
    assert len(everything(drop(f"{HEADER}\n0012,甲,在职\n0012,甲,离职\n"))[0]) == 2


def test_caps(drop: Any) -> None:
    text = HEADER + "\n" + "0012,a,b\n" * 11
    assert refusal(drop, text, max_rows=10)[0] == "too_many_rows"
    assert refusal(drop, text, max_bytes=50)[0] == "too_large"
    assert refusal(drop, text, max_columns=2)[0] == "too_many_columns"


def test_pages_are_contiguous_and_complete(drop: Any) -> None:
    text = HEADER + "\n" + "".join(f"{n:05d},甲,在职\n" for n in range(45))
    pages = list(drop(text, page_rows=20).pages)
    assert [(page.first_row, page.rows.height) for page in pages] == [(2, 20), (22, 20), (42, 5)]
    assert [page.cursor is None for page in pages] == [False, False, True]


def test_a_large_regular_file(drop: Any) -> None:
    header = ",".join(["工号", "姓名", *(f"列{n}" for n in range(18))])
    line = ",测试甲," + ",".join(["某某科技"] * 18)
    text = header + "\n" + "\n".join(f"{n:06d}{line}" for n in range(100_000)) + "\n坏行\n"
    rows, rejected, _ = everything(drop(text))
    assert len(rows) == 100_000
    assert rejected == [(100_002, "ragged", "")]


def test_a_million_rows_with_one_bad_in_the_middle(tmp_path: Path) -> None:
    lines = [HEADER, *(f"{n:07d},甲,在职" for n in range(999_990))]
    lines[500_000] = '0000000,"甲,在职'
    (tmp_path / "r.csv").write_text("\n".join(lines), encoding="utf-8")
    feed = source(tmp_path / "r.csv").census()
    pages = list(feed.pages)
    assert sum(page.rows.height for page in pages) == 999_989
    assert [(r.row, r.rule) for page in pages for r in page.rejected] == [(500_001, "unclosed_quote")]


@given(
    st.lists(
        st.lists(st.text("甲䶮a1 \",;\n'=|\t", max_size=6), min_size=3, max_size=3).filter(
            lambda r: any(c.strip() for c in r)
        ),
        max_size=12,
    )
)
def test_well_formed_csv_comes_out_as_it_went_in(records: list[list[str]]) -> None:
    quoted = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in record) for record in records)
    table = read_delimited(f"{HEADER}\n{quoted}\n".encode(), Layout(("工号", "姓名")), Caps())
    assert {each.rule for each in table.rejected} <= {"quote_swallows_rows"}
    left = iter(records)
    for row in table.frame.fill_null("").rows():
        assert list(row) in left  # in order, none forged
    if not table.rejected:
        assert table.frame.height == len(records)
        assert table.row_numbers.to_list() == list(range(2, 2 + len(records)))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_named_fault(data: bytes) -> None:
    from baton.tables.encoding import decode
    from baton.tables.faults import FileError

    try:
        decoded = decode("工号,姓名\n".encode() + data)
        table = read_delimited(decoded.utf8, Layout(("工号",)), Caps())
    except FileError as fault:
        event(f"refused: {fault.rule}")
        return
    rows = [*table.row_numbers.to_list(), *(each.row for each in table.rejected)]
    assert len(rows) == len(set(rows))


# --- which file


def test_path_that_no_system_takes_is_an_error_of_its_own(tmp_path: Path) -> None:
    for path, code in ((f"{tmp_path}/a\0b.csv", "bad_path"), (f"{tmp_path}/{'x' * 300}", "unreadable_file")):
        with pytest.raises(HaltError) as caught:
            source(Path(path)).census()
        assert caught.value.code == code


def test_newest_complete_file_of_a_directory_wins(tmp_path: Path) -> None:
    for name, age in (
        ("a.csv", 500),
        ("b.csv", 100),
        ("c.csv.part", 50),
        (".d.csv", 50),
        ("~$e.xlsx", 50),
        ("f.pdf", 5),
    ):
        path = tmp_path / name
        path.write_text(f"{HEADER}\n0012,{name},x\n", encoding="utf-8")
        os.utime(path, (time.time() - age, time.time() - age))
    assert source(tmp_path).census().origin.name == "b.csv"
    (tmp_path / "g.csv").write_text("half", encoding="utf-8")
    assert source(tmp_path, settle_s=60).census().origin.name == "b.csv"
    assert source(tmp_path / "a*.csv").census().origin.name == "a.csv"


def test_age_from_the_file_name(tmp_path: Path) -> None:
    for day in ("20261129", "20261130"):
        (tmp_path / f"roster_{day}.csv").write_text(f"{HEADER}\n0012,甲,x\n", encoding="utf-8")
    os.utime(tmp_path / "roster_20261130.csv", (1, 1))
    origin = source(tmp_path, as_of_name="roster_%Y%m%d.csv").census().origin
    assert (origin.name, origin.as_of) == ("roster_20261130.csv", datetime(2026, 11, 29, 16, tzinfo=UTC))


def test_no_file_link_and_no_permission(tmp_path: Path) -> None:
    with pytest.raises(RetryableError, match="no complete export"):
        source(tmp_path).census()
    with pytest.raises(RetryableError, match="there is no file"):
        source(tmp_path / "x.csv").census()
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    with pytest.raises(RetryableError):
        source(tmp_path).census()
    with pytest.raises(HaltError):
        source(tmp_path / "link.csv").census()


def test_file_still_young_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(HEADER, encoding="utf-8")
    with pytest.raises(RetryableError) as caught:
        source(tmp_path / "r.csv", settle_s=60).census()
    assert caught.value.code == "file_changing"


def test_digest_changes_and_check(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(f"{HEADER}\n0012,甲,x\n", encoding="utf-8")
    one = source(path).changes("anything").origin.digest
    assert source(path).census().origin.digest == one
    assert [finding.ok for finding in source(path).check()] == [True, True]
    os.utime(path, (1, 1))
    assert [finding.ok for finding in source(path).check()] == [True, False]
    path.write_text("nothing", encoding="utf-8")
    assert [finding.ok for finding in source(path).check()] == [False]
