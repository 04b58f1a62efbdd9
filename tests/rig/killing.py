"""Processes killed with SIGKILL at named points and at random moments, and started again until they are through."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ClassVar, TypeVar

from tests.rig.processes import CONTEXT, outcome_of
from tests.simulation.invariants import BrokenInvariantError

ATTEMPTS = 20
"""What is not through after so many never will be."""
Point = tuple[str, int]
"""A named point, and how often it is passed."""
Kill = Point | float
"""A point, or seconds after the start."""
Found = TypeVar("Found")
Plan = TypeVar("Plan")


class KillAt:
    """Kills this very process with SIGKILL when a named point is reached for the n-th time."""

    by: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(self, point: str, count: int) -> None:
        self.point = point
        self.count = count
        self.seen: Counter[str] = Counter()

    def __call__(self, name: str) -> None:
        self.seen[name] += 1
        if (name, self.seen[name]) == (self.point, self.count):
            os.kill(os.getpid(), self.by)

    def write_down(self, folder: Path) -> None:
        """Leave the points that were passed in the folder."""
        (folder / "points").write_text("\n".join(f"{name} {times}" for name, times in sorted(self.seen.items())))


class StopAt(KillAt):
    """Stops this very process there, until somebody lets it go on."""

    by = signal.SIGSTOP


def points_passed(folder: Path) -> list[Point]:
    """What `KillAt.write_down` has left, every passing by itself."""
    lines = [line.split() for line in (folder / "points").read_text().splitlines()]
    return [(name, count) for name, times in lines for count in range(1, int(times) + 1)]


def until_through(drive: Callable[..., None], folder: Path, task: Sequence[str], kills: Sequence[Kill]) -> Counter[str]:
    """Start ``drive(folder, attempt, *task, …)``, kill it, start it again, until it ends by itself.

    Returns where it was killed: as often as that it was started anew. Attempts are counted from 1.
    """
    killed: Counter[str] = Counter()
    for attempt in range(1, ATTEMPTS):
        kill = kills[attempt - 1] if attempt <= len(kills) else None
        code = _started(drive, (folder, attempt, *task), kill)
        if code == 0:
            return killed
        if code != -signal.SIGKILL:
            why = folder / "why"
            raise BrokenInvariantError(f"attempt {attempt} ended with {code} {why.read_text() if why.exists() else ''}")
        killed[kill[0] if isinstance(kill, tuple) else "at a random moment"] += 1
    raise BrokenInvariantError(f"not through after {ATTEMPTS} attempts")


def _started(drive: Callable[..., None], given: Sequence[object], kill: Kill | None) -> int:
    if isinstance(kill, tuple):
        return outcome_of(drive, *given, *kill)
    return outcome_of(drive, *given, kill_after_s=kill)


def shared_out(
    carry_out: Callable[..., Found], given: Sequence[object], plans: Sequence[Plan], processes: int
) -> Iterator[Found]:
    """What ``carry_out(*given, plans)`` comes to: for all of them here, or for a share in each of several processes."""
    if processes == 1:
        yield carry_out(*given, plans)
        return
    with ProcessPoolExecutor(processes, mp_context=CONTEXT) as pool:
        shares = [pool.submit(carry_out, *given, plans[share::processes]) for share in range(processes)]
        for share in shares:
            yield share.result()


@contextlib.contextmanager
def said(what: str) -> Iterator[None]:
    """Whatever breaks inside says what was being tried."""
    try:
        yield
    except AssertionError as error:
        error.add_note(what)
        raise
