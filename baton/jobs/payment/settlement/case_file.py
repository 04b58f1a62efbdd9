"""The file in which payroll tells one departure: amounts in yuan as they stand on paper, read strictly, told by line.

What it leaves out of the two days is HR's to say, and the account is never in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer

from baton.jobs.payment.files import Part, load, loads
from baton.jobs.payment.payable_rows import minor_units
from baton.jobs.payment.settlement.case import Deduction, Leaving, MonthWage, Stretch
from baton.jobs.payment.settlement.reckoning import yuan
from baton.model.payable import PERIOD_PATTERN

_DIGITS: Final = 2
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _fen(told: Any) -> int:
    minor = minor_units(told, _DIGITS) if isinstance(told, str) else None
    if minor is None:
        raise ValueError("an amount is a plain number of yuan with at most two decimals, such as 12000.00")
    return minor


def _count(told: Any) -> Any:
    if isinstance(told, str) and minor_units(told, _DIGITS) is None:
        raise ValueError("a number of days or hours is a plain number with at most two decimals, such as 21.5")
    return told


def _day(told: Any) -> Any:
    if isinstance(told, str) and not _DAY.fullmatch(told):  # a bare number would be read as seconds since 1970
        raise ValueError("a day is written like 2026-03-31")
    return told


Day: TypeAlias = Annotated[date, BeforeValidator(_day)]
Yuan: TypeAlias = Annotated[int, BeforeValidator(_fen), PlainSerializer(yuan), Field(ge=0)]
"""Fen, written as yuan."""
Count: TypeAlias = Annotated[Decimal, BeforeValidator(_count), Field(ge=0, le=10_000)]
Month: TypeAlias = Annotated[str, Field(pattern=PERIOD_PATTERN)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=80)]


class WagePart(Part):
    """What one month's work earned, before taxes."""

    gross: Yuan
    overtime: Yuan = 0


class StretchPart(Part):
    """Days or hours of the last month at one monthly wage."""

    monthly: Yuan
    days: Count = Decimal(0)
    hours: Count = Decimal(0)


class DeductionPart(Part):
    """Something that is to be taken from the last wage."""

    kind: Name
    amount: Yuan
    consented: bool = False


class CaseFile(Part):
    """The whole file; `docs/final-settlement.md` has one."""

    number: Name
    region: Name
    ground: Name
    first_day: Day | None = None
    """From which service counts; left out: HR's hire day."""
    last_day: Day | None = None
    """The contract's last day; left out: HR's."""
    notice_days: Annotated[int, Field(ge=0, le=10_000)] = 0
    wages: Mapping[Month, WagePart] = {}
    stretches: tuple[StretchPart, ...] = ()
    unused_leave_days: Count = Decimal(0)
    without_contract: Mapping[Month, WagePart] = {}
    deductions: tuple[DeductionPart, ...] = ()

    def leaving(self, first_day: date, last_day: date) -> Leaving:
        """The departure as it is worked out, with the days where the file leaves them out."""
        return Leaving(
            number=self.number,
            region=self.region,
            ground=self.ground,
            first_day=self.first_day or first_day,
            last_day=self.last_day or last_day,
            notice_days=self.notice_days,
            wages=_months(self.wages),
            stretches=[Stretch(each.monthly, each.days, each.hours) for each in self.stretches],
            unused_leave_days=self.unused_leave_days,
            without_contract=_months(self.without_contract),
            deductions=[Deduction(each.kind, each.amount, each.consented) for each in self.deductions],
        )


def _months(parts: Mapping[str, WagePart]) -> list[MonthWage]:
    return [MonthWage(month, part.gross, part.overtime) for month, part in parts.items()]


def load_case(file: Path) -> CaseFile:
    """Read a file; one `ConfigurationError` with everything that is wrong, each with its line."""
    return load(file, CaseFile)


def read_case(content: bytes, name: str) -> CaseFile:
    """The same for bytes that are at hand."""
    return loads(content, name, CaseFile)
