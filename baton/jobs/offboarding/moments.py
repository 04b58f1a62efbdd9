"""From which moment on a leaver's rights are taken away."""

from __future__ import annotations

from datetime import datetime

from baton.jobs.offboarding.policy import Policy
from baton.model.case import Case, Cause


def rights_end(case: Case, policy: Policy, now: datetime) -> bool:
    """Whether the leaver's rights are to be taken away by now."""
    last = case.dates.last_working_at
    return case.cause is Cause.EMERGENCY or policy.revoke == "at_once" or (last is not None and last <= now)
