"""Roster files as text: what looks like something else (totals, numbers, Chinese), and places that cannot be read (yet)."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from baton.contracts import Feed
from baton.errors import HaltError, RetryableError
from connectors.hr.file_export.connector import FileExportSettings
from tests.connectors.hr.test_file_export_text import HEADER, everything, refusal, source


@pytest.fixture
def drop(tmp_path: Path) -> Any:
    def put(content: str, written: str = "utf-8", **settings: Any) -> Feed:
        path = tmp_path / "roster.csv"
        path.write_bytes(content.encode(written))
        return source(path, **settings).census()

    return put


LETTERS = {
    "cp949": "김이박최정강조윤장임한오서신권황안송류홍",
    "euc_kr": "민서준지우현수빈영희철진경은혜성호재윤아",
    "cp1251": "АБВГДЕЖЗИКЛМНОПРСТУФабвгдежзиклмнопрстуф",
    "euc_jp": "試験あいうえおかきくけこさしすせそ",
    "iso8859_7": "ΑΒΓΔΕΖΗΘΙΚαβγδεζηθικλμνξοπρστυφχψω",
}


@pytest.mark.parametrize("encoding", LETTERS)
def test_names_of_another_script_are_refused_not_turned_into_chinese_ones(drop: Any, encoding: str) -> None:
    letters = LETTERS[encoding]
    names = [letters[at : at + 2] for at in range(len(letters) - 1)]
    text = "number,name\n" + "".join(f"{row:04d},{name}\n" for row, name in enumerate(names))
    assert refusal(drop, text, encoding, columns=("number",), number_column="number")[0] == "encoding"


def test_chinese_names_below_english_headers_are_read(drop: Any) -> None:
    names = [
        "测试",
        "王伟",
        "李娜",
        "张敏",
        "刘静",
        "陈强",
        "杨磊",
        "赵军",
        "黄勇",
        "周艳",
        "安安",
        "白冰",
        "高歌",
        "さくら",
    ]
    text = "number,name\n" + "".join(f"{row:04d},{name}\n" for row, name in enumerate(names))
    feed = drop(text, "gbk", columns=("number",), number_column="number")
    assert [row[1] for row in everything(feed)[0]] == names


def test_a_code_with_an_e_in_it_is_no_number_in_scientific_notation(drop: Any) -> None:
    codes = ["1E12", "1e12", "1.5E9", "A1.5E17", "1.5E17B"]
    text = "\n".join([HEADER, *(f"{code},测试,在职" for code in codes)])
    assert [row[0] for row in everything(drop(text))[0]] == codes


@pytest.mark.parametrize("tail", ["", '0013,"乙",在职\n', "0013\n"])
def test_an_invisible_mark_is_seen_in_the_first_row_as_in_any_other(drop: Any, tail: str) -> None:
    text = f"{HEADER}\n\ufeff0012,测试甲,在职\n{tail}\ufeff0014,测试丙,在职\n"
    rejected = everything(drop(text))[1]
    marked = [row for row, rule, column in rejected if (rule, column) == ("number_not_clean", "工号")]
    assert marked == [2, 4 if tail else 3]


@pytest.mark.parametrize(
    ("setting", "value"), [("time_zone", "Mars/Base"), ("time_zone", "Asia"), ("as_of_name", "roster_%Q.csv")]
)
def test_a_setting_that_only_a_reading_would_trip_over_is_refused_before(setting: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"(?s){setting}.*such as"):
        FileExportSettings.model_validate({"path": "/srv/hr", setting: value})


def test_a_place_that_cannot_be_looked_at_is_named_with_a_remedy(tmp_path: Path) -> None:
    for path in (tmp_path / ("x" * 300), tmp_path / ("x" * 300) / "roster.csv", tmp_path / ("x" * 300) / "*.csv"):
        with pytest.raises(HaltError) as caught:
            source(path).census()
        assert (caught.value.code, bool(caught.value.remedy)) == ("unreadable_file", True)
        (finding,) = source(path).check()
        assert not finding.ok


def test_a_listing_without_permission_for_its_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        name = "roster.csv"

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", lambda _: nullcontext([Entry()]))
        with pytest.raises(HaltError) as caught:
            source(tmp_path).census()
    assert caught.value.code == "unreadable_file"


@pytest.mark.parametrize("first", ["Sumit", "Totalova", "总计划部", "汇总组"])
def test_a_person_whose_row_begins_like_a_word_for_totals_is_read(drop: Any, first: str) -> None:
    feed = drop(f"部门,工号,状态\n{first},0012,在职\n", columns=["工号", "状态"], number_column=None)
    assert everything(feed)[:2] == ([(first, "0012", "在职")], [])


@pytest.mark.parametrize(
    "total", ["合计数", "合 计", "小计行", "合计工资", "总计额", "合计大写：壹佰元整", "合计：100"]
)
def test_a_row_of_totals_under_the_employee_numbers_is_no_person(drop: Any, total: str) -> None:
    rows, rejected, _ = everything(drop(f"{HEADER}\n0012,测试甲,在职\n{total},,100\n"))
    assert rows == [("0012", "测试甲", "在职")]
    assert [rule for _, rule, _ in rejected] == ["total_row"]


def test_an_employee_number_that_begins_like_a_word_for_totals_is_read(drop: Any) -> None:
    assert everything(drop(f"{HEADER}\nSUM-001,测试甲,在职\n"))[:2] == ([("SUM-001", "测试甲", "在职")], [])


@pytest.mark.parametrize("ahead_s", [5, 200])
def test_a_file_server_whose_clock_is_ahead_does_not_make_a_file_complete(tmp_path: Path, ahead_s: int) -> None:
    half = tmp_path / "r.csv"
    half.write_text(f"{HEADER}\n0012,甲,x\n00", encoding="utf-8")
    os.utime(half, (time.time() + ahead_s, time.time() + ahead_s))
    with pytest.raises(RetryableError) as caught:
        source(half, settle_s=2).census()
    assert caught.value.code == "file_changing"
    assert ahead_s - 1 < (caught.value.retry_after_s or 0) <= ahead_s + 2
    with pytest.raises(RetryableError, match="no complete export"):
        source(tmp_path, settle_s=2).census()
    os.utime(half, (time.time() - 3, time.time() - 3))
    assert source(tmp_path, settle_s=2).census().origin.name == "r.csv"


def dated(folder: Path, name: str, ahead_s: float) -> Path:
    path = folder / name
    path.write_text(f"{HEADER}\n0012,甲,x\n", encoding="utf-8")
    os.utime(path, (time.time() + ahead_s,) * 2)
    return path


@pytest.mark.parametrize("settings", [{}, {"as_of_name": "roster_%Y%m%d.csv"}])
def test_yesterdays_roster_is_not_taken_while_todays_is_dated_ahead(tmp_path: Path, settings: dict[str, str]) -> None:
    """The clock of the file server is four minutes ahead; today's export came three minutes ago and is whole."""
    dated(tmp_path, "roster_20260302.csv", -86_000)
    today = dated(tmp_path, "roster_20260303.csv", 60)
    for path in (tmp_path, tmp_path / "roster_*.csv"):
        with pytest.raises(RetryableError, match=r"roster_20260303\.csv") as caught:
            source(path, settle_s=2, **settings).census()
        assert caught.value.code == "file_changing"
        assert 60 < (caught.value.retry_after_s or 0) <= 62
    os.utime(today, (time.time() - 3,) * 2)  # its time has come
    assert source(tmp_path, settle_s=2, **settings).census().origin.name == "roster_20260303.csv"


def test_an_older_export_that_is_dated_ahead_keeps_nothing_waiting(tmp_path: Path) -> None:
    """Copied anew by hand just now: its name says that it is not the one to read."""
    dated(tmp_path, "roster_20260302.csv", 60)
    dated(tmp_path, "roster_20260303.csv", -3_600)
    origin = source(tmp_path, settle_s=2, as_of_name="roster_%Y%m%d.csv").census().origin
    assert origin.name == "roster_20260303.csv"


def test_a_file_of_a_day_that_is_still_to_come_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(f"{HEADER}\n0012,甲,x\n", encoding="utf-8")
    os.utime(tmp_path / "r.csv", (time.time() + 86_400,) * 2)
    for path in (tmp_path, tmp_path / "r.csv"):
        assert source(path, settle_s=60).census().origin.name == "r.csv"
