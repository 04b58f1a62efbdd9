"""Amounts and periods, line by line, and the run's total against its limit."""

from __future__ import annotations

from collections.abc import Iterator

from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Inspection
from baton.jobs.payment.periods import months_between


def amounts(inspection: Inspection) -> Iterator[Finding]:
    """Zero, negative, far too large, above a limit, another currency."""
    limits = inspection.policy.limits
    for at, line in enumerate(inspection.lines):
        amount = line.amount_minor
        if amount == 0:
            yield inspection.found("amount_zero", at)
        elif amount < 0:
            yield inspection.found("amount_negative", at)
        elif amount > limits.largest_minor:
            yield inspection.found("amount_overflow", at)
        elif amount > limits.line_minor.get(line.key.component, amount):
            yield inspection.found("line_limit", at)
        if line.currency != inspection.run.currency:
            yield inspection.found("currency_differs", at)
    if limits.run_minor is not None and sum(line.amount_minor for line in inspection.lines) > limits.run_minor:
        yield inspection.found_in_run("run_limit")


def periods(inspection: Inspection) -> Iterator[Finding]:
    """Lines for a month after the run's, or long before it."""
    for at, line in enumerate(inspection.lines):
        months = months_between(line.key.period, inspection.run.period)
        if months < 0:
            yield inspection.found("period_ahead", at)
        elif months > inspection.policy.period_old_months:
            yield inspection.found("period_old", at, months=months)
