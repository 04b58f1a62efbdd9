"""The hub as the web server keeps it: opened once, opened anew when its settings change or after a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from baton.errors import ConfigurationError
from baton.hub import Hub
from baton.settings import HubSettings, locate

KEPT_S: Final = 60.0
"""Keys and secrets may be rotated without the settings file changing."""


class HubKeeper:
    """Hands out one hub to all threads of this process."""

    def __init__(self, load: Callable[[], HubSettings]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._hub: Hub | None = None
        self._seen: tuple[str, int] | None = None
        self._until = 0.0

    def hub(self) -> Hub:
        """The hub. Raises `ConfigurationError` with everything that is wrong when it cannot be opened."""
        with self._lock:
            seen = _fingerprint()
            if self._hub is None or seen != self._seen or time.monotonic() >= self._until:
                opened = Hub(self._load())
                # The one before is dropped, not closed: another thread may still be reading from it.
                self._hub, self._seen, self._until = opened, seen, time.monotonic() + KEPT_S
            return self._hub


def _fingerprint() -> tuple[str, int] | None:
    with suppress(ConfigurationError, OSError):
        file = locate().resolve()
        return str(file), file.stat().st_mtime_ns
    return None
