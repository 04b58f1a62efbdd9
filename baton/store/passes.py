"""When a job of the schedule last went by, for those that keep no run where they found nothing to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from baton.store.alarm_tables import passes
from baton.store.upserts import insert_into

COUNTED_FROM: Final = ("", "")
"""The place of the moment from which passes are noted, in a store that had been at work before: the upgrade."""


def note(connection: sa.Connection, job: str, at: datetime, *, about: str = "") -> None:
    """A job went by (for one system, where it is named). An older pass than the one that is known changes nothing."""
    insert = insert_into(connection, passes).values(job=job, about=about, at=at)
    newer = insert.on_conflict_do_update(
        index_elements=[passes.c.job, passes.c.about], set_={"at": insert.excluded.at}, where=passes.c.at < at
    )
    connection.execute(newer)


def noted(connection: sa.Connection) -> Mapping[tuple[str, str], datetime]:
    """(job, system or empty) -> its last pass."""
    return {(row.job, row.about): row.at for row in connection.execute(sa.select(passes))}
