"""What is known of one leaver, and whether a settlement can be worked out from it by a pack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from baton.errors import ConfigurationError, Fault
from baton.jobs.payment.periods import before, months_between, period_of
from baton.jobs.payment.settlement.pack import Figures, Ground, Overrides, Region, RulePack, WindowEnds, ZeroPayMonths
from baton.model.people import Employee


@dataclass(frozen=True, slots=True)
class MonthWage:
    """What one month's work earned, before taxes, bonuses and allowances included."""

    month: str
    """``YYYY-MM``."""
    gross_minor: int
    overtime_minor: int = 0
    """The part of it that is overtime pay, which the base of leave pay leaves out."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days or hours of the last month that are still to be paid, at one monthly wage."""

    monthly_minor: int
    days: Decimal
    """Paid days: worked ones and statutory holidays, rest days not counted."""
    hours: Decimal = Decimal(0)
    """Paid hours beside the days, at the plain rate."""


@dataclass(frozen=True, slots=True)
class Deduction:
    """Something that is to be taken from the last wage."""

    kind: str
    """One of the pack's deductions."""
    amount_minor: int
    consented: bool = False
    """Whether the person has agreed in writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One departure. Amounts are minor units (fen)."""

    number: str
    region: str
    ground: str
    first_day: date
    """From which service counts."""
    last_day: date
    """The contract's last day."""
    notice_days: int = 0
    """Days of written notice the employer gave."""
    wages: Sequence[MonthWage] = ()
    """Every month of the severance window in which the person was employed; a month without pay is there with 0."""
    stretches: Sequence[Stretch] = ()
    unused_leave_days: Decimal = Decimal(0)
    without_contract: Sequence[MonthWage] = ()
    """Months from the second on in which there was no written contract."""
    deductions: Sequence[Deduction] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Setting:
    """A leaver's rules: what of the pack applies, regional exceptions considered."""

    pack: RulePack
    ground: Ground
    figures: Figures
    region: Region

    @property
    def window_ends(self) -> WindowEnds:
        """Which month is the last of the severance window."""
        return _overrides(self.region).window_ends or self.pack.severance.window_ends

    @property
    def zero_pay_months(self) -> ZeroPayMonths:
        """What becomes of months without pay."""
        return _overrides(self.region).zero_pay_months or self.pack.severance.zero_pay_months

    @property
    def due_days(self) -> int:
        """So many days after the end wages are due."""
        told = _overrides(self.region).due_days
        return self.pack.due.days if told is None else told


_NO_OVERRIDES = Overrides(source="--")


def _overrides(region: Region) -> Overrides:
    return region.overrides or _NO_OVERRIDES


def window(leaving: Leaving, setting: Setting) -> Sequence[str]:
    """The months whose average counts: those of the window in which the person was employed, the latest first."""
    end = period_of(leaving.last_day)
    month = end if setting.window_ends == "month_of_end" else before(end)
    months = []
    for _ in range(setting.pack.severance.window_months):
        if months_between(period_of(leaving.first_day), month) < 0:
            break
        months.append(month)
        month = before(month)
    return months


def last_month(leaving: Leaving) -> str:
    """The month whose wage stands in for notice."""
    return before(period_of(leaving.last_day))


def last_day_at_hr(employee: Employee) -> date | None:
    """The contract's last day by HR's record; None where it tells none."""
    return employee.contract_end_day or employee.last_working_day


def settle_in(leaving: Leaving, pack: RulePack) -> Setting:
    """The rules for a leaver; `ConfigurationError` with everything that keeps them from being applied."""
    region, ground = pack.regions.get(leaving.region), pack.grounds.get(leaving.ground)
    figures = None if region is None else region.on(leaving.last_day)
    if region is not None and ground is not None and figures is not None:
        setting = Setting(pack, ground, figures, region)
        faults = [*_faults(leaving, pack), *_missing(leaving, setting)]
    else:
        setting = None
        told = {"region": region, "ground": ground}
        faults = [(what, "unknown", f"the pack has no such {what}") for what, found in told.items() if found is None]
        if region is not None and figures is None:
            faults.append(("region", "no_figures", f"the pack has no figures of the region for {leaving.last_day}"))
        faults += _faults(leaving, pack)
    if faults or setting is None:
        place = f"settlement of {leaving.number}"
        raise ConfigurationError([Fault(f"{place}: {what}", rule, message) for what, rule, message in faults])
    return setting


_Complaint: TypeAlias = tuple[str, str, str]
"""The field it is about, the rule, the message."""


def _faults(leaving: Leaving, pack: RulePack) -> Iterator[_Complaint]:
    if leaving.last_day < pack.begins or (pack.until is not None and leaving.last_day > pack.until):
        yield "last_day", "not_in_force", f"pack {pack.version} is not in force on {leaving.last_day}"
    if leaving.last_day < leaving.first_day:
        yield "last_day", "dates", "the last day is before the first"
    months = [wage.month for wage in leaving.wages]
    if len(set(months)) != len(months) or len({wage.month for wage in leaving.without_contract}) != len(
        leaving.without_contract
    ):
        yield "wages", "duplicate_month", "a month is there twice"
    if len(leaving.without_contract) > pack.no_contract.most_months:
        most = pack.no_contract.most_months
        yield "without_contract", "without_contract", f"the second wage is due for {most} months at most"
    amounts = [
        *(amount for wage in (*leaving.wages, *leaving.without_contract)
          for amount in (wage.gross_minor, wage.overtime_minor, wage.gross_minor - wage.overtime_minor)),
        *(amount for stretch in leaving.stretches for amount in (stretch.monthly_minor, stretch.days, stretch.hours)),
        *(deduction.amount_minor for deduction in leaving.deductions),
        leaving.unused_leave_days, leaving.notice_days,
    ]  # fmt: skip
    if any(amount < 0 for amount in amounts):
        yield (
            "amounts",
            "negative",
            "an amount, a number of days or hours is negative, or overtime is more than the wage",
        )
    for kind in {deduction.kind for deduction in leaving.deductions} - pack.deductions.keys():
        yield "deductions", "unknown", f"the pack has no deduction {kind[:40]}"


def _missing(leaving: Leaving, setting: Setting) -> Iterator[_Complaint]:
    """What the rules that apply need to know and are not told."""
    told = {wage.month for wage in leaving.wages}
    average = setting.ground.severance != "none" or (
        setting.pack.leave.base == "average" and leaving.unused_leave_days > 0
    )
    months = window(leaving, setting)
    if average:
        for month in sorted(set(months) - told):
            yield "wages", "missing_wage", f"the wage of {month} is not told (0 where nothing was earned)"
        if not months and not leaving.stretches:
            yield "wages", "missing_wage", "there is no month before the last one, and no wage of the last one"
    if setting.ground.severance == "N" and leaving.first_day < setting.pack.severance.counted_from:
        since = setting.pack.severance.counted_from
        yield (
            "first_day",
            "older_service",
            f"service before {since} follows older rules: a person must work this one out",
        )
    if owes_notice(leaving, setting) and last_month(leaving) not in told:
        yield "wages", "missing_wage", f"the wage of {last_month(leaving)}, which stands in for notice, is not told"
    if setting.pack.leave.base == "month" and leaving.unused_leave_days > 0 and not leaving.stretches:
        yield (
            "stretches",
            "missing_wage",
            "unused leave is paid by the month's wage, and no stretch of the last month tells it",
        )


def owes_notice(leaving: Leaving, setting: Setting) -> bool:
    """Whether a month's wage is owed instead of notice."""
    return setting.ground.notice and leaving.notice_days < setting.pack.notice.days
