"""One allowance per system, kept in the database, so that all jobs, threads and machines share it."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from baton.clock import Clock
from baton.contracts import Rate
from baton.store.database import Database
from baton.store.tables import allowances


class SharedLimiter:
    """Paces calls to one system (generic cell rate algorithm: one stored instant per system).

    ``next_free`` is when the next call would be due if the allowance were spread evenly; a call may run ahead of it by
    the burst. A pause asked for by the system moves it for everyone.
    """

    def __init__(self, database: Database, system: str, rate: Rate, clock: Clock) -> None:
        self.database = database
        self.system = system
        self.clock = clock
        self.interval = timedelta(seconds=rate.per_s / rate.calls)
        self.ahead = self.interval * (rate.burst - 1)

    def acquire(self) -> None:
        """Reserve the next call and wait until it is due."""
        with self.database.write() as connection:
            now = self.clock.now()
            due = max(self._next_free(connection), now)
            self._store(connection, due + self.interval)
        wait = (due - self.ahead - now).total_seconds()
        if wait > 0:
            self.clock.sleep(wait)

    def pause(self, seconds: float) -> None:
        """Nobody calls this system before ``seconds`` have passed."""
        with self.database.write() as connection:
            resume = self.clock.now() + timedelta(seconds=seconds) + self.ahead
            self._store(connection, max(resume, self._next_free(connection)))

    def _next_free(self, connection: sa.Connection) -> datetime:
        query = sa.select(allowances.c.next_free).where(allowances.c.system == self.system).with_for_update()
        stored = connection.execute(query).scalar_one_or_none()
        if stored is None:
            stored = self.clock.now()
            connection.execute(sa.insert(allowances).values(system=self.system, next_free=stored))
        return stored

    def _store(self, connection: sa.Connection, moment: datetime) -> None:
        connection.execute(sa.update(allowances).where(allowances.c.system == self.system).values(next_free=moment))
