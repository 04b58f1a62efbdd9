"""What the watch sees in PostgreSQL: the rows that are there, those that are no more, and what the server says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.canaries import wal
from tests.canaries.server_logs import ServerLogs
from tests.canaries.watch import WATCH
from tests.rig.payroll import card
from tests.rig.schema import migrate
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.canaries_allowed, pytest.mark.server]
NAME = "测试0012"
PEOPLE = "INSERT INTO people VALUES ('0012', 'hr', 1, %s, %s, 0)"
LONG = (f"holder {NAME}; " * 500).encode()
"""Longer than what PostgreSQL keeps in a row, and easy to pack."""
Told = Callable[[], list[str]]


@pytest.fixture(scope="module")
def laid_out(postgres_server: Postgres) -> Iterator[str]:
    """A hub's database without rows."""
    url = postgres_server.create()
    migrate(url)
    yield url
    postgres_server.drop(url)


@pytest.fixture
def hub(postgres_server: Postgres, laid_out: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a hub's database without rows, into which nobody has looked since it was cleared."""
    postgres_server.clear(laid_out, ["people", "feeds"], [])
    with postgres_server.connect(laid_out.rpartition("/")[2]) as connection:
        yield connection


@pytest.fixture
def told() -> Iterator[Told]:
    """What the watch has to say until now of what was made or cleared since the last time."""
    WATCH.hits.clear()

    def so_far() -> list[str]:
        WATCH.servers.look()
        found, WATCH.hits[:] = sorted(set(WATCH.hits)), []
        return found

    yield so_far
    WATCH.hits.clear()


LOGGED = "name in write-ahead log PostgreSQL"


def test_what_stands_in_a_row_is_found_by_table(told: Told, hub: psycopg.Connection[Any]) -> None:
    hub.execute(PEOPLE, [NAME, b"\0" + card(12).encode()])
    hub.execute("INSERT INTO feeds VALUES ('hr', NULL, '', 1, '[\"p12@example.com\"]', 1, 0)")
    assert told() == [
        "card in table people",
        "card in write-ahead log PostgreSQL",
        "mail in table feeds",
        "mail in write-ahead log PostgreSQL",
        "name in table people",
        LOGGED,
    ]


def test_what_is_sealed_or_nobodys_is_not_found(told: Told, hub: psycopg.Connection[Any]) -> None:
    hub.execute(PEOPLE, ["active", b"sealed"])
    assert told() == []


GONE = {
    "deleted": ["DELETE FROM people"],
    "written over": ["UPDATE people SET status = 'left', digest = ''"],
    "cleared": ["TRUNCATE people CASCADE"],
    "behind a checkpoint": ["DELETE FROM people", "CHECKPOINT", "VACUUM FULL people", "CHECKPOINT"],
}


@pytest.mark.parametrize("way", GONE)
@pytest.mark.parametrize("digest", [b"", LONG], ids=["short", "long"])
def test_what_is_no_row_any_more_is_found_in_the_write_ahead_log(
    told: Told, hub: psycopg.Connection[Any], way: str, digest: bytes
) -> None:
    hub.execute(PEOPLE, ["active" if digest else NAME, digest])
    for statement in GONE[way]:
        hub.execute(statement)
    assert told() == [LOGGED]


def test_what_was_never_committed_is_found_too(told: Told, hub: psycopg.Connection[Any]) -> None:
    with hub.transaction(force_rollback=True):
        hub.execute(PEOPLE, [NAME, b""])
    assert told() == [LOGGED]


def test_what_runs_over_pages_of_the_log_is_read_as_one(
    postgres_server: Postgres, hub: psycopg.Connection[Any]
) -> None:
    logs = ServerLogs(postgres_server)
    hub.execute("SET synchronous_commit = on")
    many = "SELECT i, '', 1, '', convert_to(repeat(%s, 80), 'UTF8'), 0 FROM generate_series(1, 600) i"
    hub.execute(f"INSERT INTO people {many}", [NAME])
    records = logs.written_ahead(logs.pass_on(hub))
    assert records.count(NAME.encode()) == 80 * 600


def test_only_the_hubs_databases_are_meant(told: Told, postgres_server: Postgres, hub: psycopg.Connection[Any]) -> None:
    url = postgres_server.create()
    with postgres_server.connect(url.rpartition("/")[2]) as company:
        company.execute(f"CREATE TABLE people AS SELECT '{NAME}' AS name")
        with pytest.raises(psycopg.errors.UndefinedTable):
            company.execute(f'SELECT * FROM "{NAME}"')
    hub.execute(PEOPLE, ["active", b""])
    assert told() == []
    postgres_server.drop(url)


def test_what_the_server_says_of_the_hubs_is_heard_once(told: Told, hub: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        hub.execute(f'SELECT 1 FROM "{NAME}"')
    assert told() == ["name in log PostgreSQL"]
    assert told() == []


def test_a_database_is_looked_into_before_it_goes(told: Told, postgres_server: Postgres) -> None:
    url = postgres_server.create()
    with postgres_server.connect(url.rpartition("/")[2]) as hub:
        hub.execute(f"CREATE TABLE person_versions AS SELECT '{NAME}' AS sealed")
    postgres_server.drop(url)
    assert told() == ["name in table person_versions", LOGGED]


def test_a_database_that_is_cleared_for_every_test_is_looked_into_after_each(
    told: Told, postgres_server: Postgres, laid_out: str
) -> None:
    for round_, said in enumerate([[], ["name in table people", LOGGED], []]):
        postgres_server.clear(laid_out, ["people"], [])
        with postgres_server.connect(laid_out.rpartition("/")[2]) as hub:
            hub.execute(PEOPLE, [NAME if said else "active", b""])
        assert told() == said, round_


def test_a_log_that_is_gone_is_an_error_and_no_silence(tmp_path: Path) -> None:
    with pytest.raises(wal.LogGoneError, match="0000000100000002000000FF is gone"):
        wal.between(tmp_path, wal.place("2/FFEE0000"), wal.place("3/10"))
