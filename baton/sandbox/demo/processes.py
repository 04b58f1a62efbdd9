"""Processes that end with the demo, however it ends: each heads a session, and a keeper watches over them all."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from baton.sandbox.demo.narrator import DemoFailedError

_GRACE_S: Final = 3.0
# Reads session numbers (negative: no longer) until the demo's end of the pipe closes, then ends those sessions: first
# their heads are asked, then whoever is left is killed, in whatever process group.
_KEEPER: Final = f"""
import os, pathlib, signal, sys, time
sessions = set()
for line in sys.stdin:
    number = int(line)
    sessions.add(number) if number > 0 else sessions.discard(-number)
def members():
    found = set()
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = stat.read_text(errors="replace").rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(session) in sessions and state != "Z":
            found.add(int(stat.parent.name))
    return found
def send(kind, numbers, how):
    for number in numbers:
        try:
            how(number, kind)
        except (ProcessLookupError, PermissionError):
            pass
send(signal.SIGTERM, sessions, os.killpg)
end = time.monotonic() + {_GRACE_S}
while members() and time.monotonic() < end:
    time.sleep(0.05)
while left := members():
    send(signal.SIGKILL, left, os.kill)
    time.sleep(0.05)
send(signal.SIGKILL, sessions, os.killpg)
"""


class Processes:
    """Starts processes and ends them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._over = False
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _KEEPER], stdin=subprocess.PIPE, start_new_session=True
        )

    def start(self, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start one process as the head of its own session."""
        with log.open("ab") as output, self._lock:
            if self._over:
                raise DemoFailedError(f"{name} is not started any more: the demo is ending")
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

    def pid(self, name: str) -> int:
        """The process id of a running process."""
        return self._running[name].pid

    def ended(self) -> list[str]:
        """The names of processes that should run and do not."""
        with self._lock:
            return [name for name, popen in self._running.items() if popen.poll() is not None]

    def stop(self) -> None:
        """End everything: the keeper asks, then insists. Safe to call twice."""
        with self._lock:
            self._over = True
            running, self._running = dict(self._running), {}
            if self._keeper.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._keeper.stdin.close()
        self._keeper.wait()
        for popen in running.values():
            popen.wait()

    def _tell(self, session: int) -> None:
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._keeper.stdin.write(f"{session}\n".encode())
            self._keeper.stdin.flush()
