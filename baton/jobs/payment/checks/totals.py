"""Control totals: what came in is what its maker sent, all of it; and whether every demanded source was given."""

from __future__ import annotations

from collections.abc import Iterator

from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Inspection
from baton.model.payable import Component


def control_totals(inspection: Inspection) -> Iterator[Finding]:
    """Count and sum, of the whole and of each component that was declared apart."""
    declared = inspection.facts.declared
    if declared is None:
        return
    counts = dict.fromkeys(Component, 0)
    sums = dict.fromkeys(Component, 0)
    for line in inspection.lines:
        counts[line.key.component] += 1
        sums[line.key.component] += line.amount_minor
    count, total = len(inspection.lines), sum(sums.values())
    if declared.count is not None and count != declared.count:
        yield inspection.found_in_run("control_count", found=count, declared=declared.count)
    if declared.total_minor is not None and total != declared.total_minor:
        yield inspection.found_in_run("control_sum", found=total, declared=declared.total_minor)
    for component, (told_count, told_sum) in sorted(declared.components.items()):
        for found, told in ((counts[component], told_count), (sums[component], told_sum)):
            if found != told:
                yield inspection.found_in_run("control_component", code=component.value, found=found, declared=told)


def sources(inspection: Inspection) -> Iterator[Finding]:
    """A rule that could not be tried is told, never taken for passed."""
    facts = inspection.facts
    given = {
        "history": facts.past is not None,
        "control_totals": facts.declared is not None,
        "attendance": facts.attendance is not None,
        "exit_list": facts.exit_list is not None,
    }
    for source in dict.fromkeys((*inspection.policy.requires, *sorted(facts.awaited))):
        if not given[source]:
            yield inspection.found_in_run("facts_missing", code=source)
