"""A disk that is full: what cannot be recorded is not done, no file is short, and all goes on once there is room."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from baton.store.database import Database
from baton.store.staging import StorageFullError
from baton.store.tables import effects
from tests.crash import campaign as syncing
from tests.crash import driver as sync
from tests.crash.ledger import Ledger
from tests.payment import driver as pay
from tests.payment import verdict
from tests.payment.steps import AGAIN
from tests.rig.disks import make_room, small_disk
from tests.rig.killing import said
from tests.rig.processes import outcome_of, scratch_folder
from tests.rig.stores import on_disk, url_of
from tests.simulation.invariants import BrokenInvariantError

FULL = 4
"""Exit code of an attempt that has found no room, and has said so."""
_ENOUGH_KB = 65536


@dataclass
class Figures:
    """What a campaign came to."""

    sizes: int = 0
    """Disks of so many sizes were tried; 0 where this machine does not let us mount any."""
    ended: Counter[str] = field(default_factory=Counter)


def database(sizes_kb: Sequence[int]) -> Figures:
    """A sync whose database, and with it the audit log, has only so much room."""
    figures = Figures()
    for size_kb in sizes_kb:
        with said(f"a database on {size_kb} KB"), scratch_folder("full") as folder:
            on_disk(folder, folder / "disk")
            with small_disk(folder / "disk", _ENOUGH_KB) as mounted:
                if not mounted:
                    return Figures()
                sync.company(folder, 0, lambda _: None).open().close()
                _shrink(folder / "disk", size_kb)
                figures.ended[_ended(try_sync, folder)] += 1
                (folder / "disk" / "taken").unlink()
                _nothing_unrecorded(folder)
                _onwards(sync.drive, folder)
                syncing.check(folder)
        figures.sizes += 1
    return figures


def payments(sizes_kb: Sequence[int]) -> Figures:
    """A month's pay whose files have only so much room."""
    figures = Figures()
    for size_kb in sizes_kb:
        with said(f"payment files on {size_kb} KB"), scratch_folder("full") as folder:
            pay.prepare(folder)
            disk = folder / "state" / "payments"
            with small_disk(disk, size_kb) as mounted:
                if not mounted:
                    return Figures()
                figures.ended[_ended(try_pay, folder, AGAIN)] += 1
                _no_file_is_short(disk)
                make_room(disk)
                _onwards(pay.drive, folder, AGAIN)
                verdict.check(folder)
        figures.sizes += 1
    return figures


def try_sync(folder: Path, attempt: int) -> None:
    """One attempt, which says so where the database finds no room."""
    try:
        sync.drive(folder, attempt)
    except sa.exc.OperationalError as error:
        told = any(words in str(error.orig) for words in ("disk is full", "disk I/O error"))  # the file, and its index
        raise SystemExit(FULL if told else 1) from error


def try_pay(folder: Path, attempt: int, way: str) -> None:
    """One attempt, which says so where a file finds no room."""
    try:
        pay.drive(folder, attempt, way)
    except StorageFullError as error:
        raise SystemExit(FULL) from error


def _ended(drive: Callable[..., None], folder: Path, *task: str) -> str:
    code = outcome_of(drive, folder, 1, *task)
    if code not in (0, FULL):
        raise BrokenInvariantError(f"ended with {code}, neither through nor for want of room")
    return "through" if code == 0 else "no room"


def _onwards(drive: Callable[..., None], folder: Path, *task: str) -> None:
    """The same again, now that there is room."""
    (folder / "feeds_done").unlink(missing_ok=True)
    code = outcome_of(drive, folder, 2, *task)
    if code != 0:
        raise BrokenInvariantError(f"with room again it ends with {code}")


def _shrink(disk: Path, size_kb: int) -> None:
    """Leave so much room, and no more: the rest is taken by something else."""
    with (disk / "taken").open("wb") as file:
        file.write(
            b"\0" * (_ENOUGH_KB * 1024 - sum(path.stat().st_blocks for path in disk.iterdir()) * 512 - size_kb * 1024)
        )


def _nothing_unrecorded(folder: Path) -> None:
    """Whatever took effect in the target had been recorded as sent before."""
    known = Database(url_of(folder))
    with known.read() as connection:
        sent = set(connection.execute(sa.select(effects.c.key).where(effects.c.attempts > 0)).scalars())
    known.close()
    unrecorded = Ledger(folder / "truth.sqlite3").truth().keys.keys() - sent
    if unrecorded:
        raise BrokenInvariantError(f"{len(unrecorded)} writes took effect of which nothing had been recorded")


def _no_file_is_short(folder: Path) -> None:
    """A file under its final name begins with its own digest there; pieces are gone."""
    for path in folder.iterdir():
        if path.name.endswith(".part"):
            raise BrokenInvariantError("a piece of a payment file is left")
        if not path.name.startswith(hashlib.sha256(path.read_bytes()).hexdigest()[:16]):
            raise BrokenInvariantError(f"{path.name} is short")
