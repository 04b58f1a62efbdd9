"""The report's files: whole or not at all, the workbook without a formula, the data as it was."""

from __future__ import annotations

import copy
import io
import json
import stat
import zipfile
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest

from baton.errors import BatonError
from baton.hub.migration.report import plain, render_workbook, write_report
from baton.languages import LANGUAGES
from tests.rig.migrated import CANARIES, HOSTILE, documents, hostile

SHEETS = {
    "en": ["Summary", "Totals", "Differences", "Quarantine", "Refusals", "Columns"],
    "zh": ["概要", "合计", "差异", "隔离", "拒绝", "字段"],
    "ja": ["概要", "合計", "差異", "隔離", "拒否", "項目"],
    "ko": ["요약", "합계", "차이", "격리", "거부", "항목"],
}
FORMULAS = (
    "=1+1",
    '=HYPERLINK("http://example.test","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "http://example.test",
    "0012",
    "{=1}",
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return documents(tmp_path_factory.mktemp("reports"))


def book(document, language="en"):
    return openpyxl.load_workbook(io.BytesIO(render_workbook(plain(document), language)))


def rows(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_each_language_has_a_page_and_a_workbook_and_the_data_is_there_once(reports, tmp_path):
    document = reports["different"]
    paths = write_report(document, tmp_path / "out", ["zh", "en", "zh"])
    name = document["run"]["id"]
    kinds = ("zh.html", "zh.xlsx", "en.html", "en.xlsx", "json")
    assert [path.name for path in paths] == [f"{name}.{kind}" for kind in kinds]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in paths)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)


def test_the_same_report_gives_the_same_files(reports, tmp_path):
    first = {path.name: path.read_bytes() for path in write_report(reports["clean"], tmp_path, ["en", "ja"])}
    again = {path.name: path.read_bytes() for path in write_report(reports["clean"], tmp_path, ["en", "ja"])}
    assert first == again


def test_the_data_makes_the_round_trip(reports, tmp_path):
    for document in reports.values():
        data = write_report(document, tmp_path, ["en"])[-1]
        read = json.loads(data.read_bytes())
        assert read == plain(document)
        assert read["report"] == 1
        assert datetime.fromisoformat(read["run"]["created_at"]) == document["run"]["created_at"]
        pages = {path.name: path.read_bytes() for path in write_report(read, tmp_path / "again", ["en"])}
        assert pages == {path.name: (tmp_path / path.name).read_bytes() for path in (tmp_path / "again").iterdir()
                         if path.name in pages}  # fmt: skip


def test_data_is_plain_and_decimals_stay_exact():
    given = {"sum": Decimal("12345678901234567890.10"), "at": [datetime(2026, 11, 22)], 3: "half \ud800 a pair"}  # noqa: DTZ001
    assert plain(given) == {
        "sum": "12345678901234567890.10", "at": ["2026-11-22T00:00:00"], "3": "half \\ud800 a pair",
    }  # fmt: skip


def test_no_value_of_a_person_is_in_any_file(reports, tmp_path):
    for document in reports.values():
        for path in write_report(document, tmp_path, list(LANGUAGES)):
            content = path.read_bytes()
            if path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as archive:
                    content = b"".join(archive.read(name) for name in archive.namelist())
            told = content.decode("utf-8")
            assert not [canary for canary in CANARIES if canary in told], path.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_has_its_sheets_under_headers_that_stay(reports, language):
    for document in reports.values():
        read = book(document, language)
        assert read.sheetnames == SHEETS[language]
        for sheet in read:
            assert sheet.freeze_panes == "A2"
            assert all(cell.value for cell in sheet[1])
            assert sheet.column_dimensions["A"].width > 8


def test_no_cell_is_a_formula_or_a_link_whatever_the_data_says(reports):
    for text in (*FORMULAS, HOSTILE):
        bad = hostile(plain(reports["different"]))
        bad = json.loads(json.dumps(bad).replace(json.dumps(HOSTILE)[1:-1], json.dumps(text)[1:-1]))
        content = render_workbook(bad, "en")
        read = openpyxl.load_workbook(io.BytesIO(content))
        cells = [cell for sheet in read for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
        assert not [cell for cell in cells if cell.hyperlink]
        if text in FORMULAS:
            assert sum(cell.value == text for cell in cells) >= 10, "as text, unchanged"
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            assert not [name for name in parts.namelist() if b"<f>" in parts.read(name) or b"<f " in parts.read(name)]


def test_cells_have_types(reports):
    document = reports["different"]
    read = book(document)
    differences = rows(read["Differences"])[1:]
    assert [row[0] for row in differences] == [each["row"] for each in document["differences"]]
    totals = {(row[0], row[1]): row for row in rows(read["Totals"])[1:]}
    planned = document["stages"]["planned"]["columns"]
    pay, hired = totals["pay", "Plan"], totals["hired", "Plan"]
    assert (pay[2], Decimal(str(pay[3]))) == (planned["pay"]["count"], Decimal(planned["pay"]["sum"]))
    assert (hired[4].date().isoformat(), hired[5].date().isoformat()) == (
        planned["hired"]["first"], planned["hired"]["last"],
    )  # fmt: skip
    assert totals["pay", "Quarantine"][3] == "not shown"
    assert totals["pay", "Plan"][6:8] == ["agrees", None]
    assert totals["pay", "Result, read back"][6:8] == [None, "differs"]
    created = next(row[1] for row in rows(read["Summary"]) if row[0].startswith("Planned at"))
    assert created == document["run"]["created_at"].replace(tzinfo=None)


def test_the_columns_sheet_is_the_documents(reports):
    document = reports["different"]
    shown = {row[0]: row[1:] for row in rows(book(document)["Columns"])[1:]}
    for name, column in document["columns"].items():
        figures = [column["compared"], column["alike"], column["different"]]
        assert shown[name][:5] == [column["type"], "yes" if column["personal"] else "no", *figures]


@pytest.mark.parametrize("total", ["1234567890123456.78", "100000000000000000000000000000.01"])
def test_a_sum_with_more_digits_than_a_cell_keeps_stays_exact_as_text(reports, total):
    document = copy.deepcopy(plain(reports["clean"]))
    document["stages"]["planned"]["columns"]["pay"]["sum"] = total
    totals = {(row[0], row[1]): row for row in rows(book(document)["Totals"])[1:]}
    assert totals["pay", "Plan"][3] == total


def test_a_language_there_is_none_of_is_refused_before_anything_is_written(reports, tmp_path):
    with pytest.raises(BatonError, match="no report in fr"):
        write_report(reports["clean"], tmp_path / "out", ["en", "fr"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", ".hidden", "a\nb"])
def test_a_run_name_that_leads_elsewhere_is_no_file_name(reports, tmp_path, name):
    document = copy.deepcopy(plain(reports["clean"]))
    document["run"]["id"] = name
    with pytest.raises(BatonError, match="cannot be the name of a file"):
        write_report(document, tmp_path / "out", ["en"])
    assert not (tmp_path / "out").exists()


def test_the_report_leaves_no_half_written_file(reports, tmp_path, monkeypatch):
    (before,) = [path for path in write_report(reports["clean"], tmp_path, ["en"]) if path.suffix == ".json"]
    content = before.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BatonError, match="no room"):
        write_report(reports["clean"], tmp_path, ["en"])
    assert before.read_bytes() == content
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]
