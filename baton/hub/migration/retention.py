"""Staged records are deleted in time: what is not there cannot leak. The run, its figures and its roots stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton.errors import BatonError
from baton.hub.core import PLANNING, Hub
from baton.store import passes
from baton.store.runs import RunState
from baton.store.staging import age_s
from baton.store.trail import Entry, append

RETENTION: Final = "retention"
"""Under which it is noted that somebody has looked."""
REPORTS: Final = "reports"
"""Folder in the state directory for the reports of dry runs, of which nothing else is kept."""
_REPORT_KEPT_S: Final = 30 * 24 * 3600.0
_ABANDONED_S: Final = 24 * 3600.0
_LISTED: Final = 20


def purge(hub: Hub) -> list[str]:
    """Delete the staged records of runs that have been kept long enough, what interrupted plans have left, old reports.

    Of runs that are kept, the files that newer ones have taken the place of.

    Returns the runs whose records are gone now. `BatonError` (``not_deleted``), after everything else is done, where
    files could not be deleted: every purge tries again until they are gone.
    """
    now = hub.clock.now()
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        expired = hub.moves.expired(connection, now)
        for run_id in expired:
            hub.moves.purged(connection, run_id, now)
            _close(hub, connection, run_id)
        append(connection, [Entry(kind="purge", at=now, body={"run": run_id}) for run_id in expired])
        kept, gone = hub.moves.kept(connection), hub.moves.gone(connection)
    stuck: list[str] = []
    for run_id in hub.staging.folders():
        with _told(stuck, run_id):
            if _is_left_over(hub, run_id, kept, gone):
                hub.staging.drop(run_id)
    for path in [*_replaced(hub, kept), *_old_reports(hub)]:
        with _told(stuck, str(path.relative_to(path.parents[1]))):
            path.unlink(missing_ok=True)
    if stuck:  # not noted: whoever watches that nothing is kept too long hears of it
        raise BatonError(
            f"staged records could not be deleted: {_listed(stuck)}",
            code="not_deleted",
            remedy=f"let the hub delete in {hub.state_dir}, or delete these folders and files, and nothing else",
        )
    with hub.database.write() as connection:
        passes.note(connection, RETENTION, now)
    return expired


def _close(hub: Hub, connection: sa.Connection, run_id: str) -> None:
    """A plan that gave way to a newer one says so from here on: it looked as if somebody could still go on with it.

    What was taken back had its end by the rollback, which is in the list as well.
    """
    run, move = hub.runs.get(connection, run_id), hub.moves.get(connection, run_id)
    if run is None or move is None or run.state not in (RunState.READY, RunState.HELD):
        return
    if not move.undoes and not hub.moves.undone_by(connection, run_id):
        hub.runs.change(connection, run_id, RunState.REPLACED, verdict=run.verdict)


@contextmanager
def _told(stuck: list[str], name: str) -> Iterator[None]:
    """What cannot be deleted inside goes into ``stuck``, by name and why: everything else is tried all the same."""
    try:
        yield
    except OSError as error:
        stuck.append(f"{name} ({error.strerror})")


def _listed(stuck: list[str]) -> str:
    more = [f"and {len(stuck) - _LISTED} more"] if len(stuck) > _LISTED else []
    return "; ".join([*stuck[:_LISTED], *more])


def _is_left_over(hub: Hub, run_id: str, kept: set[str], gone: set[str]) -> bool:
    """Folders of purged runs (just now, or by a purge that was interrupted), and of plans that were never saved.

    Of a run that the store does not know only once it is a day old: what is being planned right now is younger.
    """
    return run_id in gone or (run_id not in kept and hub.staging.age_s(run_id) > _ABANDONED_S)


def _replaced(hub: Hub, kept: set[str]) -> list[Path]:
    with hub.database.read() as connection:
        return [path for run_id in sorted(kept) for path in hub.staging.replaced(connection, run_id, _ABANDONED_S)]


def _old_reports(hub: Hub) -> list[Path]:
    reports = sorted((hub.state_dir / REPORTS).glob("*"))
    return [path for path in reports if path.is_file() and age_s(path) > _REPORT_KEPT_S]
