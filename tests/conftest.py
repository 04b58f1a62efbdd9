"""Fixtures that several parts of the suite share: the databases the store must run on."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings

from baton.store.tables import metadata
from tests.rig.browser import chromium
from tests.rig.connections import Connections
from tests.rig.examples import MANY
from tests.rig.schema import lay_out, migrate
from tests.rig.statements import share
from tests.servers.mariadb import MariaDb, mariadb
from tests.servers.postgres import Postgres, postgres
from tests.servers.unprivileged import NoServerError

share()
# Tests that say no number of examples of their own. None is hurried: machines are slow at times.
settings.register_profile("suite", max_examples=100 * MANY, deadline=None)
settings.load_profile("suite")
_FOLDERS: Final = itertools.count(1)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of the test's own, which stays where the test fails.

    pytest's looks through all there are for the next number and keeps each of them: thousands, and gigabytes that the
    disk must take.
    """
    name = re.sub(r"\W", "_", request.node.name)[:30]
    folder = tmp_path_factory.getbasetemp() / f"{next(_FOLDERS)}-{name}"
    folder.mkdir()
    failed = request.session.testsfailed
    yield folder
    if request.session.testsfailed == failed:
        shutil.rmtree(folder, ignore_errors=True)


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
def migrated_postgres(postgres_server: Postgres) -> Iterator[tuple[str, Connections]]:
    """The URL of a database with the schema, which one test after the other uses: cleared before each."""
    url = postgres_server.create()
    migrate(url)
    connections = Connections(url)
    with connections.lent():
        yield url, connections
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database with the schema and no rows; every test that uses it runs on both."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/hub.sqlite3"
        lay_out(url)
        yield url
        return
    yield cleared(request)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database in which there is nothing, not even the schema."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/hub.sqlite3"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    url = server.create()
    yield url
    server.drop(url)


def cleared(request: pytest.FixtureRequest) -> str:
    """The URL of PostgreSQL's database with the schema and no rows."""
    server: Postgres = request.getfixturevalue("postgres_server")
    url, connections = request.getfixturevalue("migrated_postgres")
    server.clear(url, list(metadata.tables), connections.processes())
    return str(url)
