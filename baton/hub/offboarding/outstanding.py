"""Effects of a case that have not come to their end."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from baton.hub.offboarding.intentions import JOB
from baton.model.case import Case
from baton.model.effect import OPEN_STATES
from baton.model.handover import HandoverAction
from baton.store.effects import chunked
from baton.store.tables import effects, runs


def unfinished(connection: sa.Connection, case: Case) -> int:
    """How many effects of a case are still to happen, or have an outcome that nobody knows yet."""
    return unfinished_in(connection, [case.id]).get(case.id, 0)


def unfinished_in(connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, int]:
    """The same for several cases, by id; those that have none are left out."""
    query = (
        sa.select(runs.c.requested_by, sa.func.count())
        .select_from(effects.join(runs, runs.c.id == effects.c.run_id))
        .where(
            effects.c.job == JOB,
            effects.c.state.in_(OPEN_STATES),
            effects.c.action != HandoverAction.NOTIFY.value,  # whether a reminder arrived keeps nobody from ending
        )
        .group_by(runs.c.requested_by)
    )
    found: dict[str, int] = {}
    for chunk in chunked(case_ids):
        found.update((row[0], row[1]) for row in connection.execute(query.where(runs.c.requested_by.in_(chunk))))
    return found
