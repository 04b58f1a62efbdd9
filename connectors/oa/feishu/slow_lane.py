"""The part of Feishu's quota that is finer than a system's rate limit."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from baton.sdk import Client


class SlowLane:
    """Feishu takes one change of department or frozen state a second, and conflicts when two run at once."""

    def __init__(self, client: Client, interval_s: float) -> None:
        self._clock = client.clock
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._free_at = 0.0

    @contextmanager
    def turn(self, payload: Mapping[str, Any]) -> Iterator[None]:
        """Wait for this payload's turn; what touches neither goes through at once."""
        if not payload.keys() & {"department_ids", "is_frozen"}:
            yield
            return
        with self._lock:
            wait_s = self._free_at - self._clock.monotonic()
            if wait_s > 0:
                self._clock.sleep(wait_s)
            try:
                yield
            finally:
                self._free_at = self._clock.monotonic() + self._interval_s
