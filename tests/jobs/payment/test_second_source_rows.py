"""Attendance and exit lists out of files: one day a person, every row that cannot be read told with its column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
import pytest

from baton.errors import ConfigurationError
from baton.jobs.payment.second_source_rows import (
    ATTENDANCE,
    EXIT_LIST,
    DaysRead,
    nobody_known,
    read_attendance,
    read_exit_list,
)
from baton.model.source_rows import RejectedRow, SourcePage

PERIOD = "2026-11"
Row = Sequence[str | None]


def page(headers: Sequence[str], *rows: Row, rejected: Sequence[RejectedRow] = (), first_row: int = 2) -> SourcePage:
    frame = pl.DataFrame([list(row) for row in rows], schema=dict.fromkeys(headers, pl.String), orient="row")
    return SourcePage(frame, first_row, rejected)


def clock(*pages: SourcePage) -> DaysRead:
    columns = ATTENDANCE.recognised(pages[0].rows.columns, "考勤.csv")
    return read_attendance(pages, columns, PERIOD, "考勤.csv")


def leavers(*pages: SourcePage) -> DaysRead:
    columns = EXIT_LIST.recognised(pages[0].rows.columns, "离职.csv")
    return read_exit_list(pages, columns, "离职.csv")


def faults(read: DaysRead) -> list[tuple[str, str]]:
    return [(fault.place, fault.rule) for fault in read.faults]


def test_of_a_row_a_day_the_last_in_the_period_counts_in_whatever_order_and_page() -> None:
    headers = ("工号", "日期")
    first = page(headers, ("0001", "2026-11-03"), ("0001", "2026/11/20"), ("0002", "2026年11月5日"))
    second = page(headers, ("0001", "2026-11-10"), ("0002", "2026-12-01"), ("0003", "2026-10-31"), first_row=5)
    read = clock(first, second)
    assert read.days == {"0001": date(2026, 11, 20), "0002": date(2026, 11, 5), "0003": None}
    assert read.faults == []


def test_a_row_a_person_may_tell_the_last_day_or_none() -> None:
    read = clock(page(("Employee Number", "最后出勤日"), ("0001", "2026-11-28"), ("0002", None), ("0003", " ")))
    assert (read.days, read.faults) == ({"0001": date(2026, 11, 28), "0002": None, "0003": None}, [])


def test_a_day_without_hours_is_no_attendance() -> None:
    headers = ("工号", "日期", "工时")
    read = clock(
        page(headers, ("0001", "2026-11-03", "8"), ("0001", "2026-11-04", "0"), ("0002", "2026-11-03", None)),
        page(headers, ("0003", "2026-11-05", "7.5"), first_row=9),
    )
    assert read.days == {"0001": date(2026, 11, 3), "0002": None, "0003": date(2026, 11, 5)}


def test_every_row_that_cannot_be_used_is_told_with_its_column_and_no_content() -> None:
    headers = ("工号", "日期", "工时")
    read = clock(
        page(headers, ("0001", "2026-11-03", "8"), (None, "2026-11-03", "8"), ("0002", "03/11/2026", "8")),
        page(headers, ("0003", "2026-11-31", "8"), ("0004", "2026-11-03", "acht"), first_row=7),
        page(headers, rejected=[RejectedRow(11, "merged_cells", "merged with another cell")], first_row=11),
    )
    assert faults(read) == [
        ("考勤.csv:3", "no_number"),
        ("考勤.csv:4", "day"),
        ("考勤.csv:7", "day"),
        ("考勤.csv:8", "hours"),
        ("考勤.csv:11", "merged_cells"),
    ]
    assert [fault.message.partition(":")[0] for fault in read.faults[:4]] == [
        "column '工号'",
        "column '日期'",
        "column '日期'",
        "column '工时'",
    ]
    assert [text for text in ("0002", "03/11", "acht") if text in str(read.faults)] == []
    assert list(read.days) == ["0001"]


def test_an_export_of_another_month_is_not_taken_for_everybodys_absence() -> None:
    assert faults(clock(page(("工号", "日期"), ("0001", "2026-10-30")))) == [("考勤.csv", "other_period")]


def test_a_leaver_may_be_listed_without_a_day_and_twice_with_the_same() -> None:
    headers = ("工号", "离职日期")
    read = leavers(page(headers, ("0001", "2026-11-20"), ("0002", None), ("0001", "20261120")))
    assert (read.days, read.faults) == ({"0001": date(2026, 11, 20), "0002": None}, [])
    assert leavers(page(("工号",), ("0003",))).days == {"0003": None}


def test_two_days_for_one_leaver_are_a_fault() -> None:
    read = leavers(page(("工号", "离职日期"), ("0001", "2026-11-20"), ("0001", "2026-11-21")))
    assert faults(read) == [("离职.csv:3", "two_days")]


def test_a_file_about_nobody_here_is_told() -> None:
    read = leavers(page(("工号",), ("1",), ("2",)))
    assert [fault.rule for fault in nobody_known(read, {"0001": None}, "离职.csv")] == ["nobody_known"]
    assert nobody_known(read, {"2": None}, "离职.csv") == nobody_known(DaysRead({}, []), {}, "离职.csv") == []


@pytest.mark.parametrize(
    ("headers", "rule"), [(("工号", "说明"), "missing_column"), (("工号", "日期", "打卡日期"), "doubtful_column")]
)
def test_headers_that_do_not_say_which_day_are_told(headers: Sequence[str], rule: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        ATTENDANCE.recognised(headers, "考勤.csv")
    assert [fault.rule for fault in refused.value.faults] == [rule]
