"""One system as it is worked on: with what, at what pace, in which lanes, and what people have stopped there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Final

import sqlalchemy as sa

from baton.clock import Clock
from baton.engine.calls import RetryRule
from baton.engine.performer import CrashPoint, Performer
from baton.errors import LeaseLostError
from baton.model.effect import Effect
from baton.store.claims import ACCOUNTS, Scope
from baton.store.database import Database
from baton.store.leases import LeaseStore
from baton.store.restores import FENCES
from baton.store.runs import RunStore

_PIECE_S: Final = 10.0
"""So often who waits for a lane keeps what it has claimed: a fraction of the shortest lease."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How one system is worked on."""

    threads: int = 4
    lease_s: float = 300.0
    retry: RetryRule = RetryRule()
    longest_backoff_s: float = 3600.0
    attempt_limit: int = 40
    """After so many tries that failed for an effect itself it is given up. What fails for its system does not count."""
    fuse_calls: int = 20
    fuse_share: float = 0.4
    """Stop working on a system once this share of its writes (of at least ``fuse_calls``) fails."""
    patience_s: float = 30.0
    """How long to wait for effects that become due again soon (a back-off, a locked row)."""


@dataclass(frozen=True, slots=True)
class Switches:
    """What people have stopped here: why everything, if it is; and which actions."""

    off: str
    paused: frozenset[str]


@dataclass
class Workplace:
    """One system, who works on it, and by which rules."""

    system: str
    performer: Performer
    database: Database
    leases: LeaseStore
    runs: RunStore
    clock: Clock
    chance: random.Random
    pace: Pace = Pace()
    scope: Scope = ACCOUNTS
    crash_point: CrashPoint = lambda _: None
    pause: Callable[[float], None] = lambda _: None
    """Keeps everybody away from this system for some seconds, whatever status it throttles under."""

    def __post_init__(self) -> None:
        self._lanes = BoundedSemaphore(self.pace.threads)

    def switches(self, connection: sa.Connection) -> Switches:
        """What is stopped now."""
        engaged = self.runs.engaged(connection)
        fences = (f"{fence}{self.system}" for fence in FENCES)
        off = [scope for scope in ("all", f"system:{self.system}", *fences) if scope in engaged]
        paused = frozenset(scope.removeprefix("action:") for scope in engaged if scope.startswith("action:"))
        return Switches(f"kill switch {off[0]} is on: {engaged[off[0]]}" if off else "", paused)

    @contextmanager
    def lane(self, meanwhile: Callable[[], None]) -> Iterator[bool]:
        """The right to make one call after the other while others do; whether it was waited for.

        ``meanwhile`` is called again and again until then: it keeps what is claimed for those calls.
        """
        waited = not self._lanes.acquire(blocking=False)
        if waited:
            while not self._lanes.acquire(timeout=_PIECE_S):
                meanwhile()
        try:
            yield waited
        finally:
            self._lanes.release()


class Keeper:
    """Keeps a claim for as long as its calls wait for their turn: it must not end meanwhile and be taken over."""

    def __init__(self, place: Workplace, held: Callable[[], Sequence[Effect]]) -> None:
        self.place = place
        self.held = held
        self._kept_s = place.clock.monotonic()

    def __call__(self, needed: Sequence[Effect] = ()) -> None:
        """Renew it, once a good part of it is over. `LeaseLostError` when any of ``needed`` is not ours any more."""
        now_s = self.place.clock.monotonic()
        if now_s - self._kept_s <= self.place.pace.lease_s / 10:
            return
        with self.place.database.write() as connection:
            kept = self.place.leases.keep(connection, self.held(), self.place.pace.lease_s)
        if any(effect.id not in kept for effect in needed):
            raise LeaseLostError(f"another worker has taken over what was claimed in {self.place.system}")
        self._kept_s = now_s
