"""A whole process, from start to end, start-up included, as the operating system measures it."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
HERE: Final = Path(__file__).resolve().parent
LONGEST_S: Final = 3600
_LAUNCHER: Final = HERE / "launch.py"


class BrokenRunError(Exception):
    """A measured process did not do its work; its last words are in the message."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process took, and what it said."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str = ""
    server_cpu_s: float = 0.0
    """What the database server did for it."""

    def __str__(self) -> str:
        server = f" + {self.server_cpu_s:.1f} s in the server" if self.server_cpu_s else ""
        return f"{self.wall_s:.1f} s, CPU {self.cpu_s:.1f} s{server}, {self.peak_mb:.0f} MB"

    @property
    def all_cpu_s(self) -> float:
        """Of the process and the server."""
        return self.cpu_s + self.server_cpu_s


def measure(command: Sequence[str | Path], folder: Path, *, good: Collection[int] = (0,), cwd: Path = ROOT) -> Measured:
    """Run a command once. `BrokenRunError` when its exit code is none of ``good``, or after `LONGEST_S`."""
    report, out, err = folder / "measured.json", folder / "out", folder / "err"
    launched = [sys.executable, "-I", "-S", _LAUNCHER, report, *command]
    with out.open("w") as said, err.open("w") as complained:
        process = subprocess.Popen(
            [str(part) for part in launched],
            cwd=cwd,
            stdout=said,
            stderr=complained,
            start_new_session=True,
            env=_environment(),
        )
        try:
            code = process.wait(LONGEST_S)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if code not in good:
        raise BrokenRunError(f"{command[0]} … ended with {code}: {err.read_text('utf-8', 'replace')[-1500:]}")
    figures = json.loads(report.read_text("utf-8"))
    said_in_full = out.read_text("utf-8", "replace").strip()
    return Measured(figures["wall_s"], figures["cpu_s"], figures["peak_bytes"] / 1e6, said_in_full)


def _environment() -> dict[str, str]:
    """Ours, in which Python keeps its bytecode: compiling every module at every start is no part of anyone's work."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def warm_median(run: Callable[[], Measured], times: int) -> Measured:
    """The same after a first run that does not count: whatever is compiled or cached once is there for every side."""
    run()
    return median(run, times)


def median(run: Callable[[], Measured], times: int) -> Measured:
    """The medians of several runs; all must have said the same."""
    runs = [run() for _ in range(times)]
    if len({each.said for each in runs}) != 1:
        raise BrokenRunError(f"the same work came to different results: {[each.said for each in runs]}")
    return Measured(
        statistics.median(each.wall_s for each in runs),
        statistics.median(each.cpu_s for each in runs),
        statistics.median(each.peak_mb for each in runs),
        runs[0].said,
        statistics.median(each.server_cpu_s for each in runs),
    )
