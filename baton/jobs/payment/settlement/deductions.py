"""What may be taken from the last wage, and what remains a claim: in the pack's order, each within its limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from baton.jobs.payment.settlement.case import Deduction, Setting
from baton.jobs.payment.settlement.pack import DeductionRule
from baton.jobs.payment.settlement.reckoning import yuan
from baton.jobs.payment.settlement.statement import Line, LineId, Remaining


def take(
    deductions: Sequence[Deduction], setting: Setting, *, wage: int, owed: int
) -> tuple[list[Line], list[Remaining]]:
    """Lines for what is taken and what remains.

    ``wage`` is the last month's wage, of which shares and the minimum are meant; ``owed`` is everything that is paid.
    The minimum wage that must remain is a whole month's, also where the last month was shorter.
    """
    order = list(setting.pack.deductions)
    lines, remaining = [], []
    taken = 0
    taken_of: dict[str, int] = defaultdict(int)
    for deduction in sorted(deductions, key=lambda each: order.index(each.kind)):
        rule = setting.pack.deductions[deduction.kind]
        minimum = setting.figures.minimum_minor
        limits = {"nothing_left": owed - taken}
        limits |= wage_limits(rule, wage, minimum, taken=taken, taken_of_kind=taken_of[deduction.kind])
        if rule.needs_consent and not deduction.consented:
            limits = {"consent": 0}
        why, most = min(limits.items(), key=lambda limit: limit[1])
        amount = min(deduction.amount_minor, max(most, 0))
        taken += amount
        taken_of[deduction.kind] += amount
        if amount:
            lines.append(_line(deduction, rule, amount, why))
        if amount < deduction.amount_minor:
            remaining.append(Remaining(deduction.kind, deduction.amount_minor - amount, why))
    return lines, remaining


def wage_limits(
    rule: DeductionRule, wage: int, minimum: int, *, taken: int = 0, taken_of_kind: int = 0
) -> dict[str, int]:
    """How much more may be taken from a month's wage, by the name of what limits it; a limit may be below zero."""
    limits = {}
    if rule.percent_of_wage is not None:  # rounded down: never more than the share
        limits["percent_of_wage"] = wage * rule.percent_of_wage // 100 - taken_of_kind
    if rule.keep_minimum_wage:
        limits["minimum_wage"] = wage - taken - minimum
    return limits


def _line(deduction: Deduction, rule: DeductionRule, amount: int, why: str) -> Line:
    claimed = yuan(deduction.amount_minor)
    working = f"-{claimed}" if amount == deduction.amount_minor else f"-{yuan(amount)} of {claimed} (limit: {why})"
    inputs = (("kind", deduction.kind), ("claimed", claimed), ("consent", "yes" if deduction.consented else "no"))
    return Line(LineId.DEDUCTION, f"deductions.{deduction.kind}", rule.source, rule.verified, inputs, working, -amount)
