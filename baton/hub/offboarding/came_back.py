"""Whose leaver works here again: by all that HR has said since a case was opened, not by what it calls them today.

Who was hired again is called *rehired* for a while, and then *active* as anybody else: they are back all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import sqlalchemy as sa

from baton.hub.core import SYNC_JOB, Hub
from baton.model.case import Case, Cause
from baton.model.people import EmploymentStatus
from baton.store.held_back import Word, words

AGAIN: Final = (EmploymentStatus.REHIRED, EmploymentStatus.PENDING_HIRE)
"""Who has left, and works here again or is about to."""


def stays(status: EmploymentStatus) -> bool:
    """Whether HR says of somebody that they work here and do not leave."""
    return status.employed and status is not EmploymentStatus.NOTICE


def came_back(hub: Hub, connection: sa.Connection, cases: Sequence[Case], waiting: Collection[str]) -> set[str]:
    """The ids of those of these cases whose leaver came back after they were opened, and has not left once more.

    ``waiting``: the numbers of whom nobody has let go what HR says last (`undecided`); that ends nothing yet. A
    statement for a portion of people.
    """
    told = words(connection, SYNC_JOB, list(hub.settings.systems), sorted({case.number for case in cases}))
    return {case.id for case in cases if _is_back(case, told.get(case.number, ()), waits=case.number in waiting)}


def _is_back(case: Case, told: Sequence[Word], *, waits: bool) -> bool:
    """Whether what HR has said of somebody, the oldest first, ends with their being back.

    Of who has not resigned HR may go on to say that they work here until it enters that they do not: only what follows
    a departure, or says for the first time that they are hired again, brings those back.
    """
    left = back = False
    before: EmploymentStatus | None = None
    for word in told:
        departed = word.status is EmploymentStatus.DEPARTED
        if departed and not word.let_go:
            continue  # nobody has left by it
        hired = word.status in AGAIN and word.status is not before
        if departed:
            left, back = True, back and waits
        elif word.recorded_at <= case.opened_at:
            left = left and not stays(word.status)
        else:
            back |= hired or (stays(word.status) and (left or case.cause is Cause.RESIGNATION))
        before = word.status
    return back
