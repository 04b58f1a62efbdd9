"""Processes of their own that are killed, and folders in memory for what they leave behind."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

TOO_LONG_S = 120
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "tests.crash.driver",
        "tests.crash.rotation",
        "tests.migration.driver",
        "tests.offboarding.driver",
        "tests.payment.driver",
        "tests.rig.frozen",
    ]
)


@contextlib.contextmanager
def stopped(task: Callable[..., None], *arguments: object) -> Iterator[Callable[[], int]]:
    """A process that has stopped itself; gives what lets it go on, to its end, and returns its exit code.

    Raises `HangingError` when it does neither stop nor end; one that ends at once is never stopped.
    """
    process = CONTEXT.Process(target=task, args=arguments)
    process.start()
    try:
        deadline = time.monotonic() + TOO_LONG_S
        while process.exitcode is None and state_of(process.pid) != "T":
            if time.monotonic() > deadline:
                raise HangingError(f"{task.__name__}{arguments} does not stop")
            time.sleep(0.01)
        yield lambda: _let_go(process)
    finally:
        process.kill()
        process.join()


def state_of(pid: int | None) -> str:
    """One letter, as Linux tells it."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def _let_go(process: BaseProcess) -> int:
    if process.exitcode is None:
        os.kill(process.pid or 0, signal.SIGCONT)
        process.join(TOO_LONG_S)
    if process.exitcode is None:
        raise HangingError(f"process {process.pid} does not end after it was let go on")
    return process.exitcode


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
