"""What counts as overpaid, who decides about it, and how it may come back. Part of the payment policy file."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from baton.jobs.payment.files import Part
from baton.jobs.payment.roles import Role
from baton.jobs.payment.settlement.pack import DayRule, DeductionRule

AccountCode: TypeAlias = Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,20}$")]
Share: TypeAlias = Literal["work_days", "calendar_days"]
BonusRule: TypeAlias = Literal["owed", "share"]

BY_WORK_DAYS: Final = DayRule(divisor=Decimal("21.75"), hours_per_day=Decimal(8), source="人社部发〔2025〕2号")
FROM_WAGES: Final = DeductionRule(
    title="多发工资返还",
    percent_of_wage=20,
    keep_minimum_wage=True,
    needs_consent=True,
    source="双方约定；比例与最低工资保留为企业的选择，并非法定",
)


class Accounts(Part):
    """The codes of the ledger's accounts that vouchers name."""

    payroll: AccountCode
    """What is owed to employees."""
    receivable: AccountCode
    """What others owe us: the claim."""
    bank: AccountCode
    loss: AccountCode
    """What is written off."""
    payable: AccountCode
    """What we owe others: what came back too much."""


class OverpaymentPolicy(Part):
    """The part ``overpayment`` of the file."""

    share: Share = "work_days"
    """How a month that somebody did not stay to its end is shared: by working days, or by all its days."""
    day: DayRule = BY_WORK_DAYS
    bonus_last_month: BonusRule = "owed"
    """Whether a bonus for the month of the departure is owed whole; for later months none is."""
    tolerance_percent: Annotated[int, Field(ge=0, le=100)] = 15
    """A last month's pay up to so much above its share of the month before's counts as shared already."""
    look_back_months: Annotated[int, Field(ge=1, le=120)] = 24
    opens: Literal["by_person", "by_schedule"] = "by_person"
    """Who opens a recovery case: a person, after looking; or the schedule, as soon as it finds one."""
    answer_days: Annotated[int, Field(ge=1, le=180)] = 15
    """How long the letter gives to answer."""
    from_wages: DeductionRule = FROM_WAGES
    minimum_wage_minor: Annotated[int, Field(ge=0, le=10**9)] | None = None
    """A month's minimum wage here, which must remain; without it nothing is taken from wages while it has to remain."""
    write_off: Annotated[tuple[Role, ...], Field(min_length=1)] = (Role.DIRECTOR,)
    """The offices that may give a claim up."""
    accounts: Accounts | None = None
    """Without it no vouchers are made."""
