"""What pages and API show of a month of pay runs over all banks. Sums are for who holds an office, counts for all."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from baton.console.payments.officers import Officer
from baton.console.payments.reading import viewer
from baton.hub.payment.months import Month, MonthRun, month_of
from baton.model.money import major_text
from baton.store.bank_differences import Standing

DIFFERENCES_SHOWN: Final = 200
SUMS: Final = ("filed", "booked", "refused", "came_back", "waiting", "rest")


def month_document(who: Officer, period: str) -> dict[str, Any]:
    """A month: how it stands, each run with its sums, what differs."""
    month = month_of(who.hub, period)
    as_of = month.as_of
    document: dict[str, Any] = {
        "month": period,
        "verdict": month.verdict.value,
        "as_of": None if as_of is None else as_of.isoformat(),
        "runs": [_run(who, each) for each in month.runs],
        "unreleased": list(month.unreleased),
        "counted": _counted(month),
        "differences": [],
        "differences_total": len(month.differences),
        **viewer(who),
    }
    if who.sees_people:
        document["sums"] = {
            currency: {name: major_text(sums[name], currency) for name in SUMS}
            for currency, sums in sorted(month.sums.items())
        }
        shown = month.differences[:DIFFERENCES_SHOWN]
        document["differences"] = [_difference(each, _currency(each, month)) for each in shown]
    return document


def _currency(each: Standing, month: Month) -> str:
    """Of its run; of what stands beside all runs, the only one in which that bank has paid this month, if it is one."""
    of_run = {run.run.currency for run in month.runs if run.run.run_id == each.run_id}
    of_bank = {run.run.currency for run in month.runs if run.run.system == each.system}
    known = of_run or of_bank
    return known.pop() if len(known) == 1 else ""


def _run(who: Officer, each: MonthRun) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": each.run.run_id,
        "system": each.run.system,
        "component": each.run.component.value,
        "currency": each.run.currency,
        "state": each.head.state.value,
        "verdict": each.verdict.value,
        "compared_at": None if each.compared is None else each.compared.at.isoformat(),
        "lines": 0 if each.compared is None else each.compared.lines,
        "compared": 0 if each.compared is None else each.compared.compared,
    }
    if who.sees_people and each.compared is not None:
        sums = each.compared.sums
        found["sums"] = {name: major_text(sums[name], each.run.currency) for name in SUMS}
        found["sums_minor"] = {name: sums[name] for name in SUMS}
    return found


def _counted(month: Month) -> list[dict[str, Any]]:
    """How many differences there are of each kind, alarms first: what everybody sees."""
    counts = Counter((each.weight, each.kind) for each in month.differences)
    ordered = sorted(counts.items(), key=lambda each: (each[0][0] != "alarm", each[0][0] == "", each[0][1]))
    return [{"weight": weight, "kind": kind, "count": count} for (weight, kind), count in ordered]


def _difference(each: Standing, currency: str) -> dict[str, Any]:
    """One difference. Where no currency is known, its sums are minor units, and say so."""
    return {
        "key": each.key,
        "run": each.run_id,
        "system": each.system,
        "kind": each.kind,
        "weight": each.weight,
        "what": each.what,
        "place": each.place,
        "since": each.since.isoformat(),
        "expected": _sum(each.expected_minor, currency),
        "found": _sum(each.found_minor, currency),
        "taken_on_by": each.person,
        "why": each.why,
    }


def _sum(minor: int | None, currency: str) -> str | None:
    if minor is None:
        return None
    return major_text(minor, currency) if currency else f"{minor:,d} minor units"
