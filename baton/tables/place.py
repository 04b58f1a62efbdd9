"""Which file is the feed: one fixed path, or the newest complete file of a directory."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from baton.errors import HaltError, RetryableError
from baton.tables.faults import FileError

_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".xlsx"})
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp")
_MOST_ENTRIES = 100_000
_CLOCKS_APART_S = 300.0
"""So far the clock of a file server may be ahead of ours. A time that lies further ahead says nothing of how young a
file is, and is not waited for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A file that may be read: where it is and when its content is from."""

    path: Path
    as_of: datetime


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file of the directory, and how old it is by its own time: negative where that is ahead of ours."""

    choice: Choice
    age_s: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where exports are dropped and when one counts as complete.

    ``path`` is a file, a directory, or a directory with a glob as its last part. A file younger than ``settle_s`` is
    still being written, also where its server's clock is ahead by minutes. ``as_of_name`` is a ``strptime`` pattern for
    the whole file name; the date in it (local to ``time_zone``) then says when the content is from, otherwise the
    file's modification time does.
    """

    path: str
    settle_s: float
    max_bytes: int
    as_of_name: str | None
    time_zone: str

    def newest(self, now: datetime) -> Choice:
        """The newest complete file. Raises `RetryableError` when there is none yet.

        One that was written within ``settle_s`` gives way to the one before. One that is dated ahead of ``now`` does
        not, and `RetryableError` is raised until its time has come, five minutes at the most: it may have been there
        for minutes, whole, and the roster of the day before would be taken for the day's without a word.
        """
        given = Path(self.path)
        if _is_directory(given):
            return self._newest_of(self._candidates(given, "*", now))
        if any(mark in given.name for mark in "*?["):
            return self._newest_of(self._candidates(given.parent, given.name, now))
        return self._fixed(given, now)

    def _newest_of(self, candidates: Sequence[_Candidate]) -> Choice:
        found = [each.choice for each in candidates if not self._settling(each.age_s)]
        if not found:
            raise RetryableError(
                "no complete export is there yet",
                code="no_file",
                remedy="check that the HR system writes its export where this system's path points",
            )
        newest = max(found, key=_rank)
        ahead = [each for each in candidates if each.age_s < 0 and self._settling(each.age_s)]
        last = max(ahead, key=lambda each: _rank(each.choice), default=None)
        if last is not None and _rank(last.choice) > _rank(newest):
            raise RetryableError(
                f"{last.choice.path.name} is dated {-last.age_s:.0f} s ahead of this machine's clock: it may not be "
                "complete, and the export before it is not taken in its place",
                code="file_changing",
                remedy="it is read once its time has come; set the clocks of the file server and of this machine",
                retry_after_s=max(self.settle_s - last.age_s, 1.0),
            )
        return newest

    def read(self, choice: Choice) -> bytes:
        """The file's bytes, or an error if it changes while being read, is a link, or is larger than allowed."""
        return read_plain(choice.path, self.max_bytes, retry_after_s=max(self.settle_s, 1.0))

    def _fixed(self, path: Path, now: datetime) -> Choice:
        try:
            info = path.lstat()
        except FileNotFoundError:
            raise RetryableError(
                f"there is no file {path}", code="no_file", remedy="check the path of this system and the HR export job"
            ) from None
        except OSError as error:
            raise _unreadable(error) from error
        age_s = now.timestamp() - info.st_mtime
        if self._settling(age_s):
            raise RetryableError(
                "the export was written a moment ago and may not be complete",
                code="file_changing",
                retry_after_s=max(self.settle_s - age_s, 1.0),
            )
        as_of = self._as_of(path.name, info.st_mtime)
        if as_of is None:
            raise FileError(
                "no_date_in_name",
                f"the file name does not match as_of_name {self.as_of_name!r}",
                "correct as_of_name, or have the export named as agreed",
            )
        return Choice(path, as_of)

    def _candidates(self, directory: Path, pattern: str, now: datetime) -> list[_Candidate]:
        """The exports of the directory, complete or not."""
        found: list[_Candidate] = []
        for entry in _entries(directory):
            name = entry.name
            if not fnmatch.fnmatchcase(name.lower(), pattern.lower()) or not _is_export(name):
                continue
            try:
                info = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # moved away between the listing and now: it is no candidate
            except OSError as error:
                raise _unreadable(error) from error
            as_of = self._as_of(name, info.st_mtime)
            if stat.S_ISREG(info.st_mode) and as_of is not None:
                found.append(_Candidate(Choice(directory / name, as_of), now.timestamp() - info.st_mtime))
        return found

    def _settling(self, age_s: float) -> bool:
        """Whether a file of that age, negative where its server's clock is ahead, may still be being written."""
        return self.settle_s > 0 and -_CLOCKS_APART_S <= age_s < self.settle_s

    def _as_of(self, name: str, mtime: float) -> datetime | None:
        if self.as_of_name is None:
            return datetime.fromtimestamp(mtime, UTC)
        try:
            # The pattern gives local time; the zone is attached right after.
            local = datetime.strptime(name, self.as_of_name)  # noqa: DTZ007
        except ValueError:
            return None
        return local.replace(tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)


def _rank(choice: Choice) -> tuple[datetime, str]:
    """What is greatest for the newest."""
    return choice.as_of, choice.path.name


def _is_directory(path: Path) -> bool:
    """Unlike `Path.is_dir`, which says so of a missing one only, and lets what else may be wrong through as it is."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except ValueError:  # what Python says of a NUL
        raise HaltError(
            "the path of the export holds a NUL character", code="bad_path", remedy="correct the path of this system"
        ) from None
    except OSError as error:
        raise _unreadable(error) from error


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as listing:
            for count, entry in enumerate(listing):
                if count >= _MOST_ENTRIES:
                    raise HaltError(
                        f"the export directory has more than {_MOST_ENTRIES} entries",
                        code="directory_full",
                        remedy="move old exports away",
                    )
                yield entry
    except OSError as error:
        raise _unreadable(error) from error


def _is_export(name: str) -> bool:
    lowered = name.lower()
    if lowered.startswith((".", "~$")) or lowered.endswith(_UNFINISHED):
        return False
    return Path(lowered).suffix in _SUFFIXES


def read_plain(path: Path, max_bytes: int, *, retry_after_s: float = 1.0) -> bytes:
    """A regular file's bytes. Raises `FileError` for a larger one, `RetryableError` for one that changes meanwhile."""
    with open_plain(path) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise HaltError("the export is not a regular file", code="not_a_file", remedy="name a plain file")
        if before.st_size > max_bytes:
            raise FileError(
                "too_large",
                f"the file has {before.st_size} bytes, at most {max_bytes} are allowed",
                "check that this is the right file; raise max_bytes if it really is this large",
            )
        data = file.read(max_bytes + 1)
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise RetryableError(
            "the export is being written at this moment",
            code="file_changing",
            remedy="have it written under another name and renamed when complete",
            retry_after_s=retry_after_s,
        )
    return data


def open_plain(path: Path) -> BinaryIO:
    """The file for reading, a link not followed. Raises `RetryableError` when it is gone, `HaltError` otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(error) from error
    return os.fdopen(descriptor, "rb")


def _unreadable(error: OSError) -> HaltError | RetryableError:
    """The connector error for what the operating system said."""
    if isinstance(error, FileNotFoundError):
        return RetryableError(
            f"there is no file {error.filename}", code="no_file", remedy="check the path, and the job that writes it"
        )
    return HaltError(
        f"{error.filename} cannot be read ({error.strerror})",
        code="unreadable_file",
        remedy="give this service permission to read it; a symbolic link is not followed",
    )
