"""What goes wrong around a migration: targets that lie, sources that change, disks that fill, files that are lost."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import polars as pl

from baton.contracts import Feed
from baton.engine.settle import Verdict
from baton.errors import FeedRefusedError, GuardBreach
from baton.hub import Hub
from baton.hub.migration.findings import differences
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.running import Migrated, carry_on
from baton.jobs.migration.waves import WavePlan
from baton.model.source_rows import SourcePage
from baton.store import staging
from baton.store.staging import StorageFullError
from tests.migration.pieces import small_pieces
from tests.rig.disks import make_room, small_disk
from tests.rig.records import Archive, OldSystem, Shelf, old_row
from tests.simulation.invariants import BrokenInvariantError

AT_ONCE = WavePlan(first=0, share=0)
FIRST_ROW = 2


def archive(folder: Path, rows: int) -> Archive:
    """A full old system, an empty new one."""
    made = Archive(folder, f"sqlite:///{folder}/hub.sqlite3")
    made.rows = [old_row(number) for number in range(1, rows + 1)]
    return made


def lying(folder: Path, rows: int, seed: int) -> int:
    """A target that answers yes and drops some records and trims others: exactly those are found. Returns how many."""
    chance = random.Random(seed)
    made = archive(folder, rows)
    hit = chance.sample(range(1, rows + 1), rows // 50)
    dropped = {f"{number:05d}" for number in hit[::2]}
    for number in hit[1::2]:
        made.rows[number - 1]["备注"] = chance.choice((" padded", "padded ", "padded\u3000"))

    def lie(shelf: Shelf, _action: str, written: pl.DataFrame) -> None:
        for code in written["code"].to_list():
            note = shelf.rows[code]["note"]
            shelf.rows[code]["note"] = note.strip() if note else note
            if code in dropped:
                del shelf.rows[code]

    made.shelf.after_write = lie
    with made.open() as hub:
        plan = plan_migration(hub, made.request(waves=AT_ONCE))
        done = carry_on(hub, plan.run.id)
        found = differences(hub, plan.run.id).select("row", "column", "cause").rows()
    trimmed = {f"{number:05d}" for number in hit[1::2]}
    expected = [(int(code) - 1 + FIRST_ROW, "", "missing") for code in dropped]
    expected += [(int(code) - 1 + FIRST_ROW, "note", "padding") for code in trimmed]
    if sorted(found) != sorted(expected) or done.verdict is not Verdict.INCOMPLETE:
        raise BrokenInvariantError(f"seed {seed}: {len(found)} of {len(expected)} found, the run is {done.verdict}")
    return len(expected)


class Changing(OldSystem):
    """Is written to while it is read, and says so at the end of a page, as every source must."""

    def records(self, collection: str) -> Feed:
        feed = super().records(collection)
        return Feed(feed.origin, self._until_changed(feed.pages))

    def _until_changed(self, pages: Iterator[SourcePage]) -> Iterator[SourcePage]:
        yield next(pages)
        raise FeedRefusedError([GuardBreach("source_changed", "was written to while it was read")], feed_digest="")


class Widening(OldSystem):
    """Gets another column while it is read."""

    def records(self, collection: str) -> Feed:
        feed = super().records(collection)
        return Feed(feed.origin, self._wider(feed.pages))

    def _wider(self, pages: Iterator[SourcePage]) -> Iterator[SourcePage]:
        yield next(pages)
        for page in pages:
            yield SourcePage(page.rows.with_columns(pl.lit("new").alias("新列")), first_row=page.first_row)


def changing(folder: Path, rows: int, kind: type[OldSystem]) -> int:
    """A source that changes while it is read gives no plan and leaves nothing behind; read again at rest, it does.

    How many records have arrived then.
    """
    made = archive(folder, rows)
    made.source = kind
    with small_pieces(page_rows=500, segment_rows=500), made.open() as hub:
        try:
            plan_migration(hub, made.request())
        except FeedRefusedError:
            pass
        else:
            raise BrokenInvariantError("a source that changed was planned from")
        if list(hub.staging.folders()) or made.shelf.rows:
            raise BrokenInvariantError("something is left of a plan that was refused")
    made.source = OldSystem
    finish(made)
    return len(made.shelf.rows)


def finish(made: Archive, run_id: str = "") -> Migrated:
    """Migrate (or resume) to the end; every record must be there once, the verdict clean."""
    with made.open() as hub:
        done = carry_on(hub, run_id or plan_migration(hub, made.request()).run.id)
    if done.verdict is not Verdict.CLEAN or len(made.shelf.rows) != len(made.rows):
        raise BrokenInvariantError(f"{len(made.shelf.rows)} of {len(made.rows)} records are there: {done.reasons}")
    inserted = sum(size for action, size in made.shelf.calls if action == "insert")
    if inserted != len(made.rows):
        raise BrokenInvariantError(f"{inserted} records were sent to be inserted, there are {len(made.rows)}")
    return done


@contextmanager
def full_after(writes: int) -> Iterator[list[int]]:
    """A disk with room for so many more flushes of staged files; gives how many there were."""
    honest, seen = os.fsync, [0]

    def fsync(descriptor: int) -> None:
        seen[0] += 1
        if seen[0] > writes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        honest(descriptor)

    with patch.object(staging.os, "fsync", fsync):
        yield seen


def full(folder: Path, rows: int, tries: int) -> int:
    """The disk fills at one flush after the other, several times over at each; returns at how many."""
    made = archive(folder, rows)
    with full_after(10**9) as flushes:
        finish(made)
    for writes in range(0, flushes[0], 1 + flushes[0] // tries):
        made = archive(folder / f"{writes}", rows)
        made.folder.mkdir()
        _one_full_disk(made, writes)
    return len(range(0, flushes[0], 1 + flushes[0] // tries))


def _one_full_disk(made: Archive, writes: int) -> None:
    with full_after(writes):
        run_id = _until_full(made)
    finish(made, run_id)


def _until_full(made: Archive) -> str:
    """Try four times, as a person well may who has not made room; the run, if it was planned."""
    run_id = ""
    with made.open() as hub:
        for _ in range(4):
            run_id = _tried(hub, made, run_id)
    if list(made.folder.rglob("*.part")):
        raise BrokenInvariantError("a half-written file is left")
    return run_id


def _tried(hub: Hub, made: Archive, run_id: str) -> str:
    try:
        run_id = run_id or plan_migration(hub, made.request()).run.id
    except StorageFullError:
        if list(hub.staging.folders()):
            raise BrokenInvariantError("files are left of a plan that there was no room for") from None
        return ""
    try:
        done = carry_on(hub, run_id)
    except StorageFullError:
        return run_id
    if not any("no room" in reason for reason in done.reasons):
        raise BrokenInvariantError(f"nobody says that the disk is full: {done.verdict}, {done.reasons}")
    return run_id


def really_full(folder: Path, rows: int, shares: Sequence[float] = (0.3, 0.6, 0.9)) -> int:
    """The same on real file systems that are too small: how many; 0 where this machine does not let us try."""
    made = archive(folder, rows)
    finish(made)
    needed_kb = sum(-(-path.stat().st_size // 4096) * 4 for path in folder.glob("state/migrations/*/*"))
    for share in shares:
        made = archive(folder / f"{share}", rows)
        made.folder.mkdir()
        with small_disk(made.folder / "state" / "migrations", int(needed_kb * share)) as mounted:
            if not mounted:
                return 0
            run_id = _until_full(made)
            make_room(made.folder / "state" / "migrations")
            finish(made, run_id)
    return len(shares)
