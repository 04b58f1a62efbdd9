"""Where the modules with a company's own transforms may lie: beside the file that names them, or installed."""

from __future__ import annotations

import importlib
import importlib.util
import stat
import sys
from pathlib import Path


def look_in(folder: Path) -> None:
    """Let modules be imported from a folder.

    It comes last: what lies there takes the place of no module that Baton or Python has.
    """
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()  # what was put there a moment ago is seen too


def require_guarded(name: str, folder: Path) -> None:
    """PermissionError where a module is to come from this folder and everybody on the machine could change it.

    What is imported runs with every key and password of the hub, so it must be as hard to change as the hub itself.
    """
    steps = name.split(".")
    spec = importlib.util.find_spec(steps[0])  # of a name without dots: nothing is imported
    if spec is None or not _lies_in(folder, spec.origin, *(spec.submodule_search_locations or ())):
        return
    inside = folder
    for step in steps:
        _require_guarded(inside)
        for file in (inside / f"{step}.py", inside / step / "__init__.py"):
            _require_guarded(file)
        inside /= step


def _lies_in(folder: Path, *places: str | None) -> bool:
    return any(place is not None and Path(place).resolve().is_relative_to(folder) for place in places)


def _require_guarded(path: Path) -> None:
    if path.exists() and path.stat().st_mode & stat.S_IWOTH:
        raise PermissionError(f"everybody on this machine can change {path}, and what it says would run: chmod o-w")
