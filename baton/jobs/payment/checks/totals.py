"""Control totals: what came in is what its maker sent, all of it; and whether every demanded source was given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Inspection
from baton.model.payable import Component

_LEFT_OUT: Final = ("claimed", "doubled", "other_component")
"""Why lines are left out when a run is drafted."""


def control_totals(inspection: Inspection) -> Iterator[Finding]:
    """Count and sum of all that came in, and of each component that was declared apart.

    What was left out when the run was drafted came in as well; where the whole still differs, that is told beside it.
    """
    declared = inspection.facts.declared
    if declared is None:
        return
    counts = dict.fromkeys(Component, 0)
    sums = dict.fromkeys(Component, 0)
    for line in inspection.lines:
        counts[line.key.component] += 1
        sums[line.key.component] += line.amount_minor
    out = inspection.facts.left_out
    count = len(inspection.lines) + sum(map(len, out.values()))
    total = sum(sums.values()) + sum(map(sum, out.values()))
    other_count = declared.count is not None and count != declared.count
    other_total = declared.total_minor is not None and total != declared.total_minor
    if declared.count is not None and other_count:
        yield inspection.found_in_run("control_count", found=count, declared=declared.count)
    if declared.total_minor is not None and other_total:
        yield inspection.found_in_run("control_sum", found=total, declared=declared.total_minor)
    if (other_count or other_total) and any(out.values()):
        claimed, doubled, others = (len(out.get(code, ())) for code in _LEFT_OUT)
        yield inspection.found_in_run("control_left_out", claimed=claimed, doubled=doubled, others=others)
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
