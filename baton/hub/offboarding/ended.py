"""Completed cases that nothing opens again by itself: of who works here by right, leaves again, or was erased.

Also of who worked here again and leaves by a word that nobody has let go yet (`undecided`).

What such a person holds is not what has come back. A case opened again for it would take away what they need, and be
retracted by HR's own word an hour later: then all that had been passed on, years of it, would come back by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from baton.hub.core import Hub
from baton.hub.offboarding.came_back import came_back
from baton.hub.offboarding.undecided import undecided
from baton.model.case import Case, CaseState


def ended_for_good(hub: Hub, cases: Sequence[Case]) -> frozenset[str]:
    """The ids of those among these cases; a few statements where any is completed, and none elsewhere."""
    completed = [case for case in cases if case.state is CaseState.COMPLETED]
    if not completed:
        return frozenset()
    with hub.database.read() as connection:
        followed = hub.caseload.followed(connection, [case.id for case in completed])
        waiting = undecided(hub, connection, sorted({case.number for case in completed}))
        back = came_back(hub, connection, completed, waiting)
        erased = hub.erasures.of_erased(connection, [case.id for case in completed])
    return followed | erased | back
