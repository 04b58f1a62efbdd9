"""The completion gate: a case ends when nothing is left, and opens again when something comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import JOB, find_case, locked, step
from baton.hub.offboarding.refreshing import refresh
from baton.jobs.offboarding.checklist import RETURNED
from baton.jobs.offboarding.completion import Obstacle, obstacles
from baton.jobs.offboarding.steps import require_may
from baton.model.case import Act, Case, CaseState, ItemState, Role
from baton.model.effect import UNSETTLED_STATES
from baton.store.tables import effects, runs


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
    refreshed = refresh(hub, case_id)
    with hub.database.read() as connection:
        case = hub.cases.get(connection, refreshed.case.id) or refreshed.case
        return Gate(case, _obstacles(hub, connection, case, sorted(refreshed.unread)))


def complete(hub: Hub, case_id: str, person: str, why: str) -> Case:
    """End a case. Raises `ApprovalError` with everything that is missing; nobody can overrule it."""
    require_may(Act.COMPLETE, Role.HR, why)
    unread = sorted(refresh(hub, case_id).unread)
    with hub.database.write() as connection:
        case = locked(hub, connection, find_case(hub, case_id).id)
        missing = _obstacles(hub, connection, case, unread)
        if missing:
            raise ApprovalError(
                "this handover is not finished: " + "; ".join(each.message for each in missing),
                code="unfinished",
                remedy=f"see: baton offboard show {case.id}",
            )
        if person == case.number:
            raise ApprovalError("a leaver decides nothing about their own handover", code="leaver")
        return step(hub, connection, case, Act.COMPLETE, person, why)


def known_obstacles(hub: Hub, connection: sa.Connection, case: Case) -> list[Obstacle]:
    """What is missing as of the last look; no system is asked."""
    return _obstacles(hub, connection, case, ())


def _obstacles(hub: Hub, connection: sa.Connection, case: Case, unread: Sequence[str]) -> list[Obstacle]:
    items = hub.cases.items(connection, case.id)
    return obstacles(case, items, unread, unsettled(connection, case), hub.clock.now())


def unsettled(connection: sa.Connection, case: Case) -> int:
    """How many effects of a case have an outcome that nobody knows yet."""
    query = (
        sa.select(sa.func.count())
        .select_from(effects.join(runs, runs.c.id == effects.c.run_id))
        .where(effects.c.job == JOB, runs.c.requested_by == case.id, effects.c.state.in_(UNSETTLED_STATES))
    )
    return int(connection.execute(query).scalar_one())


def watch_over(hub: Hub, case_id: str) -> Case:
    """Look at a completed case again, and open it when access or ownership has drifted back."""
    refreshed = refresh(hub, case_id)
    if refreshed.case.state is not CaseState.COMPLETED:
        return refreshed.case
    with hub.database.write() as connection:
        case = locked(hub, connection, refreshed.case.id)
        items = hub.cases.items(connection, case.id, states=[ItemState.OPEN, ItemState.OFFERED, ItemState.STUCK])
        if case.state is not CaseState.COMPLETED or not items:
            return case
        returned = sum(item.code == RETURNED for item in items)
        why = f"drift: {len(items)} items are open again, {returned} of them had been closed"
        return step(hub, connection, case, Act.REOPEN, "baton", why)
