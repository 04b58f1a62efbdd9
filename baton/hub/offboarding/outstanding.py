"""Effects of a case that have not come to their end."""

from __future__ import annotations

import sqlalchemy as sa

from baton.hub.offboarding.intentions import JOB
from baton.model.case import Case
from baton.model.effect import OPEN_STATES
from baton.model.handover import HandoverAction
from baton.store.tables import effects, runs


def unfinished(connection: sa.Connection, case: Case) -> int:
    """How many effects of a case are still to happen, or have an outcome that nobody knows yet."""
    query = (
        sa.select(sa.func.count())
        .select_from(effects.join(runs, runs.c.id == effects.c.run_id))
        .where(
            effects.c.job == JOB,
            runs.c.requested_by == case.id,
            effects.c.state.in_(OPEN_STATES),
            effects.c.action != HandoverAction.NOTIFY.value,  # whether a reminder arrived keeps nobody from ending
        )
    )
    return int(connection.execute(query).scalar_one())
