"""The sandbox's fault switch: what the next calls to a system meet instead of an answer."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import httpx

MAX_DELAY_S: Final = 60.0
MAX_CALLS: Final = 1_000_000


class Mishap(StrEnum):
    """What a call may meet."""

    THROTTLED = "429"
    UNAUTHORIZED = "401"
    BROKEN = "500"
    BROKEN_AFTER_ACTING = "500_after"
    GARBLED = "garbled"
    DROPPED = "drop"
    """The connection is closed; the request was not acted on."""
    DROPPED_AFTER_ACTING = "drop_after"
    SLOW = "slow"
    """Acted on, answered ``delay_s`` later."""


class DropConnectionError(Exception):
    """Tells the server to close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """A mishap for the next ``calls`` calls, after ``skip`` calls have gone well."""

    mishap: Mishap
    calls: int = 1
    skip: int = 0
    retry_after_s: int = 1
    delay_s: float = 1.0

    def __post_init__(self) -> None:
        if not (1 <= self.calls <= MAX_CALLS and 0 <= self.skip <= MAX_CALLS):
            raise ValueError(f"calls must be 1 to {MAX_CALLS} and skip 0 to {MAX_CALLS}")
        if not (0 <= self.delay_s <= MAX_DELAY_S and 0 <= self.retry_after_s <= 3600):
            raise ValueError(f"delay_s must be 0 to {MAX_DELAY_S} and retry_after_s 0 to 3600")


class FaultSwitch:
    """Arranged mishaps of one system, used up call by call in the order they were arranged. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[Arranged | None] = deque()
        self.met: list[Mishap] = []
        """Every mishap that has happened."""

    def arrange(self, arranged: Arranged) -> None:
        """Add a mishap behind those already arranged."""
        with self._lock:
            self._queue.extend([None] * arranged.skip)
            self._queue.extend([arranged] * arranged.calls)

    def clear(self) -> None:
        """From now on all is well."""
        with self._lock:
            self._queue.clear()

    @property
    def pending(self) -> int:
        """How many calls will still be counted off."""
        return len(self._queue)

    def take(self) -> Arranged | None:
        """What the call that has just come in is to meet."""
        with self._lock:
            arranged = self._queue.popleft() if self._queue else None
            if arranged is not None:
                self.met.append(arranged.mishap)
            return arranged


def before_acting(arranged: Arranged | None) -> httpx.Response | None:
    """The answer that replaces the simulator's; None when the simulator is to act."""
    if arranged is None:
        return None
    if arranged.mishap is Mishap.DROPPED:
        raise DropConnectionError
    if arranged.mishap is Mishap.THROTTLED:
        return httpx.Response(429, headers={"Retry-After": str(arranged.retry_after_s)}, json={})
    if arranged.mishap is Mishap.UNAUTHORIZED:
        return httpx.Response(401, json={})
    if arranged.mishap is Mishap.BROKEN:
        return httpx.Response(500, json={})
    return None


def after_acting(arranged: Arranged | None, answer: httpx.Response) -> httpx.Response:
    """What becomes of the simulator's answer."""
    if arranged is None:
        return answer
    if arranged.mishap is Mishap.DROPPED_AFTER_ACTING:
        raise DropConnectionError
    if arranged.mishap is Mishap.BROKEN_AFTER_ACTING:
        return httpx.Response(500, json={})
    if arranged.mishap is Mishap.GARBLED:
        return httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<html>\x00 a proxy spoke")
    if arranged.mishap is Mishap.SLOW:
        time.sleep(arranged.delay_s)
    return answer
