"""What lies below a folder, also where part of it was moved to another disk and a link stands in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_OF_THE_DISK: Final = "lost+found"
"""At the root of a disk of its own (ext4), for root alone: what a repair of that disk finds, never what Baton wrote."""


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, by name; none where there is no such folder.

    Links are followed, but into no folder that is being walked already. What goes away meanwhile is left out, and so is
    a `lost+found` that only root may look into; whatever else keeps a folder from being read is raised (`OSError`):
    nobody may take for all of it what is not all.
    """
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_unless_left_out):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not _leads_back(here / name))
        yield from (path for name in sorted(names) if (path := here / name).is_file())


def _leads_back(folder: Path) -> bool:
    return folder.is_symlink() and folder.resolve() in {path.resolve() for path in folder.parents}


def _unless_left_out(error: OSError) -> None:
    if isinstance(error, FileNotFoundError):
        return
    if isinstance(error, PermissionError) and Path(error.filename).name == _OF_THE_DISK:
        return
    raise error
