"""What lies below a folder, also where part of it was moved to another disk and a link stands in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from baton.errors import BatonError

_OF_THE_DISK: Final = "lost+found"
"""At the root of a disk of its own (ext4), for root alone: what a repair of that disk finds, never what Baton wrote."""


class LostLinkError(BatonError):
    """A link leads to nothing: the disk behind it is away, and so is whatever lies there."""

    code = "lost_link"


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, by name; none where there is no such folder.

    Links are followed, but into no folder that is being walked already. What goes away meanwhile is left out, and so is
    a `lost+found` that only root may look into; whatever else keeps a folder from being read is raised (`OSError`;
    `LostLinkError` for a link that leads to nothing): nobody may take for all of it what is not all.
    """
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_unless_left_out):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not _leads_back(here / name))
        for path in (here / name for name in sorted(names)):
            if path.is_file():
                yield path
            else:
                require_links(path)


@contextmanager
def passing_over_what_is_gone(path: Path) -> Iterator[None]:
    """Do something with a file that others may delete meanwhile. Raises `LostLinkError` where it is no longer in reach.

    What is deleted need not be looked after any more; what lies on a disk that is away has to be.
    """
    try:
        yield
    except FileNotFoundError:
        require_links(path)


def require_links(path: Path) -> None:
    """Raise `LostLinkError` where this, or a folder that it is in, is a link that leads to nothing."""
    for link in (path, *path.parents):
        if not link.exists() and link.is_symlink():  # in this order: one that is taken away meanwhile is gone
            raise LostLinkError(
                f"{link} is a link to what is not there, so that nobody can tell what is kept behind it",
                remedy="bring that disk back and call this again; where nothing was kept there, take the link away",
            )


def _leads_back(folder: Path) -> bool:
    return folder.is_symlink() and folder.resolve() in {path.resolve() for path in folder.parents}


def _unless_left_out(error: OSError) -> None:
    if isinstance(error, FileNotFoundError):
        require_links(Path(error.filename))
        return
    if isinstance(error, PermissionError) and Path(error.filename).name == _OF_THE_DISK:
        return
    raise error
