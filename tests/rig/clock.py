"""A clock that only moves when told to, or when somebody waits on it; and it can be set wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class VirtualClock:
    """Implements `baton.clock.Clock`. ``sleep`` advances at once; ``on_advance`` hears of every step."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._start = start
        self._lock = threading.Lock()
        self.on_advance: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.advance(timedelta(seconds=max(seconds, 0.0)))

    def advance(self, by: timedelta) -> None:
        with self._lock:
            self._now += by
        self.on_advance()

    def set_wrong(self, by: timedelta) -> None:
        """Somebody sets the clock; no time passes (``monotonic`` does not move)."""
        with self._lock:
            self._now += by
            self._start += by
