"""What others than HR say of the people in a run: the time clock's export, and a second list of leavers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from baton.errors import Fault, FeedRefusedError, GuardBreach
from baton.hub.core import Hub
from baton.hub.payment.source_file import open_rows
from baton.jobs.payment.second_source_rows import (
    ATTENDANCE,
    EXIT_LIST,
    DaysRead,
    nobody_known,
    read_attendance,
    read_exit_list,
)
from baton.model.pay_run import PayRun
from baton.model.payable import Component

_PERIOD: Final = "{period}"
_MOST_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class SecondSources:
    """As `baton.jobs.payment.checks.facts.Facts` has them."""

    attendance: Mapping[str, date | None] | None = field(default=None, repr=False)
    exit_list: Mapping[str, date | None] | None = field(default=None, repr=False)
    awaited: tuple[str, ...] = ()


def second_sources(hub: Hub, run: PayRun, people: Mapping[str, object]) -> SecondSources:
    """What the files that settings name say now. One that is not there is awaited; attendance counts for salaries only.

    Raises `FeedRefusedError` with file, row, column and rule of everything that is wrong in one: a list of leavers with
    a row that nobody can read may leave out the very one who has left.
    """
    attendance = exit_list = None
    awaited: list[str] = []
    settings = hub.settings.payments
    if settings.attendance is not None and run.component is Component.SALARY:
        file = settings.attendance.with_name(settings.attendance.name.replace(_PERIOD, run.period))
        attendance = _days(file, run.period, people)
        awaited += ["attendance"] if attendance is None else []
    if settings.exit_list is not None:
        exit_list = _leavers(settings.exit_list, people)
        awaited += ["exit_list"] if exit_list is None else []
    return SecondSources(attendance, exit_list, tuple(awaited))


def _days(file: Path, period: str, people: Mapping[str, object]) -> Mapping[str, date | None] | None:
    if not file.exists():
        return None
    opened = open_rows(file, ATTENDANCE)
    read = read_attendance(opened.pages, opened.columns, period, file.name)
    return _trusted(read, opened.origin.digest, people, file.name)


def _leavers(file: Path, people: Mapping[str, object]) -> Mapping[str, date | None] | None:
    if not file.exists():
        return None
    read, digest = _opened_leavers(file)
    return _trusted(read, digest, people, file.name)


def read_leavers(file: Path) -> Mapping[str, date | None]:
    """The list of leavers by itself, compared with nobody. Raises as `second_sources` does, also where there is none.

    Employee number -> the last day, None where none is told.
    """
    read, digest = _opened_leavers(file)
    if read.faults:
        raise _refused(file.name, list(read.faults), digest)
    return read.days


def _opened_leavers(file: Path) -> tuple[DaysRead, str]:
    opened = open_rows(file, EXIT_LIST)
    return read_exit_list(opened.pages, opened.columns, file.name), opened.origin.digest


def _trusted(read: DaysRead, digest: str, people: Mapping[str, object], file: str) -> Mapping[str, date | None]:
    faults = [*read.faults, *nobody_known(read, people, file)]
    if faults:
        raise _refused(file, faults, digest)
    return read.days


def _refused(file: str, faults: list[Fault], digest: str) -> FeedRefusedError:
    breach = GuardBreach("unusable", f"{file}: {len(faults)} faults; a run is not checked against a part of it")
    error = FeedRefusedError([breach], feed_digest=digest, faults=faults[:_MOST_TOLD])
    error.remedy = "correct these rows at their source and have the file made again"
    return error
