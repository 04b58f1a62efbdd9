"""Files that are handed to a person and hold what concerns people: whoever wrote them may read them, nobody else."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from baton.errors import ConfigurationError, Fault

_OWNERS = 0o600
_UNFINISHED = "is under way or was broken off: take it away if nobody is making it"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def new_file(path: Path) -> BinaryIO:
    """A file to be written that was not there before. Raises `FileExistsError`."""
    return os.fdopen(os.open(path, _NEW, _OWNERS), "wb")


def file_over(path: Path) -> BinaryIO:
    """A file to be written over one that may be there, from now on for its owner only. What is no file stays as it is.

    Raises `OSError`, before anything is lost, when the one that is there belongs to somebody else.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _OWNERS)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, _OWNERS)
            os.ftruncate(descriptor, 0)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "wb")


def folder_for(path: Path) -> Path:
    """The folder itself, made where it is not there yet, with its parents: nobody else's to look into."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder that grows beside its place, in ``FOLDER.part``: it is there whole, or not at all.

    Raises `ConfigurationError` where something is in its place, or an unfinished one beside it.
    """
    half = folder.with_name(f"{folder.name}.part")
    for place, message in ((folder, "is there already: name a new folder"), (half, _UNFINISHED)):
        if place.exists():
            raise ConfigurationError([Fault(str(place), "exists", message)])
    half.mkdir(parents=True, mode=0o700)
    try:
        yield half
        half.rename(folder)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
