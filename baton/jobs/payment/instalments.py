"""Plans to pay something back in parts, and how much of a month's wage may be kept for it.

A share of the wage and a minimum that remains are this company's choice (the policy says which), not the law's; that
nothing is kept without the person's consent is not a choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise

from baton.errors import ApprovalError
from baton.jobs.payment.overpayment_policy import OverpaymentPolicy
from baton.jobs.payment.periods import period_of
from baton.jobs.payment.settlement.deductions import wage_limits
from baton.model.recovery import Instalment, Way


def most_from_wages(policy: OverpaymentPolicy, wage_minor: int, taken_minor: int = 0) -> int:
    """How much may be kept from a month's wage of which so much is kept already; `ApprovalError` while unknown."""
    rule = policy.from_wages
    if rule.keep_minimum_wage and policy.minimum_wage_minor is None:
        raise ApprovalError(
            "nothing may be kept from wages while nobody has said what must remain",
            code="minimum_wage",
            remedy="write the region's minimum wage into the policy: overpayment.minimum_wage_minor",
        )
    limits = wage_limits(rule, wage_minor, policy.minimum_wage_minor or 0, taken=taken_minor, taken_of_kind=taken_minor)
    return max(min(limits.values(), default=wage_minor - taken_minor), 0)


def require_plan(
    plan: Sequence[Instalment],
    open_minor: int,
    today: date,
    policy: OverpaymentPolicy,
    wage_minor: int | None,
    planned_elsewhere: Mapping[str, int],
) -> None:
    """Raise `ApprovalError` (``plan``) with everything that is wrong with a plan; none of it names an amount.

    ``planned_elsewhere`` is what other cases of the same person keep from wages, by month.
    """
    wrong = [*_of_amounts(plan, open_minor), *_of_days(plan, today)]
    wrong += _of_wages(plan, policy, wage_minor, planned_elsewhere)
    if wrong:
        raise ApprovalError(f"this plan cannot be agreed to: {'; '.join(wrong)}", code="plan")


def from_wages_by_month(plan: Sequence[Instalment]) -> Counter[str]:
    """What a plan keeps from wages, by month (``YYYY-MM``)."""
    months: Counter[str] = Counter()
    for part in plan:
        if part.way is Way.WAGES:
            months[period_of(part.due)] += part.amount_minor
    return months


def _of_amounts(plan: Sequence[Instalment], open_minor: int) -> Iterator[str]:
    if not plan:
        yield "it has no instalment"
    if any(part.amount_minor <= 0 for part in plan):
        yield "an instalment is not above zero"
    if plan and sum(part.amount_minor for part in plan) != open_minor:
        yield "the instalments do not add up to what is open"


def _of_days(plan: Sequence[Instalment], today: date) -> Iterator[str]:
    if any(part.due < today for part in plan):
        yield "an instalment is due in the past"
    if any(later.due <= earlier.due for earlier, later in pairwise(plan)):
        yield "the instalments do not stand in the order of their days"
    if any(part.way is Way.RETURNED for part in plan):
        yield "nobody can promise that a bank returns a payment"


def _of_wages(
    plan: Sequence[Instalment], policy: OverpaymentPolicy, wage_minor: int | None, elsewhere: Mapping[str, int]
) -> Iterator[str]:
    months = from_wages_by_month(plan)
    if months and wage_minor is None:
        yield "it keeps something from wages, and nobody has said how high these are"
        return
    for month, amount in sorted(months.items()):
        if amount > most_from_wages(policy, wage_minor or 0, elsewhere.get(month, 0)):
            yield f"more than the policy's limit is kept from the wages of {month}"
