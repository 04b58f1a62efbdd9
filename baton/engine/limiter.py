"""One allowance per system, kept in the database, so that all jobs, threads and machines share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
_PIECE_S: Final = 10.0
"""So often it is asked during a long wait: a fraction of the shortest lease."""

_STILL_WANTED: Final[ContextVar[Callable[[], None]]] = ContextVar("baton_still_wanted", default=lambda: None)


@contextmanager
def while_waiting(still_wanted: Callable[[], None]) -> Iterator[None]:
    """Have this called again and again by calls made in the block that wait for their turn.

    It keeps what is claimed for the call, and raises when the call must not be made any more.
    """
    token = _STILL_WANTED.set(still_wanted)
    try:
        yield
    finally:
        _STILL_WANTED.reset(token)


class SharedLimiter:
    """Paces calls to one system (generic cell rate algorithm: one stored instant per system).

    ``next_free`` is when the next call would be due if the allowance were spread evenly; a call may run ahead of it by
    the burst. A pause asked for by the system moves it for everyone. Who would have to wait for very long is sent away
    at once; who waits keeps its work claimed meanwhile (`while_waiting`), so that nobody else takes it for abandoned.
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

        Raises `RetryableError` when that is too far away, and in a long wait what `while_waiting` was given raises.
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
        self._wait(wait)

    def pause(self, seconds: float) -> None:
        """Nobody calls this system before ``seconds`` have passed (an hour at most)."""
        with self.database.write_next() as connection:
            resume = self.clock.now() + min(timedelta(seconds=seconds), _LONGEST_PAUSE) + self.ahead
            self._store(connection, max(resume, self._next_free(connection)))

    def _wait(self, seconds: float) -> None:
        left_s = seconds
        while left_s > 0:
            piece_s = min(left_s, _PIECE_S)
            self.clock.sleep(piece_s)
            left_s -= piece_s
            if seconds > _SHORTLY_S:
                _STILL_WANTED.get()()

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
