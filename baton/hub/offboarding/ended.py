"""Completed cases that nothing opens again by itself: of who works here by right, leaves again, or was erased.

What such a person holds is not what has come back. A case opened again for it would take away what they need, and be
retracted by HR's own word an hour later: then all that had been passed on, years of it, would come back by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from baton.hub.core import Hub
from baton.hub.offboarding.following_hr import AGAIN, stays
from baton.model.case import Case, CaseState, Cause
from baton.model.people import EmploymentStatus


def ended_for_good(hub: Hub, cases: Sequence[Case]) -> frozenset[str]:
    """The ids of those among these cases; three statements where any is completed, and none elsewhere."""
    completed = [case for case in cases if case.state is CaseState.COMPLETED]
    if not completed:
        return frozenset()
    with hub.database.read() as connection:
        statuses = hub.people.statuses(connection, [case.number for case in completed])
        followed = hub.caseload.followed(connection, [case.id for case in completed])
        erased = hub.erasures.of_erased(connection, [case.id for case in completed])
    return followed | erased | {case.id for case in completed if is_back(case, statuses.get(case.number))}


def is_back(case: Case, status: EmploymentStatus | None) -> bool:
    """Whether HR says that the leaver of a completed case works here again.

    Of who has not resigned it may go on to say that they work here until it enters that.
    """
    if status is None:
        return False
    return status in AGAIN or (case.cause is Cause.RESIGNATION and stays(status))
