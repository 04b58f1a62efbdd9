"""Real servers as counterparts: how the kit finds what stands for a connector that no simulator in memory can face.

``tests/connectors/<kind>/<name>_counterpart.py`` of a checkout defines ``counterparts(scratch)``: a context manager
that starts the server, with ``scratch`` as a directory for its files, and gives a function that makes a fresh
counterpart on it each time. It raises `NoServerError` where the server cannot be had.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from baton.registry import Registry

Make = Callable[[], Any]


class NoServerError(Exception):
    """The real server cannot be had on this machine; the message says why."""


def own_simulator(name: str, registry: Registry) -> Make | None:
    """The connector's simulator if it stands alone, in memory or on files; None where a real server is needed."""
    simulator = registry.simulator(name)
    if simulator is None:
        return None
    parameters = inspect.signature(simulator).parameters.values()
    needed = [one for one in parameters if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    return None if [one for one in needed if one.kind is not one.VAR_POSITIONAL] else simulator


def server_file(name: str, root: Path) -> Path:
    """Where a checkout says which real server stands for a connector; the file need not be there."""
    return root / "tests" / "connectors" / f"{name}_counterpart.py"


def counterparts(name: str, root: Path, scratch: Path) -> AbstractContextManager[Make]:
    """Start a connector's real server. Raises `NoServerError` without one."""
    file = server_file(name, root)
    if not file.is_file():
        raise NoServerError(f"{name} has no simulator that stands alone, and there is no {file}")
    spec = importlib.util.spec_from_file_location(f"baton_counterpart_{name.replace('/', '_')}", file)
    if spec is None or spec.loader is None:
        raise NoServerError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    started: AbstractContextManager[Make] = module.counterparts(scratch)
    return started
