"""The pay day against the calendar and the bank's cut-off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Inspection
from baton.jobs.payment.checks.policy import CutOff

_WHERE_NOBODY_SAYS: Final = ZoneInfo("Asia/Shanghai")
"""Whose midnight ends a pay day while the policy names no cut-off: that of the banks the calendar is about."""


def days(inspection: Inspection) -> Iterator[Finding]:
    """A missing year stops; a rest day proposes the working day before (wages are never late for a holiday)."""
    pay_day, calendar = inspection.run.pay_day, inspection.facts.calendar
    cut_off = inspection.policy.cut_off
    zone = _WHERE_NOBODY_SAYS if cut_off is None else ZoneInfo(cut_off.time_zone)
    if pay_day < inspection.facts.now.astimezone(zone).date():
        yield inspection.found_in_run("pay_day_past", pay_day=pay_day)
        return
    proposed = calendar.at_or_before(pay_day)
    if proposed is None:
        yield inspection.found_in_run("calendar_missing", year=_unknown_year(inspection))
        return
    if proposed != pay_day:
        yield inspection.found_in_run("pay_day_rest", pay_day=pay_day, proposed=proposed)
    if cut_off is not None:
        yield from _cut_off(inspection, cut_off, zone)


def _cut_off(inspection: Inspection, cut_off: CutOff, zone: ZoneInfo) -> Iterator[Finding]:
    pay_day = inspection.run.pay_day
    day = inspection.facts.calendar.before(pay_day, cut_off.working_days_before)
    if day is None:
        yield inspection.found_in_run("calendar_missing", year=pay_day.year - 1)
    elif inspection.facts.now > datetime.combine(day, cut_off.time, zone).astimezone(UTC):
        yield inspection.found_in_run("cut_off_passed", pay_day=pay_day, cut_off=day)


def _unknown_year(inspection: Inspection) -> int:
    pay_day = inspection.run.pay_day
    return pay_day.year if inspection.facts.calendar.works(pay_day) is None else pay_day.year - 1
