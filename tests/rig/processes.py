"""Processes of their own that are killed, and folders in memory for what they leave behind."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

TOO_LONG_S = 120
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["tests.crash.driver", "tests.migration.driver", "tests.offboarding.driver", "tests.payment.driver"]
)


class HangingError(AssertionError):
    """A process that should have ended did not."""


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """A folder for as long as the block lasts."""
    parent = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix=f"baton-{prefix}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def outcome_of(task: Callable[..., None], *arguments: object, kill_after_s: float | None = None) -> int:
    """Run a task in a process of its own; its exit code (negative: the signal that ended it)."""
    process = CONTEXT.Process(target=task, args=arguments)
    process.start()
    process.join(TOO_LONG_S if kill_after_s is None else kill_after_s)
    if process.exitcode is None:
        process.kill()
        process.join()
        if kill_after_s is None:
            raise HangingError(f"{task.__name__}{arguments} hangs")
    return process.exitcode or 0
