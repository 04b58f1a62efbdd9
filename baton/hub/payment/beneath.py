"""The runs beneath one: what it pays again, what that paid again, and so on down to the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.model.pay_run import PayRun

AGAIN: Final = "again"
"""The fact of a run that names the one whose failed lines it pays again."""


def down_from(hub: Hub, connection: sa.Connection, run: PayRun) -> Iterator[PayRun]:
    """A run, the one whose failed lines it pays again, and so on: what was true of one of them is true of those above.

    The amounts, above all, are those of the first, and of whoever made it.
    """
    yield run
    while named := run.facts.get(AGAIN):
        beneath = hub.pay_runs.get(connection, str(named))
        assert beneath is not None, "no run is ever deleted"
        run = beneath
        yield run
