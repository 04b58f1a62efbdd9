"""One allowance per system, kept in the database, so that all jobs, threads and machines share it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from baton.clock import Clock
from baton.contracts import Rate
from baton.errors import RetryableError
from baton.store.database import Database
from baton.store.instants import to_micros
from baton.store.tables import allowances

_PATIENCE_S: Final = 60.0
_LONGEST_PAUSE: Final = timedelta(hours=1)
_SHORTLY_S: Final = 1.0
"""Who has waited for longer asks again whether the call is still wanted."""

STILL_WANTED: Final[ContextVar[Callable[[], None]]] = ContextVar("baton_still_wanted", default=lambda: None)
"""What raises when the call that is waited for must not be made any more: a person has stopped the system meanwhile."""


class SharedLimiter:
    """Paces calls to one system (generic cell rate algorithm: one stored instant per system).

    ``next_free`` is when the next call would be due if the allowance were spread evenly; a call may run ahead of it by
    the burst. A pause asked for by the system moves it for everyone. Who would have to wait for longer than a worker
    may hold its work is sent away at once: sleeping through a long pause would outlive the lease, and the call would be
    made when somebody else owns it.
    """

    def __init__(self, database: Database, system: str, rate: Rate, clock: Clock) -> None:
        self.database = database
        self.system = system
        self.clock = clock
        self.interval = timedelta(seconds=rate.per_s / rate.calls)
        self.ahead = self.interval * (rate.burst - 1)
        self.patience_s = max(_PATIENCE_S, 10 * self.interval.total_seconds())

    def acquire(self) -> None:
        """Reserve the next call and wait until it is due.

        Raises `RetryableError` when that is too far away, and what `STILL_WANTED` raises after a long wait.
        """
        with self.database.write_next() as connection:
            now = self.clock.now()
            # A stored instant beyond the longest pause is not a pause: the clock has been set back.
            stored = self._next_free(connection)
            due = max(min(stored, now + _LONGEST_PAUSE + self.ahead), now)
            wait = (due - self.ahead - now).total_seconds()
            if wait <= self.patience_s:
                self._store(connection, due + self.interval)
            elif due < stored:
                self._store(connection, due)
        if wait > self.patience_s:
            raise RetryableError(
                f"{self.system} has asked for a pause of {wait:.0f} s", code="paused", retry_after_s=wait
            )
        if wait > 0:
            self.clock.sleep(wait)
        if wait > _SHORTLY_S:
            STILL_WANTED.get()()

    def pause(self, seconds: float) -> None:
        """Nobody calls this system before ``seconds`` have passed (an hour at most)."""
        with self.database.write_next() as connection:
            resume = self.clock.now() + min(timedelta(seconds=seconds), _LONGEST_PAUSE) + self.ahead
            self._store(connection, max(resume, self._next_free(connection)))

    def _next_free(self, connection: sa.Connection) -> datetime:
        query = sa.select(allowances.c.next_free).where(allowances.c.system == self.system).with_for_update()
        stored: datetime | None = connection.execute(query).scalar_one_or_none()
        if stored is None:
            # Whoever loses the race to create the row waits for the winner here. Both dialects spell it so.
            first = sa.text("INSERT INTO allowances (system, next_free) VALUES (:system, :now) ON CONFLICT DO NOTHING")
            connection.execute(first, {"system": self.system, "now": to_micros(self.clock.now())})
            created: datetime = connection.execute(query).scalar_one()
            return created
        return stored

    def _store(self, connection: sa.Connection, moment: datetime) -> None:
        connection.execute(sa.update(allowances).where(allowances.c.system == self.system).values(next_free=moment))
