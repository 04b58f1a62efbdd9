"""What the demo says while it works: one line a step, with the seconds since the start."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click


class Narrator:
    """Speaks to the terminal; used by several threads at once. ``phases`` keeps how long each phase took."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self.phases: dict[str, float] = {}

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """One line of progress."""
        with self._lock:
            click.echo(f"[{self.elapsed_s:5.1f} s] {text}")

    def show(self, block: str) -> None:
        """Several lines, as they are."""
        with self._lock:
            click.echo(block)

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Announce a phase and note how long it took."""
        begun = self.elapsed_s
        self.say(title)
        try:
            yield
        finally:
            self.phases[title] = round(self.elapsed_s - begun, 1)


class DemoFailedError(Exception):
    """Something the demo needs did not work; ``remedy`` says what a person can do."""

    def __init__(self, message: str, *, remedy: str = "", log: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy
        self.log = log
