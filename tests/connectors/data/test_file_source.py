"""Data files as a source: what the collections are, what is in them, what the check says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import ConfigurationError, FeedRefusedError, HaltError
from baton.sdk import tables
from connectors.data.file.connector import DataFile, DataFileSettings
from connectors.data.file.simulator import RECORDS, Simulator


def files(path, **given):
    settings = DataFileSettings.model_validate({"path": str(path), **given})
    return DataFile(settings, Client(EgressRule(frozenset())))


def rows(feed):
    return [row for page in feed.pages for row in page.rows.rows()]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "staff.csv").write_text("工号,姓名\n0001,甲\n0002,乙\n", encoding="gbk")
    book = openpyxl.Workbook()
    book.active.title = "人员"
    for row in (["工号", "姓名"], ["0001", "甲"], [None, None], ["0003", None]):
        book.active.append(row)
    book.create_sheet("空")
    book.create_sheet("隐藏").append(["x"])
    book["隐藏"].sheet_state = "hidden"
    book.create_sheet("薪资").append(["工号", "金额"])
    book["薪资"].append(["0001", 1234.5])
    book.save(tmp_path / "book.xlsx")
    for name in (".hidden.csv", "~$book.xlsx", "half.csv.part", "notes.pdf"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    (tmp_path / "folder.csv").mkdir()
    return tmp_path


def test_files_and_filled_visible_sheets_are_collections(folder):
    assert list(files(folder).collections()) == ["book.xlsx#人员", "book.xlsx#薪资", "staff.csv"]
    assert list(files(folder / "staff.csv").collections()) == ["staff.csv"]
    assert list(files(folder / "none.csv").collections()) == []


SCANDIR = os.scandir


@contextmanager
def renamed_meanwhile(path: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    """A listing of which one file is renamed as soon as it is listed."""

    def listed(entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        for entry in entries:
            if entry.name == "staff.csv":
                (path / entry.name).rename(path / "staff.csv.part")
            yield entry

    with SCANDIR(path) as entries:
        yield listed(entries)


def test_a_file_that_vanishes_while_the_folder_is_listed_is_no_fault_of_the_folder(folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", renamed_meanwhile)
        found = list(files(folder).collections())
    assert found == ["book.xlsx#人员", "book.xlsx#薪资"]
    with pytest.raises(HaltError, match="cannot be read"):
        files(folder / "staff" / "none").collections()


def test_records_come_as_text_with_the_files_digest_and_shape(folder):
    feed = files(folder).records("staff.csv")
    assert feed.origin.digest == hashlib.sha256((folder / "staff.csv").read_bytes()).hexdigest()
    assert feed.origin.detail == {"format": "text", "delimiter": "comma", "encoding": "gbk", "header_row": "1"}
    assert rows(feed) == [("0001", "甲"), ("0002", "乙")]


def test_a_workbook_that_is_moved_away_just_when_it_was_read_is_no_raw_error(folder, monkeypatch):
    source, read = files(folder), tables.read_workbook
    written = (folder / "book.xlsx").stat().st_mtime

    def moved(*given):
        (folder / "book.xlsx").unlink()
        return read(*given)

    monkeypatch.setattr(tables, "read_workbook", moved)
    feed = source.records("book.xlsx#人员")
    assert rows(feed) == [("0001", "甲"), ("0003", None)]
    assert feed.origin.as_of.timestamp() == pytest.approx(written, abs=1e-3)


def test_sheets_are_read_by_their_names_with_empty_cells_as_no_value(folder):
    feed = files(folder).records("book.xlsx#人员")
    pages = list(feed.pages)
    assert [(page.first_row, page.rows.rows()) for page in pages] == [(2, [("0001", "甲")]), (4, [("0003", None)])]
    assert feed.origin.digest == hashlib.sha256((folder / "book.xlsx").read_bytes()).hexdigest()
    assert rows(files(folder).records("book.xlsx#薪资")) == [("0001", "1234.5")]


@pytest.mark.parametrize("name", ["none.csv", "book.xlsx", "book.xlsx#不在", "../staff.csv", "staff.csv#x"])
def test_what_is_not_there_is_a_configuration_fault(folder, name):
    with pytest.raises(ConfigurationError) as caught:
        files(folder).records(name)
    assert "no_collection" in str(caught.value)


def test_a_link_is_not_followed(folder):
    with pytest.raises(HaltError):
        files(folder).records("link.csv")


@pytest.mark.parametrize(
    ("content", "guard"),
    [(b"PK\x03\x04x", "not_text"), (b"<html><table>", "not_a_table"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_xls")],
)
def test_what_only_pretends_to_be_text_is_refused(tmp_path, content, guard):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(FeedRefusedError) as caught:
        files(tmp_path).records("x.csv")
    assert caught.value.breaches[0].guard == guard


def test_text_named_as_a_workbook_is_refused(tmp_path):
    (tmp_path / "x.xlsx").write_text("a,b\n1,2\n", encoding="utf-8")
    for ask in (lambda: files(tmp_path).records("x.xlsx#a"), lambda: files(tmp_path).collections()):
        with pytest.raises(FeedRefusedError) as caught:
            ask()
        assert caught.value.breaches[0].guard == "not_a_workbook"


def test_a_title_above_the_header_is_refused_unless_it_is_allowed_for(tmp_path):
    (tmp_path / "t.csv").write_text("花名册\n工号,姓名\n0001,甲\n", encoding="utf-8")
    assert rows(files(tmp_path, header_depth=5).records("t.csv")) == [("0001", "甲")]
    with pytest.raises(FeedRefusedError):
        rows(files(tmp_path, max_rejected_rows=1).records("t.csv"))


def test_the_check_says_what_each_file_is_and_what_is_wrong(folder):
    findings = files(folder, layout={"new.csv": {"key": ["a"], "fields": {"a": "text"}}}).check()
    assert [(each.what, each.ok) for each in findings] == [
        ("data files", True), ("book.xlsx#人员", True), ("book.xlsx#薪资", True), ("staff.csv", True),
    ]  # fmt: skip
    assert "1 declared to be made" in findings[0].detail
    assert "gbk" in findings[3].detail
    (folder / "staff.csv").write_bytes(b"")
    bad = files(folder).check()[3]
    assert (bad.ok, bool(bad.remedy)) == (False, True)


def test_a_folder_that_is_not_there_is_a_finding_with_a_remedy(tmp_path):
    (finding,) = files(tmp_path / "nowhere").check()
    assert not finding.ok
    assert finding.remedy


def test_a_folder_that_cannot_even_be_looked_at_is_a_finding_with_a_remedy(tmp_path):
    (finding,) = files(tmp_path / ("x" * 300) / "staff.csv").check()
    assert not finding.ok
    assert "cannot be read" in finding.detail
    assert finding.remedy


def test_the_stand_ins_records_are_the_same_from_every_encoding():
    simulator = Simulator()
    try:
        source = DataFile(DataFileSettings.model_validate(dict(simulator.settings)), Client(EgressRule(frozenset())))
        assert len(source.collections()) == 4
        expected = [tuple(cell or None for cell in record) for record in RECORDS]
        for name in source.collections():
            assert rows(source.records(name)) == expected
        made = source.collection("made.csv")
        assert source.count(made) == 0
    finally:
        simulator.close()


@pytest.mark.parametrize(
    "layout",
    [
        {"a.csv": {"key": ["x"], "fields": {"y": "text"}}},
        {"a.csv": {"key": ["y", "y"], "fields": {"y": "text"}}},
        {"a.csv": {"fields": {"y": "decimal"}}},
        {"a.csv": {"fields": {"y": "decimal(38)"}}},
        {"a.csv": {"fields": {"a,b": "text"}}},
        {"a.csv": {"fields": {" a": "text"}}},
        {"a.csv": {"columns": {}}},
    ],
)
def test_a_layout_that_cannot_be_is_refused(tmp_path, layout):
    with pytest.raises(ValueError, match="layout"):
        DataFileSettings.model_validate({"path": str(tmp_path), "layout": layout})
