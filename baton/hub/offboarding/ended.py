"""Completed cases that nothing opens again by itself: of who works here by right, leaves again, or was erased.

Also of who worked here again and leaves by a word that nobody has let go yet (`undecided`).

What such a person holds is not what has come back. A case opened again for it would take away what they need, and be
retracted by HR's own word an hour later: then all that had been passed on, years of it, would come back by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.following_hr import AGAIN, stays
from baton.hub.offboarding.undecided import undecided
from baton.model.case import Case, CaseState, Cause
from baton.model.people import EmploymentStatus


def ended_for_good(hub: Hub, cases: Sequence[Case]) -> frozenset[str]:
    """The ids of those among these cases; a few statements where any is completed, and none elsewhere."""
    completed = [case for case in cases if case.state is CaseState.COMPLETED]
    if not completed:
        return frozenset()
    with hub.database.read() as connection:
        statuses = hub.people.statuses(connection, [case.number for case in completed])
        followed = hub.caseload.followed(connection, [case.id for case in completed])
        again = _leaves_again_undecided(hub, connection, completed)
        erased = hub.erasures.of_erased(connection, [case.id for case in completed])
    return followed | erased | again | {case.id for case in completed if is_back(case, statuses.get(case.number))}


def _leaves_again_undecided(hub: Hub, connection: sa.Connection, completed: Sequence[Case]) -> set[str]:
    """The ids of those of these cases whose leaver came back since, and leaves by a word that nobody has let go."""
    waiting = undecided(hub, connection, sorted({case.number for case in completed}))
    told = hub.people.versions(connection, list(waiting))
    return {
        case.id
        for case in completed
        for each in told.get(case.number, ())
        if each.recorded_at > case.opened_at and is_back(case, each.employee.status)
    }


def is_back(case: Case, status: EmploymentStatus | None) -> bool:
    """Whether HR says that the leaver of a completed case works here again.

    Of who has not resigned it may go on to say that they work here until it enters that.
    """
    if status is None:
        return False
    return status in AGAIN or (case.cause is Cause.RESIGNATION and stays(status))
