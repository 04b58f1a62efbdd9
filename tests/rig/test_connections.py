"""A hub's connections serve the next one, and only while they are at rest."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from baton.store.database import Database
from tests.rig.connections import Connections
from tests.servers.postgres import Postgres


@pytest.mark.server
def test_what_one_leaves_at_rest_the_next_one_takes(postgres_server: Postgres) -> None:
    url = postgres_server.create()
    connections = Connections(url)
    with connections.lent():
        seen = []
        for _ in range(2):
            database = Database(url)
            with database.read() as connection:
                seen.append(connection.scalar(sa.text("SELECT pg_backend_pid()")))
            database.close()
        assert seen[0] == seen[1]
        assert connections.processes() == seen[:1]
        database = Database(url)
        broken = database.engine.connect()
        driver = broken.connection.driver_connection
        assert driver is not None
        driver.close()
        broken.invalidate()
        database.close()
        assert len(connections) == 0
    postgres_server.drop(url)


@pytest.mark.server
def test_what_the_server_has_ended_is_given_to_nobody(postgres_server: Postgres) -> None:
    url = postgres_server.create()
    connections = Connections(url)
    with connections.lent():
        database = Database(url)
        with database.read() as connection:
            ended = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        database.close()
        postgres_server.clear(url, [], spared=[])
        with postgres_server.connect() as admin:
            while admin.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [ended]).fetchone():
                time.sleep(0.01)
        database = Database(url)
        with database.read() as connection:
            assert connection.scalar(sa.text("SELECT pg_backend_pid()")) != ended
        database.close()
    postgres_server.drop(url)
