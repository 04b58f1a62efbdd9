"""Handovers of people who were erased: they are over, nothing of them comes back, and no message names their leaver."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.casework import UNFINISHED, call_back, locked, step
from baton.model.case import Act, Case, CaseState

_BY: Final = "baton"
_WHY: Final = "the leaver was erased"


def end_handovers(hub: Hub, connection: sa.Connection, number: str, before: datetime) -> None:
    """End what is under way of somebody's handovers, or still watched, of those opened up to a moment.

    One that is not finished can only come from a backup: nobody is erased before. It is retracted, since nobody has
    completed it; what has gone its way stays there (`CaseStore.to_be_taken_back`), as nobody is left to have it back.
    """
    now = hub.clock.now()
    for known in hub.cases.of_person(connection, number):
        if known.opened_at > before:
            continue
        case = locked(hub, connection, known.id)
        if case.state in UNFINISHED:
            call_back(hub, connection, step(hub, connection, case, Act.RETRACT, _BY, _WHY))
        elif case.state is CaseState.COMPLETED and (case.protected_until is None or case.protected_until > now):
            hub.cases.change(connection, case, case.state, protected_until=now)


def for_a_message(hub: Hub, connection: sa.Connection, case: Case) -> Case:
    """A case as a message may tell of it: its leaver by number alone, where they were erased."""
    return replace(case, name="") if hub.erasures.of_erased(connection, [case.id]) else case
