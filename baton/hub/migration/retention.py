"""Staged records are deleted in time: what is not there cannot leak. The run, its figures and its roots stay."""

from __future__ import annotations

from typing import Final

from baton.hub.core import Hub
from baton.store.trail import Entry, append

_ABANDONED_S: Final = 24 * 3600.0


def purge(hub: Hub) -> list[str]:
    """Delete the staged records of every run that has been kept long enough, and what interrupted plans have left.

    Returns the runs whose records are gone now.
    """
    now = hub.clock.now()
    with hub.database.write() as connection:
        expired = hub.moves.expired(connection, now)
        for run_id in expired:
            hub.moves.purged(connection, run_id, now)
        append(connection, [Entry(kind="purge", at=now, body={"run": run_id}) for run_id in expired])
        known = hub.moves.known(connection)
    for run_id in expired:
        hub.staging.drop(run_id)
    _drop_strays(hub, known)
    return expired


def _drop_strays(hub: Hub, known: set[str]) -> None:
    """Folders of plans that were never saved. One that is being planned right now is younger than a day."""
    for run_id in hub.staging.folders():
        if run_id not in known and hub.staging.age_s(run_id) > _ABANDONED_S:
            hub.staging.drop(run_id)
