"""Who made a run: whoever drafted it, and whoever drafted what it pays again. None of them decides anything in it."""

from __future__ import annotations

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.beneath import down_from
from baton.model.pay_run import PayRun
from baton.store.runs import Run


def makers(hub: Hub, connection: sa.Connection, run: PayRun, head: Run) -> frozenset[str]:
    """The names of all who made a run, as they were typed.

    What is paid again has the amounts of the run beneath it, and those are its maker's (of a settlement: whoever has
    prepared it), whoever drafts the next attempt.
    """
    found: set[str] = set()
    for each in down_from(hub, connection, run):
        its = head if each is run else hub.runs.get(connection, each.run_id)
        assert its is not None, "no run is ever deleted"
        found.add(its.requested_by)
    return frozenset(found)
