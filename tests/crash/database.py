"""PostgreSQL killed under load, again and again: nothing it has acknowledged is lost, and the work resumes by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import sqlalchemy as sa

from baton.clock import SystemClock
from baton.store.database import Database
from baton.store.tables import audit
from baton.store.trail import Entry, append
from tests.crash.campaign import check
from tests.crash.driver import DOWN, feeds_done, keep_on, once_more
from tests.rig.processes import CONTEXT, TOO_LONG_S, outcome_of
from tests.rig.stores import OnPostgres, begun, url_of
from tests.servers.postgres import Cluster, mortal_postgres
from tests.simulation.invariants import BrokenInvariantError

_KIND = "witness"


@dataclass
class Figures:
    """What a campaign came to."""

    kills: int = 0
    restarts: int = 0
    """Of the schedule's process, after it had lost the database."""
    feeds: int = 0
    effects: int = 0
    acknowledged: int = 0
    seconds: float = 0.0


def campaign(seconds: float, every_s: float) -> Figures:
    """Feeds are carried out, and somebody else writes as well; the server dies every so often. `NoServerError` without one."""
    began = time.perf_counter()
    figures = Figures()
    with mortal_postgres() as cluster, begun(OnPostgres(cluster.server), "database") as folder:
        with _witness(folder), _killing(cluster, folder, seconds, every_s, figures):
            while not (folder / "stop").exists():
                _one_attempt(folder, figures)
        figures.feeds = feeds_done(folder)
        for _ in range(2):  # what was on its way when the server died for the last time is due in an hour
            figures.restarts += 1
            code = outcome_of(once_more, folder, figures.restarts)
            if code != 0:
                raise BrokenInvariantError(f"with the database back, the schedule ends with {code}")
        figures.effects = check(folder, figures.feeds)
        figures.acknowledged = _all_kept(folder)
    figures.seconds = time.perf_counter() - began
    return figures


def _one_attempt(folder: Path, figures: Figures) -> None:
    code = outcome_of(keep_on, folder, figures.restarts)
    if code not in (0, DOWN):
        raise BrokenInvariantError(f"the schedule ended with {code}")
    figures.restarts += 1
    time.sleep(0.1)


@contextmanager
def _killing(cluster: Cluster, folder: Path, seconds: float, every_s: float, figures: Figures) -> Iterator[None]:
    failed: list[Exception] = []

    def work() -> None:
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                time.sleep(every_s)
                cluster.kill()
                figures.kills += 1
                cluster.start()
        except Exception as error:
            failed.append(error)
        finally:
            (folder / "stop").touch()

    killer = threading.Thread(target=work, name="killer")
    killer.start()
    try:
        yield
    finally:
        killer.join()
    if failed:
        raise failed[0]


@contextmanager
def _witness(folder: Path) -> Iterator[None]:
    process = CONTEXT.Process(target=write_and_note, args=(folder,))
    process.start()
    try:
        yield
    finally:
        process.join(TOO_LONG_S)
        process.kill()


def write_and_note(folder: Path) -> None:
    """Write one audit entry after the other, and note each outside the database once it has been acknowledged."""
    database, number = Database(url_of(folder)), 0
    with (folder / "acknowledged").open("a", encoding="ascii") as notes:
        while not (folder / "stop").exists():
            number += 1
            try:
                with database.write() as connection:
                    append(connection, [Entry(kind=_KIND, at=SystemClock().now(), body={"number": number})])
            except sa.exc.DBAPIError:
                time.sleep(0.05)  # whether it is there is unknown: it is not noted
            else:
                notes.write(f"{number}\n")
                notes.flush()
            time.sleep(0.005)
    database.close()


def _all_kept(folder: Path) -> int:
    """Everything that was acknowledged is there. Returns how much that is."""
    noted = {int(line) for line in (folder / "acknowledged").read_text("ascii").splitlines()}
    database = Database(url_of(folder))
    with database.read() as connection:
        query = sa.select(audit.entries.c.body).where(audit.entries.c.kind == _KIND)
        kept = {orjson.loads(body)["number"] for body in connection.execute(query).scalars()}
    database.close()
    if noted - kept:
        raise BrokenInvariantError(f"{len(noted - kept)} of {len(noted)} acknowledged writes are lost")
    return len(noted)
