"""One writer at a time, and a file that is either the old one or the whole new one."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from baton.sdk import HaltError, InDoubtError, RetryableError

_POLL_S: Final = 0.02
_NO_SUCH_THING: Final = (errno.EINVAL, errno.ENOTSUP)
"""What file systems answer (SMB among them) that cannot sync a folder: there the rename is all there is."""


@contextmanager
def locked(path: Path, wait_s: float) -> Iterator[None]:
    """Keep other writers of this file out. Raises `RetryableError` when one is at it longer than ``wait_s``.

    The lock is on a file of its own beside it (``.name.lock``), which stays: one that is removed and made again would
    let two writers hold two locks.
    """
    try:
        lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _not_written(error) from error
    try:
        _acquire(lock, wait_s)
        yield
    finally:
        os.close(lock)


def _acquire(lock: int, wait_s: float) -> None:
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise RetryableError(
                    "another writer holds the file", code="locked", remedy="nothing was written; it is tried again"
                ) from None
            time.sleep(_POLL_S)
        except OSError as error:  # a mount without locks
            raise _not_written(error) from error
        else:
            return


class Replacement:
    """A new content for a file: written beside it, then put in its place in one step by `commit`.

    Made before the file is read: what is there when the new content takes its place must be what was there then.
    Whatever goes wrong before leaves the file as it was, and nothing beside it. Raises `HaltError` (``not_written``)
    when the disk is full or the folder cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _standing(path)
        self._new = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")

    def __enter__(self) -> Self:
        try:
            descriptor = os.open(self._new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _not_written(error) from error
        self.file = os.fdopen(descriptor, "w+b")
        return self

    def commit(self) -> None:
        """Make it the file: on disk first, then renamed, then the folder's entry on disk.

        Raises `RetryableError` (``source_changed``) when somebody else has changed the file, replaced it or taken it
        away in the meantime, and `InDoubtError` when only the last step fails: the file is the new one, unless the
        power goes.
        """
        self.file.flush()
        if self._seen is not None:
            self._keep_rights(self._seen)
        os.fsync(self.file.fileno())
        if _identity(_standing(self._path)) != _identity(self._seen):
            raise RetryableError(
                "somebody else has saved the file while it was being written",
                code="source_changed",
                remedy="nothing was written; it is tried again with what they saved",
            )
        self._new.rename(self._path)
        try:
            self._sync_folder()
        except OSError as error:
            if error.errno not in _NO_SUCH_THING:
                raise InDoubtError(
                    f"the file was replaced, and may not stay so ({error.strerror})",
                    code="not_synced",
                    remedy="look after the disk, then have the file compared",
                ) from error

    def _keep_rights(self, old: os.stat_result) -> None:
        """Owner, group and mode of the file there was, as far as this service may give a file away."""
        new, mode = self.file.fileno(), old.st_mode & 0o777
        with suppress(OSError):  # not permitted, or not on this file system
            os.fchown(new, old.st_uid, -1)
        try:
            os.fchown(new, -1, old.st_gid)
        except OSError:
            # Whoever is of the group it has now was nobody in particular to the old file.
            mode = mode & 0o707 | (mode & 0o007) << 3
        os.fchmod(new, mode)

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.file.close()
        except OSError as late:  # what was still buffered could not be written
            error = error or late
        self._new.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_written(error) from error


def _standing(path: Path) -> os.stat_result | None:
    """What the file system says of the file; None where there is none."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _not_written(error) from error


def _identity(info: os.stat_result | None) -> tuple[int, ...] | None:
    """What tells a file from another, and from itself once it was written to.

    The time of the last change of any kind belongs to it: that of the last writing can be put back.
    """
    return info and (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def _not_written(error: OSError) -> HaltError:
    return HaltError(
        f"the file could not be written ({error.strerror})",
        code="not_written",
        remedy="nothing was changed; make room on the disk, or let this service write to the folder",
    )
