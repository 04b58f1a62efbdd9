"""A leaver who is settled by the pack that ships, and the ways to change one thing about them."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from baton.jobs.payment.periods import before, period_of
from baton.jobs.payment.settlement.calculator import calculate
from baton.jobs.payment.settlement.case import Leaving, MonthWage
from baton.jobs.payment.settlement.pack import RulePack, load_pack
from baton.jobs.payment.settlement.statement import LineId, Settlement

SHIPPED = Path(__file__).resolve().parents[4] / "mappings" / "payment" / "settlement-china.yaml"
AVERAGE, MINIMUM = 1_000_000, 200_000
"""The example region's figures on `LAST`."""
LAST = date(2026, 3, 31)
WAGE = 1_200_000


@cache
def pack() -> RulePack:
    return load_pack(SHIPPED)


def changed(**sections: dict[str, Any]) -> RulePack:
    """The pack with other values in some of its sections."""
    whole = pack().model_dump(by_alias=True)
    for name, values in sections.items():
        whole[name] = whole[name] | values if isinstance(values, dict) else values
    return RulePack.model_validate(whole)


def year(gross: int | list[int] = WAGE, last: date = LAST, months: int = 12) -> list[MonthWage]:
    """So many months before the one of ``last``, the latest first."""
    amounts = gross if isinstance(gross, list) else [gross] * months
    found, month = [], period_of(last)
    for amount in amounts:
        month = before(month)
        found.append(MonthWage(month, amount))
    return found


def leaving(**more: Any) -> Leaving:
    known = {
        "number": "0001",
        "region": "example",
        "ground": "agreed_employer",
        "first_day": date(2020, 1, 1),
        "last_day": LAST,
        "wages": year(last=more.get("last_day", LAST)),
    }
    return Leaving(**(known | more))


def settled(rules: RulePack | None = None, **more: Any) -> Settlement:
    return calculate(leaving(**more), rules or pack())


def amount(settlement: Settlement, id_: LineId) -> int:
    return sum(line.amount_minor for line in settlement.lines if line.id is id_)
