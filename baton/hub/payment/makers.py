"""Who made a run: whoever drafted it, and whoever drafted what it pays again. None of them decides anything in it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.model.pay_run import PayRun
from baton.store.runs import Run

AGAIN: Final = "again"
"""The fact of a run that names the one whose failed lines it pays again."""


def makers(hub: Hub, connection: sa.Connection, run: PayRun, head: Run) -> frozenset[str]:
    """The names of all who made a run, as they were typed.

    What is paid again has the amounts of the run beneath it, and those are its maker's (of a settlement: whoever has
    prepared it), whoever drafts the next attempt.
    """
    found = {head.requested_by}
    while named := run.facts.get(AGAIN):
        beneath, beneath_head = hub.pay_runs.get(connection, str(named)), hub.runs.get(connection, str(named))
        assert beneath is not None, "no run is ever deleted"
        assert beneath_head is not None, "no run is ever deleted"
        found.add(beneath_head.requested_by)
        run = beneath
    return frozenset(found)
