"""Fixtures that several parts of the suite share: the databases the store must run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig.browser import chromium
from tests.rig.schema import lay_out, migrate
from tests.servers.mariadb import MariaDb, mariadb
from tests.servers.postgres import Postgres, postgres
from tests.servers.unprivileged import NoServerError


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    try:
        running = postgres()
        server = running.__enter__()
    except NoServerError as error:
        pytest.skip(f"SERVER NOT AVAILABLE: PostgreSQL: {error}")
    try:
        yield server
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    try:
        running = mariadb()
        server = running.__enter__()
    except NoServerError as error:
        pytest.skip(f"SERVER NOT AVAILABLE: MariaDB: {error}")
    try:
        yield server
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright, whose event loop must not outlive the tests that use it."""
    try:
        running = chromium()
        started = running.__enter__()
    except NoServerError as error:
        pytest.skip(f"SERVER NOT AVAILABLE: Chromium: {error}")
    try:
        yield started
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a database with the schema and no rows, to be copied."""
    url = postgres_server.create()
    migrate(url)
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database with the schema and no rows; every test that uses it runs on both."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/hub.sqlite3"
        lay_out(url)
        yield url
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    url = server.create(request.getfixturevalue("migrated_postgres"))
    yield url
    server.drop(url)
