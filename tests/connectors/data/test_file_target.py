"""Data files as a target: what is written reads back exactly, or is refused; a file is the old one or the new one."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import nullcontext
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import ConfigurationError, HaltError, InDoubtError, RejectedError, RetryableError
from baton.sdk import Outcome, frame_schema
from connectors.data.file import replacement
from connectors.data.file.connector import DataFile, DataFileSettings
from tests.rig.examples import few

FORMS = {
    "工号": "text", "姓名": "text", "年资": "integer", "薪资": "decimal(2)", "在职": "boolean", "入职": "date", "更新": "datetime",
}  # fmt: skip
RECORDS = [
    ("0012", "测试甲", 3, Decimal("0.50"), True, date(2024, 2, 29), datetime(2026, 1, 1, 0, 0, tzinfo=UTC)),
    ("1E5", "", -1, Decimal("-12345678901234567890.10"), False, date(1, 1, 1), datetime(2026, 1, 1, 1, 2, 3, 450000, tzinfo=UTC)),
    ("00123", None, None, None, None, date(9999, 12, 31), None),
]  # fmt: skip


def files(path, **given_):
    layout = {name: {"key": ["工号"], "fields": FORMS} for name in ("staff.csv", "staff.tsv", "book.xlsx#人员")}
    return DataFile(
        DataFileSettings.model_validate({"path": str(path), "layout": layout, "lock_wait_s": 0, **given_}),
        Client(EgressRule(frozenset())),
    )


def frame(collection, records, names=None):
    return pl.DataFrame(records, schema=frame_schema(collection.fields, names), orient="row")


def outcomes(receipts):
    return [receipt.code or receipt.outcome.value for receipt in receipts]


def everything(target, collection):
    keys = pl.DataFrame({"工号": [record[0] for record in RECORDS]})
    return target.fetch(collection, keys, list(collection.fields)).rows()


@pytest.mark.parametrize("name", ["staff.csv", "staff.tsv"])
@pytest.mark.parametrize("encoding", [None, "utf-8-sig", "utf-16", "gb18030"])
def test_what_was_inserted_reads_back_with_types_and_empty_text_apart_from_no_value(tmp_path, name, encoding):
    target = files(tmp_path, encoding=encoding)
    collection = target.collection(name)
    assert collection.key == ("工号",)
    assert target.count(collection) == 0
    assert outcomes(target.insert(collection, frame(collection, RECORDS))) == ["done"] * 3
    assert target.collection(name) == collection
    assert target.count(collection) == 3
    assert everything(target, collection) == RECORDS
    assert everything(files(tmp_path), collection) == RECORDS, "whatever encoding it is in, it is recognised"


def test_a_workbook_reads_back_and_refuses_the_empty_text_it_cannot_tell(tmp_path):
    target = files(tmp_path)
    collection = target.collection("book.xlsx#人员")
    assert outcomes(target.insert(collection, frame(collection, RECORDS))) == ["done", "empty_text", "done"]
    assert everything(target, collection) == [RECORDS[0], RECORDS[2]]
    changed = target.amend(
        collection,
        frame(collection, [("0012", "=1+1")], ["工号", "姓名"]),
        frame(collection, [("0012", "测试甲")], ["工号", "姓名"]),
    )
    assert outcomes(changed) == ["done"]
    assert everything(target, collection)[0][1] == "=1+1"
    assert list(target.collections()) == ["book.xlsx#人员"]


def test_no_cell_of_a_written_workbook_is_a_formula_or_a_link(tmp_path):
    import zipfile

    target = files(tmp_path)
    collection = target.collection("book.xlsx#人员")
    texts = ['=HYPERLINK("http://example.test")', "+1", "-1", "@SUM(A1)", "\t=1", "{=1}", "http://example.test"]
    rows = [(f"{n:04d}", text, None, None, None, None, None) for n, text in enumerate(texts)]
    assert outcomes(target.insert(collection, frame(collection, rows))) == ["done"] * len(rows)
    sheet = zipfile.ZipFile(tmp_path / "book.xlsx").read("xl/worksheets/sheet1.xml")
    assert b"<f" not in sheet
    assert b"hyperlink" not in sheet
    keys = pl.DataFrame({"工号": [row[0] for row in rows]})
    assert target.fetch(collection, keys, ["姓名"]).get_column("姓名").to_list() == texts


def test_a_workbook_with_other_sheets_is_not_rewritten(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "人员"
    book.active.append(["工号"])
    book.active.append(["0001"])
    book.create_sheet("薪资").append(["工号"])
    book.save(tmp_path / "two.xlsx")
    target = files(tmp_path, layout={"two.xlsx#人员": {"key": ["工号"]}})
    with pytest.raises(HaltError, match="2 sheets"):
        target.collection("two.xlsx#人员")


def test_a_workbook_with_formulas_is_read_and_not_rewritten(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "pay.xlsx") as book:
        sheet = book.add_worksheet("人员")
        sheet.write_row(0, 0, ["工号", "月薪", "年薪"])
        sheet.write_row(1, 0, ["0001", 1000])
        sheet.write_formula(1, 2, "=B2*12", None, 12000)
    content = (tmp_path / "pay.xlsx").read_bytes()
    target = files(tmp_path, layout={"pay.xlsx#人员": {"key": ["工号"]}})
    assert [page.rows.rows() for page in target.records("pay.xlsx#人员").pages] == [[("0001", "1000", "12000")]]
    with pytest.raises(HaltError, match="1 cell") as caught:
        target.collection("pay.xlsx#人员")
    assert caught.value.code == "formulas"
    assert caught.value.remedy
    assert (tmp_path / "pay.xlsx").read_bytes() == content


@pytest.fixture
def three(tmp_path):
    (tmp_path / "staff.csv").write_text('工号,姓名,备注\n0001,甲,"x ""y"""\n0002,乙,\n0003,丙,""\n', encoding="utf-8")
    target = files(tmp_path, layout={"staff.csv": {"key": ["工号"]}})
    return target, target.collection("staff.csv")


def pair(collection, *records):
    return frame(collection, records, ["工号", "姓名"])


def test_update_sets_its_fields_and_leaves_everything_else_byte_for_byte(tmp_path, three):
    target, collection = three
    said = target.amend(collection, pair(collection, ("0002", "丁")), pair(collection, ("0002", "乙")))
    assert outcomes(said) == ["done"]
    assert (tmp_path / "staff.csv").read_text("utf-8") == '工号,姓名,备注\n0001,甲,"x ""y"""\n0002,丁,\n0003,丙,""\n'


def test_records_that_are_not_as_expected_are_refused_and_left(tmp_path, three):
    target, collection = three
    before = (tmp_path / "staff.csv").stat()
    new = pair(collection, ("0002", "丁"), ("0009", "戊"))
    assert (
        outcomes(target.amend(collection, new, pair(collection, ("0002", "不是"), ("0009", "戊")))) == ["changed"] * 2
    )
    assert outcomes(target.insert(collection, pair(collection, ("0001", "x")))) == ["changed"]
    assert outcomes(target.delete(collection, pair(collection, ("0001", "x")))) == ["changed"]
    after = (tmp_path / "staff.csv").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "nothing to do, nothing written"


def test_no_value_and_empty_text_are_not_the_same_expectation(three):
    target, collection = three
    names = ["工号", "备注"]
    new = frame(collection, [("0002", "n"), ("0003", "n")], names)
    crossed = frame(collection, [("0002", ""), ("0003", None)], names)
    right = frame(collection, [("0002", None), ("0003", "")], names)
    assert outcomes(target.amend(collection, new, crossed)) == ["changed", "changed"]
    assert outcomes(target.amend(collection, new, right)) == ["done", "done"]


def test_delete_takes_out_what_is_as_expected_and_what_is_gone_is_done(tmp_path, three):
    target, collection = three
    gone = pair(collection, ("0001", "甲"), ("0009", "无"))
    assert outcomes(target.delete(collection, gone)) == ["done", "done"]
    assert (tmp_path / "staff.csv").read_text("utf-8") == '工号,姓名,备注\n0002,乙,\n0003,丙,""\n'


def test_a_key_sent_twice_or_without_value_is_refused(three):
    target, collection = three
    said = target.insert(collection, pair(collection, ("0004", "a"), ("0004", "b"), (None, "c")))
    assert outcomes(said) == ["done", "sent_twice", "no_key"]


def test_a_file_with_the_key_twice_is_not_written_to(tmp_path, three):
    target, collection = three
    with (tmp_path / "staff.csv").open("a", encoding="utf-8") as file:
        file.write("0001,甲,\n")
    with pytest.raises(HaltError) as caught:
        target.delete(collection, pair(collection, ("0001", "甲")))
    assert caught.value.code == "duplicate_key"


def test_a_file_with_an_unreadable_row_is_not_rewritten(tmp_path, three):
    target, collection = three
    with (tmp_path / "staff.csv").open("a", encoding="utf-8") as file:
        file.write("0004,a,b,c\n")
    content = (tmp_path / "staff.csv").read_bytes()
    with pytest.raises(HaltError, match="row 5"):
        target.insert(collection, pair(collection, ("0005", "a")))
    assert (tmp_path / "staff.csv").read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == [".staff.csv.lock", "staff.csv"]


def test_a_header_below_a_title_is_not_rewritten(tmp_path):
    (tmp_path / "staff.csv").write_text("花名册\n工号,姓名\n0001,甲\n", encoding="utf-8")
    target = files(tmp_path, header_depth=5, layout={"staff.csv": {"key": ["工号"]}})
    with pytest.raises(HaltError) as caught:
        target.collection("staff.csv")
    assert caught.value.code == "header_not_first"


def test_a_header_with_a_line_break_in_a_name_stays_as_it_is(tmp_path):
    path = tmp_path / "staff.csv"
    path.write_bytes('工号,"姓名\r\n(中文)",状态\r\n0001,甲,在职\r\n0002,乙,离职\r\n'.encode())
    target = files(tmp_path, layout={"staff.csv": {"key": ["工号"]}})
    collection = target.collection("staff.csv")
    assert list(collection.fields) == ["工号", "姓名 (中文)", "状态"]
    (page,) = target.records("staff.csv").pages
    assert (page.first_row, page.rows.rows()) == (2, [("0001", "甲", "在职"), ("0002", "乙", "离职")])
    names = ["工号", "姓名 (中文)"]
    said = target.amend(
        collection, frame(collection, [("0002", "丁")], names), frame(collection, [("0002", "乙")], names)
    )
    assert outcomes(said) == ["done"]
    assert path.read_bytes().decode() == '工号,"姓名\r\n(中文)",状态\r\n0001,甲,在职\r\n0002,丁,离职\r\n'


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_rewritten_file_keeps_its_owner_its_group_and_who_may_read_it(tmp_path, three):
    target, collection = three
    path = tmp_path / "staff.csv"
    os.chown(path, 1234, 5678)
    path.chmod(0o640)
    assert outcomes(target.insert(collection, pair(collection, ("0004", "a")))) == ["done"]
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 5678, 0o640)


def test_where_the_group_cannot_be_kept_no_other_group_gets_its_rights(tmp_path, three, monkeypatch):
    target, collection = three
    path = tmp_path / "staff.csv"
    path.chmod(0o664)

    def forbidden(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", forbidden)
    assert outcomes(target.insert(collection, pair(collection, ("0004", "a")))) == ["done"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_file_keeps_the_line_ends_it_has(tmp_path, three):
    target, collection = three
    path = tmp_path / "staff.csv"
    path.write_bytes('工号,姓名,备注\r\n0001,甲,"x\r\ny"\r\n0002,乙,"a\nb"\r\n'.encode())
    said = target.amend(collection, pair(collection, ("0002", "丁")), pair(collection, ("0002", "乙")))
    assert outcomes(said) == ["done"]
    assert outcomes(target.insert(collection, pair(collection, ("0003", "c\r")))) == ["done"]
    expected = '工号,姓名,备注\r\n0001,甲,"x\r\ny"\r\n0002,丁,"a\nb"\r\n0003,"c\r",\r\n'
    assert path.read_bytes().decode() == expected


@pytest.mark.parametrize(("code", "said"), [(errno.EINVAL, None), (errno.EIO, InDoubtError)])
def test_a_file_that_was_replaced_is_never_said_to_be_unchanged(tmp_path, three, monkeypatch, code, said):
    target, collection = three
    real = os.fsync

    def no_folders(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", no_folders)
    with nullcontext() if said is None else pytest.raises(said):
        assert outcomes(target.insert(collection, pair(collection, ("0004", "a")))) == ["done"]
    assert "0004,a" in (tmp_path / "staff.csv").read_text("utf-8")


def test_a_folder_without_locks_is_a_named_fault_and_nothing_is_written(tmp_path, three, monkeypatch):
    target, collection = three
    content = (tmp_path / "staff.csv").read_bytes()

    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(replacement.fcntl, "flock", none)
    with pytest.raises(HaltError, match="No locks available") as caught:
        target.insert(collection, pair(collection, ("0004", "a")))
    assert caught.value.code == "not_written"
    assert (tmp_path / "staff.csv").read_bytes() == content


@pytest.mark.parametrize("failing", ["write", "fsync", "rename"])
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path, three, monkeypatch, failing):
    target, collection = three
    content = (tmp_path / "staff.csv").read_bytes()

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if failing == "fsync":
            patch.setattr(os, "fsync", full)
        elif failing == "rename":
            patch.setattr(replacement.Path, "rename", full)
        else:
            real = os.fdopen

            def narrow(descriptor, mode):
                file = real(descriptor, mode)
                if mode != "w+b":
                    return file
                file.close()
                return real(os.open("/dev/full", os.O_RDWR), "r+b")

            patch.setattr(replacement.os, "fdopen", narrow)
        with pytest.raises(HaltError, match="No space left") as caught:
            target.insert(collection, pair(collection, ("0004", "a" * 30_000)))
    assert caught.value.code == "not_written"
    assert caught.value.remedy
    assert (tmp_path / "staff.csv").read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == [".staff.csv.lock", "staff.csv"]
    assert outcomes(target.insert(collection, pair(collection, ("0004", "a")))) == ["done"]


def test_a_second_writer_waits_and_is_told(tmp_path, three):
    target, collection = three
    with replacement.locked(tmp_path / "staff.csv", 0), pytest.raises(RetryableError) as caught:
        target.insert(collection, pair(collection, ("0004", "a")))
    assert caught.value.code == "locked"


def test_a_character_the_encoding_lacks_refuses_its_record_only(tmp_path):
    target = files(tmp_path, encoding="gbk")
    collection = target.collection("staff.csv")
    rows = pair(collection, ("0001", "甲"), ("0002", "𠮷"), ("0003", "䶮"))
    assert outcomes(target.insert(collection, rows)) == ["done", "not_encodable", "not_encodable"]
    assert target.count(collection) == 1


def test_a_text_that_would_read_as_rows_is_refused(three):
    target, collection = three
    rows = pair(collection, ("0004", "a\n0005,forged,x\nb"), ("0006", "a\nb"), ("0007", "a\0b"))
    assert outcomes(target.insert(collection, rows)) == ["not_readable_back", "done", "not_readable_back"]


def test_a_cell_that_is_not_of_its_declared_type_is_an_error_on_reading_and_a_change_on_writing(tmp_path):
    (tmp_path / "staff.csv").write_text("工号,年资\n0001,三\n", encoding="utf-8")
    target = files(tmp_path, layout={"staff.csv": {"key": ["工号"], "fields": {"工号": "text", "年资": "integer"}}})
    collection = target.collection("staff.csv")
    with pytest.raises(RejectedError, match="年资"):
        target.fetch(collection, pl.DataFrame({"工号": ["0001"]}), ["年资"])
    names = ["工号", "年资"]
    said = target.amend(collection, frame(collection, [("0001", 3)], names), frame(collection, [("0001", None)], names))
    assert outcomes(said) == ["changed"]


def test_names_outside_the_folder_and_collections_that_are_not_there_are_configuration_faults(tmp_path):
    target = files(tmp_path)
    for name in ("../staff.csv", "other.csv", "/etc/passwd", "book.xlsx", "staff.csv#x", ".hidden.csv", "x.csv.tmp"):
        with pytest.raises(ConfigurationError):
            target.collection(name)
    (tmp_path / "bare.csv").write_text("a\n1\n", encoding="utf-8")
    bare = target.collection("bare.csv")
    with pytest.raises(ConfigurationError, match="no key"):
        target.insert(bare, pl.DataFrame({"a": ["2"]}))


TEXT = st.one_of(st.none(), st.text("甲𠮷a0 ,;\t|\"'=+-@\n\r\x01\x1e\ufeff", max_size=6))


@few(50)
@given(records=st.lists(st.tuples(TEXT, TEXT), max_size=6), encoding=st.sampled_from([None, "gb18030", "utf-16"]))
def test_every_text_reads_back_as_written_or_is_refused(tmp_path, records, encoding):
    (tmp_path / "staff.csv").unlink(missing_ok=True)
    fields = {"k": "text", "a": "text", "b": "text"}
    target = files(tmp_path, encoding=encoding, layout={"staff.csv": {"key": ["k"], "fields": fields}})
    collection = target.collection("staff.csv")
    rows = [(f"{at}", *record) for at, record in enumerate(records)]
    said = target.insert(collection, frame(collection, rows))
    taken = [row for row, receipt in zip(rows, said, strict=True) if receipt.outcome is Outcome.DONE]
    assert {receipt.code for receipt in said} <= {"", "not_readable_back"}
    found = target.fetch(collection, pl.DataFrame({"k": [row[0] for row in rows]}, schema={"k": pl.String}), ["a", "b"])
    assert found.rows() == taken
