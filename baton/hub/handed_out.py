"""Files that are handed to a person and hold what concerns people: whoever wrote them may read them, nobody else."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

_OWNERS = 0o600
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
