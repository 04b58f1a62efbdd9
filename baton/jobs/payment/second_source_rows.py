"""Attendance and exit lists as rows of a file: one day a person, and no row that cannot be read is passed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

from baton.errors import Fault
from baton.jobs.payment.headers import EMPLOYEE_NUMBER, Headers
from baton.jobs.payment.periods import bounds
from baton.mapping.transforms.dates import day
from baton.model.source_rows import SourcePage

ATTENDANCE: Final = Headers(
    {
        "number": EMPLOYEE_NUMBER,
        "day": (
            *("日期", "出勤日期", "考勤日期", "打卡日期", "最后出勤日", "最后出勤日期"),
            *("date", "day", "attendance date", "last day"),
        ),
        "hours": ("工时", "出勤工时", "出勤小时", "实际出勤小时", "hours", "hours worked"),
    },
    required=("number", "day"),
)
"""A row a day (of those with hours, if they are told: more than none), or a row a person with the last one."""
EXIT_LIST: Final = Headers(
    {
        "number": EMPLOYEE_NUMBER,
        "day": (
            *("离职日期", "离职日", "最后工作日", "最后工作日期"),
            *("last day", "last working day", "leaving date", "exit date"),
        ),
    },
    required=("number",),
)
"""A row a leaver."""
_HOURS: Final = r"^[0-9]{1,3}(\.[0-9]{1,4})?$"


@dataclass(frozen=True, slots=True)
class DaysRead:
    """What such a file says, and each row of it that cannot be used."""

    days: Mapping[str, date | None] = field(repr=False)
    """Employee number -> the day; None where none is told."""
    faults: Sequence[Fault]


def read_attendance(pages: Iterable[SourcePage], columns: Mapping[str, str], period: str, file: str) -> DaysRead:
    """Everybody the clock knows, with the last day of the period that they were there."""
    first, last = bounds(period)
    frame, faults = _frame(pages, columns, file)
    told = frame.filter(pl.col("day").is_not_null() & (pl.col("hours") > 0))
    seen = told.filter(pl.col("day").is_between(first, last))
    if not faults and not seen.height:
        faults.append(Fault(file, "other_period", f"nobody was there on any day of {period}: is it of another month?"))
    latest = dict(seen.group_by("number").agg(pl.col("day").max()).iter_rows())
    return DaysRead({number: latest.get(number) for number in frame["number"].to_list()}, faults)


def read_exit_list(pages: Iterable[SourcePage], columns: Mapping[str, str], file: str) -> DaysRead:
    """Everybody on the list, with the last day it tells."""
    frame, faults = _frame(pages, columns, file)
    days: dict[str, date | None] = {}
    for number, told, row in frame.select("number", "day", "row").iter_rows():
        if days.setdefault(number, told) != told:
            faults.append(_fault(file, row, columns, "day", "two_days", "the same person further up has another day"))
    return DaysRead(days, faults)


def nobody_known(read: DaysRead, people: Mapping[str, object], file: str) -> list[Fault]:
    """One fault when the file is about nobody whom HR knows."""
    if not read.days or any(number in people for number in read.days):
        return []
    return [Fault(file, "nobody_known", "HR knows nobody in it: have its numbers lost their zeros?")]


def _frame(pages: Iterable[SourcePage], columns: Mapping[str, str], file: str) -> tuple[pl.DataFrame, list[Fault]]:
    """``number``, ``day``, ``hours``, ``row`` of every row that can be used."""
    faults: list[Fault] = []
    frames = [pl.DataFrame(schema={"number": pl.String, "day": pl.Date, "hours": pl.Float64, "row": pl.Int64})]
    for page in pages:
        faults += [Fault(f"{file}:{bad.row}", bad.rule, bad.message) for bad in page.rejected]
        texts = page.rows.select(
            (pl.col(columns[name]).str.strip_chars() if name in columns else pl.lit(None, pl.String)).alias(name)
            for name in ("number", "day", "hours")
        ).with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
        rows = texts.with_row_index("at", page.first_row).select(
            "number",
            day(pl.col("day")).alias("day"),
            _hours(columns).alias("hours"),
            pl.col("at").cast(pl.Int64).alias("row"),
            pl.col("day").is_not_null().alias("bad_day"),
            (pl.col("hours").is_not_null() & ~pl.col("hours").str.contains(_HOURS)).alias("bad_hours"),
        )
        rows = rows.with_columns(pl.col("bad_day") & pl.col("day").is_null())
        wrong = pl.col("number").is_null() | pl.col("bad_day") | pl.col("bad_hours")
        for row in rows.filter(wrong).iter_rows(named=True):
            faults.append(_unreadable(file, columns, row))
        frames.append(rows.filter(~wrong).select("number", "day", "hours", "row"))
    return pl.concat(frames), faults


def _hours(columns: Mapping[str, str]) -> pl.Expr:
    """The hours; where the file does not tell any, a day in it is a day there."""
    if "hours" not in columns:
        return pl.lit(1.0)
    return pl.col("hours").cast(pl.Float64, strict=False).fill_null(0.0)


def _unreadable(file: str, columns: Mapping[str, str], row: Mapping[str, object]) -> Fault:
    at = int(str(row["row"]))
    if row["number"] is None:
        return _fault(file, at, columns, "number", "no_number", "there is no employee number in this row")
    if row["bad_day"]:
        return _fault(file, at, columns, "day", "day", "this is no day such as 2026-11-30")
    return _fault(file, at, columns, "hours", "hours", "this is no number of hours such as 7.5")


def _fault(file: str, row: int, columns: Mapping[str, str], name: str, rule: str, message: str) -> Fault:
    return Fault(f"{file}:{row}", rule, f"column {columns[name]!r}: {message}")
