"""From which moment on a leaver's rights are taken away, all of them and each by itself."""

from __future__ import annotations

from datetime import datetime

from baton.jobs.offboarding.policy import Policy
from baton.model.case import Case, Cause, Item


def rights_end(case: Case, policy: Policy, now: datetime) -> bool:
    """Whether the leaver's rights are to be taken away by now."""
    last = case.dates.last_working_at
    return case.cause is Cause.EMERGENCY or policy.revoke == "at_once" or (last is not None and last <= now)


def right_ends_at(case: Case, policy: Policy, right: Item) -> datetime | None:
    """From which moment on one right is to be taken away; None while HR knows of no last working moment."""
    restricted = policy.restricts(right.system, right.title, right.ref.external_id)
    at_once = case.cause is Cause.EMERGENCY or policy.revoke == "at_once" or restricted
    return case.opened_at if at_once else case.dates.last_working_at
