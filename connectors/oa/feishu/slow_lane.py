"""The parts of Feishu's quota that are finer than a system's rate limit: one call at a time, a pause after each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from baton.sdk import Client


class SlowLane:
    """Calls that Feishu takes only every so often, and that conflict when two run at once."""

    def __init__(self, client: Client, interval_s: float) -> None:
        self._clock = client.clock
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._free_at = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and have the lane alone until the end of the block."""
        with self._lock:
            wait_s = self._free_at - self._clock.monotonic()
            if wait_s > 0:
                self._clock.sleep(wait_s)
            try:
                yield
            finally:
                self._free_at = self._clock.monotonic() + self._interval_s
