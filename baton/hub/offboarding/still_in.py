"""Whose last day is over in an open case and whose account stands: nobody has let go HR's word that would close it.

A case takes rights and sessions, and leaves accounts to the sync, which waits for a person there (`undecided`). Only an
emergency closes them without HR's word, once no held run has them in it: after a release, and after a rejection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from baton.hub.core import SYNC_JOB, Hub
from baton.hub.offboarding.undecided import PROTECTED, REJECTED, undecided
from baton.model.case import Case, CaseState
from baton.store.held_back import held_by

_STANDS: Final = (
    "the last working moment of {number} is over, and the account in {systems} stands: HR's word {why}; "
    "have it closed with: baton offboard open {number} --cause emergency"
)
_HELD: Final = (
    "{number} must be out, and the account in {systems} stands: its closing is held with others by {run}; "
    "it is closed after baton release {run}, and by the next sync after baton reject {run}"
)


def accounts_that_stand(hub: Hub, known: Sequence[Case]) -> dict[str, str]:
    """Case ("case-… account") -> where its leaver can still log in, why, and what to do.

    Who is on ``hub.protected`` is none of them: their account stands since a person wants it to. A few statements for
    all, none where no last day is over.
    """
    now = hub.clock.now()
    over = [
        case
        for case in known
        if case.state is CaseState.OPEN and case.dates.last_working_at is not None and case.dates.last_working_at <= now
    ]
    if not over:
        return {}
    with hub.database.read() as connection:
        held = held_by(connection, SYNC_JOB)
        waiting = undecided(hub, connection, [case.number for case in over])
        waiting = {number: run_id for number, run_id in waiting.items() if run_id != PROTECTED}
        urgent = hub.barred(connection).intersection(case.number for case in over if case.number in held)
        waiting |= {number: held[number] for number in urgent}
        systems = [system.name for system in hub.targets()]
        enabled = hub.links.enabled(connection, systems, sorted(waiting))
    return {
        f"{case.id} account": _told(
            case.number, enabled[case.number], waiting[case.number], urgent=case.number in urgent
        )
        for case in over
        if case.number in enabled
    }


def _told(number: str, systems: Sequence[str], run_id: str, *, urgent: bool) -> str:
    where = ", ".join(systems)
    if urgent:
        return _HELD.format(number=number, systems=where, run=run_id)
    why = "was rejected" if run_id == REJECTED else f"is held by {run_id}"
    return _STANDS.format(number=number, systems=where, why=why)
