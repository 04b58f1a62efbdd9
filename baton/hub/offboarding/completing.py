"""The completion gate: a case ends when nothing is left, and opens again when something comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.offboarding.casework import locked, step
from baton.hub.offboarding.certifying import try_to_certify
from baton.hub.offboarding.outstanding import unfinished
from baton.hub.offboarding.refreshing import Refreshed, refresh
from baton.hub.offboarding.standing import require_standing
from baton.jobs.offboarding.completion import Obstacle, obstacles
from baton.jobs.offboarding.steps import require_may
from baton.model.case import Act, Case, Role

_LOOKS: Final = 5


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a case is finished, and if not, why."""

    case: Case
    obstacles: Sequence[Obstacle]

    @property
    def open(self) -> bool:
        """True when the case may be completed."""
        return not self.obstacles


def gate(hub: Hub, case_id: str) -> Gate:
    """Look everywhere now, then say what is missing."""
    refreshed = _looked_at(hub, case_id)
    with hub.database.read() as connection:
        case = hub.cases.get(connection, refreshed.case.id) or refreshed.case
        return Gate(case, _obstacles(hub, connection, case, refreshed.unread))


def complete(hub: Hub, case_id: str, person: str, why: str) -> Case:
    """End a case, and keep its certificate. `ApprovalError` with everything that is missing; nobody can overrule it."""
    require_may(Act.COMPLETE, Role.HR, why)
    refreshed = _looked_at(hub, case_id)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        case = locked(hub, connection, refreshed.case.id)
        require_standing(hub, connection, case, person, Role.HR)
        missing = _obstacles(hub, connection, case, refreshed.unread)
        if missing:
            raise ApprovalError(
                "this handover is not finished: " + "; ".join(each.message for each in missing),
                code="unfinished",
                remedy=f"see: baton offboard show {case.id}",
            )
        case = step(hub, connection, case, Act.COMPLETE, person, why)
        hub.crash_point("completing")
    hub.crash_point("completed")
    try_to_certify(hub, case, person)
    return case


def _looked_at(hub: Hub, case_id: str) -> Refreshed:
    """A look that has been written: one that somebody else has overtaken proves nothing."""
    for _ in range(_LOOKS):
        refreshed = refresh(hub, case_id)
        if not refreshed.outdated:
            return refreshed
    raise ApprovalError("others keep looking at this case at the same time", code="busy", remedy="try again shortly")


def known_obstacles(hub: Hub, connection: sa.Connection, case: Case) -> list[Obstacle]:
    """What is missing as of the last look; no system is asked."""
    return _obstacles(hub, connection, case, {})


def _obstacles(hub: Hub, connection: sa.Connection, case: Case, unread: Mapping[str, str]) -> list[Obstacle]:
    items = hub.cases.items(connection, case.id)
    named = [f"{system} ({why})" for system, why in unread.items()]
    return obstacles(case, items, named, unfinished(connection, case), hub.clock.now())
