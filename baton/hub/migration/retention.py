"""Staged records are deleted in time: what is not there cannot leak. The run, its figures and its roots stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from baton.errors import BatonError
from baton.hub.core import Hub
from baton.store import passes
from baton.store.staging import age_s
from baton.store.trail import Entry, append

RETENTION: Final = "retention"
"""Under which it is noted that somebody has looked."""
REPORTS: Final = "reports"
"""Folder in the state directory for the reports of dry runs, of which nothing else is kept."""
_REPORT_KEPT_S: Final = 30 * 24 * 3600.0
_ABANDONED_S: Final = 24 * 3600.0


def purge(hub: Hub) -> list[str]:
    """Delete the staged records of runs that have been kept long enough, what interrupted plans have left, old reports.

    Of runs that are kept, the files that newer ones have taken the place of.

    Returns the runs whose records are gone now. `BatonError` (``not_deleted``), after everything else is done, where
    files could not be deleted: every purge tries again until they are gone.
    """
    now = hub.clock.now()
    with hub.database.write() as connection:
        expired = hub.moves.expired(connection, now)
        for run_id in expired:
            hub.moves.purged(connection, run_id, now)
        append(connection, [Entry(kind="purge", at=now, body={"run": run_id}) for run_id in expired])
        kept, gone = hub.moves.kept(connection), hub.moves.gone(connection)
    stuck = _drop_all(hub, _strays(hub, kept, gone))
    with hub.database.read() as connection:
        for run_id in sorted(kept):
            hub.staging.drop_replaced(connection, run_id, _ABANDONED_S)
    _drop_old_reports(hub)
    if stuck:  # not noted: whoever watches that nothing is kept too long hears of it
        raise BatonError(
            f"staged records could not be deleted: {'; '.join(stuck)}",
            code="not_deleted",
            remedy=f"let the hub delete in {hub.staging.folder}, or delete these folders by hand",
        )
    with hub.database.write() as connection:
        passes.note(connection, RETENTION, now)
    return expired


def _drop_all(hub: Hub, run_ids: Iterable[str]) -> list[str]:
    """Delete the files of these runs; of those of which some stay, the name and why."""
    stuck = []
    for run_id in run_ids:
        try:
            hub.staging.drop(run_id)
        except OSError as error:
            stuck.append(f"{run_id} ({error.strerror})")
    return stuck


def _strays(hub: Hub, kept: set[str], gone: set[str]) -> Iterator[str]:
    """Folders of purged runs (just now, or by a purge that was interrupted), and of plans that were never saved.

    Of a run that the store does not know only once it is a day old: what is being planned right now is younger.
    """
    for run_id in hub.staging.folders():
        if run_id in gone or (run_id not in kept and hub.staging.age_s(run_id) > _ABANDONED_S):
            yield run_id


def _drop_old_reports(hub: Hub) -> None:
    for path in (hub.state_dir / REPORTS).glob("*"):
        if age_s(path) > _REPORT_KEPT_S:
            path.unlink(missing_ok=True)
