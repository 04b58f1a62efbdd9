"""What lies below a folder, also where part of it was moved to another disk and a link stands in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, by name; none where there is no such folder.

    Links are followed, but into no folder that is being walked already. What goes away meanwhile is left out; whatever
    else keeps a folder from being read is raised (`OSError`): nobody may take for all of it what is not all.
    """
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_unless_gone):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not _leads_back(here / name))
        yield from (path for name in sorted(names) if (path := here / name).is_file())


def _leads_back(folder: Path) -> bool:
    return folder.is_symlink() and folder.resolve() in {path.resolve() for path in folder.parents}


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
