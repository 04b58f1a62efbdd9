"""Checking a run: every rule over every line, and a report in which every line has its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from baton.jobs.payment.checks import accounts, amounts, days, people, repeats, second_sources, totals, variance
from baton.jobs.payment.checks.facts import Facts, PayRun
from baton.jobs.payment.checks.findings import CheckReport, Finding, Line, LineVerdict
from baton.jobs.payment.checks.inspection import Inspection, order_of
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.jobs.payment.checks.rules import Severity
from baton.jobs.payment.checks.settlements import settlements
from baton.model.payable import Payable

Group: TypeAlias = Callable[[Inspection], Iterator[Finding]]
GROUPS: Final[Sequence[Group]] = (
    people.unknown_people,
    people.employment,
    settlements,
    second_sources.attendance,
    second_sources.exit_list,
    accounts.holders,
    accounts.records,
    accounts.shared,
    accounts.numbers,
    accounts.carried,
    repeats.within_the_run,
    repeats.across_runs,
    repeats.nearby,
    amounts.amounts,
    amounts.periods,
    variance.per_person,
    variance.per_run,
    variance.missing,
    totals.control_totals,
    totals.sources,
    days.days,
)


def check(run: PayRun, payables: Iterable[Payable], facts: Facts, policy: CheckPolicy) -> CheckReport:
    """The report of a run. Nothing is written, nothing is asked; the same facts give the same report."""
    lines = sorted(payables, key=order_of)
    inspection = Inspection(run, lines, facts, policy)
    findings = sorted({finding for group in GROUPS for finding in group(inspection)}, key=_order)
    return CheckReport(
        run.id,
        run.period,
        run.pay_day,
        run.currency,
        policy.digest,
        inspection.content(),
        _judged(inspection, findings),
        findings,
    )


def state_of(severities: Iterable[Severity]) -> LineVerdict:
    """What becomes of a line with these findings."""
    worst = max(severities, default=Severity.WARN)
    if worst is Severity.WARN:
        return LineVerdict.PAYABLE
    return LineVerdict.HELD if worst is Severity.HOLD else LineVerdict.LEFT_OUT


def _judged(inspection: Inspection, findings: Iterable[Finding]) -> Sequence[Line]:
    against: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.reference and finding.severity > Severity.WARN:
            against[finding.reference, finding.place].append(finding)
    judged = []
    for reference, line in zip(inspection.references, inspection.lines, strict=True):
        mine = against.get((reference, line.place), ())
        reasons = tuple(sorted({finding.rule for finding in mine}))
        state = state_of(finding.severity for finding in mine)
        judged.append(Line(reference, line.key, line.place, line.amount_minor, state, reasons))
    return judged


def _order(finding: Finding) -> tuple[str, str, str, str, str, str]:
    detail = repr(finding.detail)
    return finding.reference, finding.number, finding.place, finding.rule, finding.code, detail
