"""Processes that end with the demo, however it ends: each heads a group, and a keeper watches over all groups."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

# Reads process group numbers (negative: no longer) until the demo's end of the pipe closes, then ends those groups.
_KEEPER: Final = """
import os, signal, sys, time
groups = set()
for line in sys.stdin:
    number = int(line)
    groups.add(number) if number > 0 else groups.discard(-number)
def send(kind):
    for group in list(groups):
        try:
            os.killpg(group, kind)
        except (ProcessLookupError, PermissionError):
            groups.discard(group)
send(signal.SIGTERM)
end = time.monotonic() + 5
while groups and time.monotonic() < end:
    time.sleep(0.1)
    send(0)
send(signal.SIGKILL)
"""
_GRACE_S: Final = 8.0


class Processes:
    """Starts processes and ends them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _KEEPER], stdin=subprocess.PIPE, start_new_session=True
        )

    def start(self, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start one process as the head of its own group."""
        with log.open("ab") as output, self._lock:
            popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(env), start_new_session=True
            )
            self._running[name] = popen
            self._tell(popen.pid)
        return popen

    def forget(self, name: str) -> None:
        """A process that has done its work and is no longer expected to run."""
        with self._lock:
            self._tell(-self._running.pop(name).pid)

    def ended(self) -> list[str]:
        """The names of processes that should run and do not."""
        with self._lock:
            return [name for name, popen in self._running.items() if popen.poll() is not None]

    def stop(self) -> None:
        """End everything: ask, then insist. Safe to call twice."""
        with self._lock:
            running, self._running = dict(self._running), {}
        for popen in running.values():
            _signal(popen.pid, signal.SIGTERM)
        end = time.monotonic() + _GRACE_S
        for popen in running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                popen.wait(max(0.1, end - time.monotonic()))
        for popen in running.values():
            _signal(popen.pid, signal.SIGKILL)  # what is left of the group
            popen.wait()
            self._tell(-popen.pid)
        if self._keeper.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._keeper.stdin.close()
        self._keeper.wait()

    def _tell(self, group: int) -> None:
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._keeper.stdin.write(f"{group}\n".encode())
            self._keeper.stdin.flush()


def _signal(group: int, kind: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, kind)
