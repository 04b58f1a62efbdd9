"""A token shared by all threads of a connector: fetched by one, renewed before it ends, and once after a refusal."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from baton.clock import Clock


class SharedToken(ABC):
    """The token of one credential, renewed ``renew_before_s`` before its end, or at half its life if that is later."""

    def __init__(self, clock: Clock, renew_before_s: float) -> None:
        self._clock = clock
        self._renew_before_s = renew_before_s
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    @abstractmethod
    def fetch(self) -> tuple[str, float]:
        """Ask the vendor for a token; it and how long it is good for, in seconds. Raises the connector errors."""

    def current(self) -> str:
        """A token that is good for a while."""
        with self._lock:
            if not self._token or self._clock.monotonic() >= self._renew_at:
                self._renew()
            return self._token

    def after(self, rejected: str) -> str:
        """A token other than the rejected one, unless the vendor itself gives the same again."""
        with self._lock:
            if self._token == rejected:
                self._renew()
            return self._token

    def _renew(self) -> None:
        self._token, life_s = self.fetch()
        self._renew_at = self._clock.monotonic() + life_s - min(self._renew_before_s, life_s / 2)
