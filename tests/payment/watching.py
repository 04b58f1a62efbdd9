"""When each file was looked at for the last time before it left: told by the points that deliveries pass."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.payment.door import IN


class Watch:
    """Hears of every point. ``sent``: file at the bank -> when its last look at HR had not begun yet (seconds)."""

    def __init__(self, folder: Path, then: Callable[[str], None] = lambda _: None) -> None:
        self.drop = folder / "bank" / IN
        self.then = then
        self.sent: dict[str, float] = {}
        self._own = threading.local()
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        if name == "sending":
            self._own.since = time.monotonic()
        if name == "renamed":
            with self._lock:
                for path in self.drop.iterdir():
                    self.sent.setdefault(path.name, self._own.since)
        self.then(name)
