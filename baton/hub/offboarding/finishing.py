"""Which open cases have come to their end, as far as the last look shows: asked of those that wait for nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.outstanding import unfinished_in
from baton.jobs.offboarding.completion import obstacles
from baton.model.case import Case, ItemState

_MAY_BE_MISSING: Final = (ItemState.MOVING, ItemState.LEFT)
"""Where an item stands that waits for nobody and may keep a case from being completed all the same."""


def finished_since(hub: Hub, connection: sa.Connection, idle: Sequence[Case]) -> dict[str, datetime]:
    """By id, those of these cases that could be completed, and since when; others are left out.

    ``idle`` are open, every system could be read just now, and no item of theirs is where somebody has to do something.
    No statement is made where there are none.
    """
    if not idle:
        return {}
    ids, now = [case.id for case in idle], hub.clock.now()
    items = dict(hub.caseload.lists(connection, ids, _MAY_BE_MISSING))
    under_way = unfinished_in(connection, ids)
    changed = hub.caseload.changed(connection, ids)
    return {
        case.id: max(case.opened_at, case.dates.last_working_at or case.opened_at, changed.get(case.id, case.opened_at))
        for case in idle
        if not obstacles(case, items.get(case.id, ()), (), under_way.get(case.id, 0), now)
    }
