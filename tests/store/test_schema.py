"""The migrations make exactly the tables the code describes, twice without harm, on both databases; nothing is lost."""

import threading

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from baton.contracts import Rate
from baton.engine.limiter import SharedLimiter
from baton.store.database import Database
from baton.store.migrate import upgrade
from baton.store.tables import allowances, metadata
from tests.rig.clock import START, VirtualClock


def _opened(url: str) -> Database:
    database = Database(url)
    upgrade(database)
    return database


def test_the_migrations_make_the_tables_that_the_code_describes(database_url: str) -> None:
    database = _opened(database_url)
    upgrade(database)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    faults: list[BaseException] = []

    def migrate() -> None:
        try:
            _opened(database_url).close()
        except BaseException as error:
            faults.append(error)

    _together(4, migrate)
    assert faults == []


def test_four_threads_lose_no_update(database_url: str) -> None:
    class Frozen(VirtualClock):
        def sleep(self, seconds: float) -> None:
            pass

    database = _opened(database_url)
    limiter = SharedLimiter(database, "crm", Rate(10), Frozen())
    _together(4, lambda: [limiter.acquire() for _ in range(25)])
    with database.read() as connection:
        next_free = connection.execute(sa.select(allowances.c.next_free)).scalar_one()
    assert (next_free - START).total_seconds() == 10.0
    database.close()


def _together(threads: int, work: object) -> None:
    barrier = threading.Barrier(threads)
    faults: list[BaseException] = []

    def run() -> None:
        barrier.wait()
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            faults.append(error)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert faults == []
