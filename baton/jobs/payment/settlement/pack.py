"""The rule pack: every figure and every choice of the calculation as data, each with the text it comes from.

``verified: no`` marks what nobody has checked against the text itself; it is told on every line that uses it. Figures
of a region (average and minimum wage) are facts of a year and a city: a pack without them for the day somebody leaves
stops the calculation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

import orjson
from pydantic import Field, model_validator

from baton.jobs.payment.files import Part, load

Minor: TypeAlias = Annotated[int, Field(gt=0, le=10**12)]
Percent: TypeAlias = Annotated[int, Field(ge=0, le=1000)]
ZeroPayMonths: TypeAlias = Literal["count", "skip"]
WindowEnds: TypeAlias = Literal["month_before", "month_of_end"]


class Cited(Part):
    """A rule with the text it comes from."""

    source: Annotated[str, Field(min_length=2, max_length=300)]
    verified: bool = True
    """Whether somebody has compared it with that text."""


class DayRule(Cited):
    """A month's wage as a day's and an hour's."""

    divisor: Annotated[Decimal, Field(gt=0)]
    hours_per_day: Annotated[Decimal, Field(gt=0, le=24)]


class SalaryRule(Cited):
    """The wage up to the last day."""

    at_most_a_month: bool
    """Whether the paid days never give more than a month's wage (23 paid days by 21.75 would)."""


class LeaveRule(Cited):
    """Pay for annual leave that was due and not taken."""

    percent: Percent
    paid_with_salary_percent: Percent
    """What of it the salary for those days, which were worked, has paid already."""
    base: Literal["average", "month"]
    """A day's wage from the average of the severance window without overtime pay, or from the month's wage."""

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.paid_with_salary_percent > self.percent:
            raise ValueError("more is paid with the salary than is due at all")
        return self


class SeveranceRule(Cited):
    """Economic compensation (N): a month's wage per year of service."""

    window_months: Annotated[int, Field(ge=1, le=24)]
    window_ends: WindowEnds
    zero_pay_months: ZeroPayMonths
    """Whether months without pay count in the average; ``skip`` does not reach further back instead."""
    half_below_months: Annotated[int, Field(ge=1, le=11)]
    """A rest of service shorter than this is half a month's wage, a longer one a whole."""
    cap_times_average: Annotated[int, Field(ge=1, le=10)]
    cap_years: Annotated[int, Field(ge=1, le=60)]
    """Years of service that count when the wage is capped, and only then."""
    counted_from: date
    """Service before it follows older rules, which are not here: such a case is refused where N is due."""


class FactorRule(Cited):
    """2N: so many times N, and no N beside it."""

    times: Annotated[int, Field(ge=1, le=5)]


class NoticeRule(Cited):
    """Pay instead of notice (+1)."""

    days: Annotated[int, Field(ge=1, le=365)]
    """So many days of written notice make it fall away."""


class NoContractRule(Cited):
    """A second wage for months without a written contract."""

    most_months: Annotated[int, Field(ge=1, le=12)]


class DeductionRule(Cited):
    """How far something may be taken from the last wage."""

    title: Annotated[str, Field(min_length=1, max_length=60)]
    percent_of_wage: Annotated[int, Field(ge=0, le=100)] | None = None
    keep_minimum_wage: bool = False
    needs_consent: bool = True


class DueRule(Cited):
    """When wages are due, in days after the contract's end."""

    days: Annotated[int, Field(ge=0, le=60)]


class Ground(Cited):
    """Why a contract ends, and what follows from that."""

    zh: Annotated[str, Field(min_length=2)]
    en: Annotated[str, Field(min_length=2)]
    severance: Literal["none", "N", "2N"]
    notice: bool = False
    """Whether notice, or a month's wage instead, is owed."""


class Figures(Cited):
    """A region's figures from a day on, monthly, in minor units."""

    begins: date = Field(alias="from")
    average_minor: Minor
    """The average wage of the year before, as the region has published it."""
    minimum_minor: Minor


class Overrides(Cited):
    """Where a region decides otherwise."""

    window_ends: WindowEnds | None = None
    zero_pay_months: ZeroPayMonths | None = None
    due_days: Annotated[int, Field(ge=0, le=60)] | None = None


class Region(Part):
    """A city divided into districts: the level at which the average wage counts."""

    zh: Annotated[str, Field(min_length=2)]
    en: Annotated[str, Field(min_length=2)]
    figures: Annotated[tuple[Figures, ...], Field(min_length=1)]
    """Oldest first."""
    overrides: Overrides | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(after.begins <= before.begins for before, after in pairwise(self.figures)):
            raise ValueError("figures must stand oldest first, each from a later day than the one before")
        return self

    def on(self, day: date) -> Figures | None:
        """The figures in force on a day; None before the first."""
        return next((figures for figures in reversed(self.figures) if figures.begins <= day), None)


class RulePack(Part):
    """The whole pack. A departure is calculated by the pack in force on its last day."""

    version: Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]
    begins: date = Field(alias="from")
    until: date | None = None
    """The last day it is in force; left out: until somebody writes another one."""
    rounding: Literal["half_up", "half_even"]
    """How each line is brought to whole fen; a company's choice."""
    day: DayRule
    salary: SalaryRule
    leave: LeaveRule
    severance: SeveranceRule
    double: FactorRule
    notice: NoticeRule
    no_contract: NoContractRule
    due: DueRule
    deductions: Annotated[Mapping[str, DeductionRule], Field(min_length=1)]
    """In the order in which they are taken."""
    grounds: Annotated[Mapping[str, Ground], Field(min_length=1)]
    regions: Annotated[Mapping[str, Region], Field(min_length=1)]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until is not None and self.until < self.begins:
            raise ValueError("the pack ends before it begins")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything in it, the order of its deductions included."""
        return hashlib.sha256(b"baton-settlement-pack-1" + orjson.dumps(self.model_dump(mode="json"))).hexdigest()


def load_pack(file: Path) -> RulePack:
    """Read a pack; one `ConfigurationError` with everything that is wrong, each with its line."""
    return load(file, RulePack)
