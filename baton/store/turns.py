"""Whose turn it is among the threads of one process, where one at a time may go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock with two queues: who has little to do, and holds others up meanwhile, need not wait for all the rest."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._brief_waiting = 0

    @contextmanager
    def after_all(self, patience_s: float) -> Iterator[None]:
        """The turn, once nobody has it and nobody brief waits for it; without it after ``patience_s`` in vain."""
        with self._changed:
            ours = self._changed.wait_for(lambda: not self._taken and not self._brief_waiting, patience_s)
            self._taken = self._taken or ours
        yield from self._held(ours)

    @contextmanager
    def next(self, patience_s: float) -> Iterator[None]:
        """The turn, as soon as whoever has it is done; without it after ``patience_s`` in vain."""
        with self._changed:
            self._brief_waiting += 1
            try:
                ours = self._changed.wait_for(lambda: not self._taken, patience_s)
            finally:  # interrupted too: else everybody else would go on waiting for one who is gone
                self._brief_waiting -= 1
                self._changed.notify_all()
            self._taken = self._taken or ours
        yield from self._held(ours)

    def _held(self, ours: bool) -> Iterator[None]:
        try:
            yield
        finally:
            if ours:
                with self._changed:
                    self._taken = False
                    self._changed.notify_all()
