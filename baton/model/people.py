"""The canonical employee: what every HR source is mapped to and every target is mapped from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo


class EmploymentStatus(StrEnum):
    """Where a person stands with the company. A decided but future departure is ``notice``, never ``departed``."""

    PENDING_HIRE = "pending_hire"
    PROBATION = "probation"
    ACTIVE = "active"
    ON_LEAVE = "on_leave"
    NOTICE = "notice"
    DEPARTED = "departed"
    REHIRED = "rehired"

    @property
    def employed(self) -> bool:
        """True while the person works here (on leave and on notice included)."""
        return self not in (EmploymentStatus.PENDING_HIRE, EmploymentStatus.DEPARTED)


class LeaverDate(StrEnum):
    """The three dates of a leaver; every destructive effect is bound to exactly one of them."""

    LAST_WORKING = "last_working"
    CONTRACT_END = "contract_end"
    PAY_END = "pay_end"


class Personal(StrEnum):
    """How closely a column must be kept."""

    NO = "no"
    YES = "personal"
    SENSITIVE = "sensitive"


def _column(personal: Personal = Personal.NO, *, default: Any = None) -> Any:
    return field(default=default, metadata={"personal": personal})


def end_of_day(day: date, zone: str) -> datetime:
    """The first instant after ``day`` in ``zone``, as UTC: a last day is still a working day to its end."""
    midnight = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone))
    return midnight.astimezone(UTC)


def start_of_day(day: date, zone: str) -> datetime:
    """The first instant of ``day`` in ``zone``, as UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """One person at one version, flat: the column names are the vocabulary of every mapping.

    ``number`` is text and kept exactly (``0012`` is not ``12``). ``manager_number`` refers to another ``number``.
    ``time_zone`` (IANA) says where the person's days begin and end; all day columns are local to it.
    ``effective_on``, when later than today, makes this a future version (a decided transfer).
    """

    number: str
    status: EmploymentStatus
    time_zone: str = "Asia/Shanghai"

    full_name: str | None = _column(Personal.YES)
    family_name: str | None = _column(Personal.YES)
    given_name: str | None = _column(Personal.YES)
    latin_name: str | None = _column(Personal.YES)

    company: str | None = _column()
    department: str | None = _column()
    cost_center: str | None = _column()
    location: str | None = _column()
    position: str | None = _column()
    grade: str | None = _column()
    employment_type: str | None = _column()
    manager_number: str | None = _column()

    effective_on: date | None = _column()
    hire_day: date | None = _column()
    last_working_day: date | None = _column()
    last_working_time: time | None = _column()
    contract_end_day: date | None = _column()
    pay_end_day: date | None = _column()

    work_email: str | None = _column(Personal.YES)
    mobile: str | None = _column(Personal.YES)
    personal_email: str | None = _column(Personal.YES)
    identity_number: str | None = _column(Personal.SENSITIVE)
    bank_account_holder: str | None = _column(Personal.SENSITIVE)
    bank_account_number: str | None = _column(Personal.SENSITIVE)
    bank_code: str | None = _column(Personal.SENSITIVE)
    bank_name: str | None = _column(Personal.SENSITIVE)

    def moment(self, which: LeaverDate) -> datetime | None:
        """When the given leaver date takes effect (UTC), or None while it is not decided.

        A missing contract end is the last working moment; a missing pay end is the contract end. The last working
        moment honours ``last_working_time``; the other two are whole days.
        """
        if which is LeaverDate.LAST_WORKING:
            if self.last_working_day is None:
                return None
            if self.last_working_time is not None:
                local = datetime.combine(self.last_working_day, self.last_working_time, ZoneInfo(self.time_zone))
                return local.astimezone(UTC)
            return end_of_day(self.last_working_day, self.time_zone)
        if which is LeaverDate.CONTRACT_END:
            if self.contract_end_day is None:
                return self.moment(LeaverDate.LAST_WORKING)
            return end_of_day(self.contract_end_day, self.time_zone)
        if self.pay_end_day is None:
            return self.moment(LeaverDate.CONTRACT_END)
        return end_of_day(self.pay_end_day, self.time_zone)

    def hired_at(self) -> datetime | None:
        """When the hire takes effect (UTC), or None when no hire day is known."""
        return None if self.hire_day is None else start_of_day(self.hire_day, self.time_zone)

    def effective_at(self) -> datetime | None:
        """When this version takes effect (UTC); None means at once."""
        return None if self.effective_on is None else start_of_day(self.effective_on, self.time_zone)

    def undated(self) -> Employee:
        """The same without any date: what two versions have in common of which one only puts the other off."""
        return dataclasses.replace(
            self,
            effective_on=None,
            hire_day=None,
            last_working_day=None,
            last_working_time=None,
            contract_end_day=None,
            pay_end_day=None,
        )


@dataclass(frozen=True, slots=True)
class StatusPeriod:
    """One entry of a person's status history."""

    status: EmploymentStatus
    since: datetime
    version: int
    what: str
    """``hired``, ``departed``, ``hire retracted``, ``departure retracted`` … in plain words."""


EMPLOYEE_COLUMNS: Final[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(Employee))
PERSONAL_COLUMNS: Final[Mapping[str, Personal]] = MappingProxyType(
    {
        f.name: f.metadata["personal"]
        for f in dataclasses.fields(Employee)
        if f.metadata.get("personal", Personal.NO) is not Personal.NO
    }
)


def describe_change(before: EmploymentStatus | None, after: EmploymentStatus) -> str:
    """What a change of status means, in plain words, for histories and reports."""
    status = EmploymentStatus
    if before is None:
        return f"first seen as {after.value}"
    if before is after:
        return "details changed"
    named: dict[tuple[EmploymentStatus, EmploymentStatus], str] = {
        (status.PENDING_HIRE, status.DEPARTED): "hire retracted",
        (status.DEPARTED, status.PENDING_HIRE): "hire announced",
        (status.DEPARTED, status.REHIRED): "rehired",
    }
    if (before, after) in named:
        return named[before, after]
    if before is status.PENDING_HIRE:
        return "hired"
    if after is status.DEPARTED:
        return "departed"
    if before is status.NOTICE or before is status.DEPARTED:
        return "departure retracted"
    if after is status.NOTICE:
        return "departure announced"
    return f"became {after.value}"
