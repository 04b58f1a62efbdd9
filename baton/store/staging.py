"""Staged records: what a migration has read, planned, done and read back, as sealed files with one row each.

A file is a frame (Arrow, compressed), sealed to its place in the run like a personal column. It is complete before its
row exists, and its name carries its digest: a worker that comes back late writes another file, and changes nothing.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import orjson
import sqlalchemy as sa

from baton.clock import Clock
from baton.errors import BatonError, TamperedError
from baton.store.personal import Keyring
from baton.store.tables import staged
from baton.store.upserts import insert_into

if TYPE_CHECKING:
    import polars as pl

_VERSION: Final = 1
_NAME_DIGITS: Final = 16
TOTALS: Final = "totals"
"""The one of a row's facts that is sealed (`Staging.seal_facts`): a total over one record is that person's."""
_BEHIND: Final = 2
"""So many frames may wait to be written: each is in memory."""


class Stage(StrEnum):
    """What a staged frame holds."""

    SOURCE = "source"
    """Rows as read, text only, page by page."""
    UNREADABLE = "unreadable"
    """Rows that the reader could not take, with the reason."""
    QUARANTINE = "quarantine"
    """Which rows of a page cannot be used, cell by cell, with the reason."""
    PLAN = "plan"
    """Records as they shall be, segment by segment, with the action each needs."""
    BEFORE = "before"
    """Those records of a segment that exist, as they were when it was planned."""
    OUTCOME = "outcome"
    """What became of the records of a segment that were not simply written."""
    RESULT = "result"
    """The digests of the records of a segment as read back."""
    FOUND = "found"
    """Those records of a segment that were read back otherwise than planned, as they are."""
    DIFFERENCES = "differences"
    """The cells of a segment that were read back otherwise than planned, values masked."""


class StorageFullError(BatonError):
    """There is no room for staged records. Nothing half-written was left."""

    code = "storage_full"


@dataclass(frozen=True, slots=True)
class Staged:
    """One staged frame: its place, how many rows it has, and the root over their digests (empty where it has none)."""

    run_id: str
    stage: Stage
    number: int
    row_count: int
    file_digest: bytes
    root: bytes = b""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Figures for people and for the next step; never a value of a record."""


class Staging:
    """Writes and reads staged frames under one folder."""

    def __init__(self, folder: Path, keyring: Keyring, clock: Clock) -> None:
        self.folder = folder
        self.keyring = keyring
        self.clock = clock

    def write(
        self,
        place: tuple[str, Stage, int],
        frame: pl.DataFrame,
        *,
        root: bytes = b"",
        facts: Mapping[str, Any] | None = None,
    ) -> Staged:
        """Put a frame on disk; it counts once `keep` has stored its row. `StorageFullError` when there is no room."""
        run_id, stage, number = place
        buffer = io.BytesIO()
        frame.write_ipc(buffer, compression="lz4")
        sealed = self._sealed(place, buffer.getvalue())
        digest = hashlib.sha256(sealed).digest()
        path = self._path(run_id, stage, number, digest)
        write_whole(path, sealed, again=f"baton migrate resume {run_id}, or run it again")
        return Staged(run_id, stage, number, frame.height, digest, root, facts or {})

    def seal_facts(self, place: tuple[str, Stage, int], facts: Mapping[str, Any]) -> str:
        """Figures that may be one person's (a total over one record), for `Staged.facts`."""
        data = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)
        return self.keyring.seal(data, table="staged", row=_row(*place), column="facts", version=_VERSION).hex()

    def open_facts(self, record: Staged, name: str) -> Any:
        """The inverse of `seal_facts`, for the fact of that name."""
        sealed = bytes.fromhex(record.facts[name])
        row = _row(record.run_id, record.stage, record.number)
        return orjson.loads(self.keyring.open(sealed, table="staged", row=row, column="facts", version=_VERSION))

    def read(self, record: Staged, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The frame of a row. `TamperedError` when the file is gone, changed, or another one."""
        import polars as pl

        plain = self._opened(record)
        return pl.read_ipc(io.BytesIO(plain), columns=list(columns) if columns is not None else None)

    def keep(self, connection: sa.Connection, records: Sequence[Staged]) -> None:
        """Store the rows of written frames; one that is there already is replaced (its file stays until the purge)."""
        now = self.clock.now()
        for record in records:
            values = {
                "row_count": record.row_count,
                "file_digest": record.file_digest,
                "root": record.root,
                "facts": dict(record.facts),
                "created_at": now,
            }
            place = {"run_id": record.run_id, "stage": record.stage.value, "number": record.number}
            statement = insert_into(connection, staged).values(**place, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=list(place), set_=values))

    def of(self, connection: sa.Connection, run_id: str, stage: Stage) -> dict[int, Staged]:
        """The rows of one stage of a run, by number, in order."""
        query = sa.select(staged).where(staged.c.run_id == run_id, staged.c.stage == stage.value)
        return {row.number: _record(row) for row in connection.execute(query.order_by(staged.c.number))}

    def one(self, connection: sa.Connection, run_id: str, stage: Stage, number: int) -> Staged | None:
        """One row, or None."""
        query = sa.select(staged).where(
            staged.c.run_id == run_id, staged.c.stage == stage.value, staged.c.number == number
        )
        row = connection.execute(query).first()
        return None if row is None else _record(row)

    def outdated(self, connection: sa.Connection) -> list[Staged]:
        """The rows whose file or figures are not sealed with the active key."""
        return [record for row in connection.execute(sa.select(staged)) if self._old(record := _record(row))]

    def _old(self, record: Staged) -> bool:
        sealed = [bytes.fromhex(record.facts[TOTALS])] if TOTALS in record.facts else []
        try:
            with self._file(record).open("rb") as file:
                sealed.append(file.read(Keyring.MARK_BYTES))
        except FileNotFoundError:
            pass  # there is nothing to seal; who reads it is told
        return any(not each.startswith(self.keyring.mark) for each in sealed)

    def seal_again(self, record: Staged) -> Staged:
        """Another file of the same frame, and its figures, sealed with the active key; counts once `exchange` has.

        The former file stays: whoever has read the former row still comes for it, and so does a backup whose copy of
        the database is older. It is told of by `replaced`, for which its age counts from now.
        """
        place, path = (record.run_id, record.stage, record.number), self._file(record)
        facts = dict(record.facts)
        if TOTALS in facts:
            facts[TOTALS] = self.seal_facts(place, self.open_facts(record, TOTALS))
        if not path.exists():
            return replace(record, facts=facts)
        sealed = self._sealed(place, self._opened(record))
        digest = hashlib.sha256(sealed).digest()
        write_whole(self._path(*place, digest), sealed, again="baton keys rotate")
        os.utime(path)
        return replace(record, facts=facts, file_digest=digest)

    def exchange(self, connection: sa.Connection, former: Staged, renewed: Staged) -> bool:
        """Let the row speak of the file of `seal_again`; False where it was replaced or deleted meanwhile."""
        row = sa.and_(
            staged.c.run_id == former.run_id,
            staged.c.stage == former.stage.value,
            staged.c.number == former.number,
            staged.c.file_digest == former.file_digest,
        )
        values = {"file_digest": renewed.file_digest, "facts": dict(renewed.facts)}
        return connection.execute(sa.update(staged).where(row).values(**values)).rowcount == 1

    def replaced(self, connection: sa.Connection, run_id: str, after_s: float) -> list[Path]:
        """The files of a run of which no row speaks, once they are so old that nobody comes for them: to be deleted."""
        there = [path for path in (self.folder / run_id).glob("*.sealed") if age_s(path) > after_s]
        rows = connection.execute(sa.select(staged).where(staged.c.run_id == run_id)) if there else ()
        named = {self._file(_record(row)) for row in rows}
        return [path for path in there if path not in named]

    def discard(self, record: Staged) -> None:
        """Delete a file whose row was never kept: other files have taken its place."""
        self._file(record).unlink()

    def drop(self, run_id: str) -> None:
        """Delete all files of a run. `OSError` where one of them cannot be; all others are gone then."""
        folder = self.folder / run_id
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():  # once more, to hear why
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)

    def folders(self) -> Iterator[str]:
        """The runs that have files here."""
        if self.folder.is_dir():
            yield from sorted(path.name for path in self.folder.iterdir() if path.is_dir())

    def age_s(self, run_id: str) -> float:
        """How long ago something was last written for a run, by the file system's clock."""
        folder = self.folder / run_id
        try:
            return min(map(age_s, (folder, *folder.iterdir())))
        except FileNotFoundError:  # dropped just now
            return 0.0

    def _sealed(self, place: tuple[str, Stage, int], plain: bytes) -> bytes:
        return self.keyring.seal(plain, table="staged", row=_row(*place), column="file", version=_VERSION)

    def _opened(self, record: Staged) -> bytes:
        try:
            sealed = self._file(record).read_bytes()
        except FileNotFoundError:
            raise _unreadable(
                record, "is gone", "restore it from a backup; after the retention time it is deleted"
            ) from None
        if hashlib.sha256(sealed).digest() != record.file_digest:
            raise _unreadable(record, "was changed", "compare with a backup")
        place = record.run_id, record.stage, record.number
        return self.keyring.open(sealed, table="staged", row=_row(*place), column="file", version=_VERSION)

    def _file(self, record: Staged) -> Path:
        return self._path(record.run_id, record.stage, record.number, record.file_digest)

    def _path(self, run_id: str, stage: Stage, number: int, digest: bytes) -> Path:
        return self.folder / run_id / f"{stage}-{number:06d}-{digest.hex()[:_NAME_DIGITS]}.sealed"


def age_s(path: Path) -> float:
    """How long ago something was written there, by the file system's clock; 0 where it gets another name just now."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


class StagingLine:
    """Writes frames beside the work that makes the next ones, in the order given, at most a few behind.

    What goes wrong with one is raised by the next call, or at the end.
    """

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="baton-staging")
        self._waiting: deque[Future[Staged]] = deque()
        self._written: list[Staged] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def write(
        self,
        place: tuple[str, Stage, int],
        frame: pl.DataFrame,
        *,
        root: bytes = b"",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """As `Staging.write`, a little later."""
        while len(self._waiting) >= _BEHIND:
            self._written.append(self._waiting.popleft().result())
        self._waiting.append(self._pool.submit(self._staging.write, place, frame, root=root, facts=facts))

    def written(self) -> list[Staged]:
        """Everything written since the last call, when all of it is on disk."""
        while self._waiting:
            self._written.append(self._waiting.popleft().result())
        done, self._written = self._written, []
        return done


def _row(run_id: str, stage: Stage, number: int) -> str:
    return f"{run_id}/{stage}/{number}"


def _record(row: sa.Row[Any]) -> Staged:
    return Staged(row.run_id, Stage(row.stage), row.number, row.row_count, row.file_digest, row.root, row.facts)


def _unreadable(record: Staged, what: str, remedy: str) -> TamperedError:
    message = f"the staged file {record.stage} {record.number} of {record.run_id} {what}"
    return TamperedError(message, code="staged", remedy=remedy)


def write_whole(path: Path, data: bytes, *, again: str) -> None:
    """The whole file or none: written beside its place, flushed to the disk, renamed; or `StorageFullError`.

    ``again`` says what is to be done once there is room: only who writes knows.
    """
    with told_when_full(path.parent, f"{len(data)} bytes", again):
        _write_whole(path, data)


@contextmanager
def told_when_full(folder: Path, what: str, again: str) -> Iterator[None]:
    """A full disk inside is a `StorageFullError` that says what there was no room for, and what to do (``again``)."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFullError(f"no room for {what} in {folder}", remedy=f"make room, then: {again}") from None
        raise


def _write_whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(f".{os.getpid()}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        sync_folder(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """What was renamed in a folder survives a power cut once this returns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
