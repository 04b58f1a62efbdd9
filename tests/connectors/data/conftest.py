"""One empty database per test, of each kind in turn."""

import pytest

from tests.connectors.data.databases import MysqlDatabase, PostgresDatabase, SqliteDatabase

SERVERS = [pytest.param("postgresql", marks=pytest.mark.server), pytest.param("mariadb", marks=pytest.mark.server)]


def opened(request, tmp_path, kind):
    match kind:
        case "postgresql":
            return PostgresDatabase(request.getfixturevalue("postgres_server"))
        case "mariadb":
            return MysqlDatabase(request.getfixturevalue("mariadb_server"))
    return SqliteDatabase(tmp_path)


@pytest.fixture(params=["sqlite", *SERVERS])
def database(request, tmp_path):
    one = opened(request, tmp_path, request.param)
    yield one
    one.close()


@pytest.fixture(params=SERVERS)
def served(request, tmp_path):
    """The same, of those kinds that have a server."""
    one = opened(request, tmp_path, request.param)
    yield one
    one.close()


@pytest.fixture
def postgresql(request, tmp_path):
    one = opened(request, tmp_path, "postgresql")
    yield one
    one.close()


@pytest.fixture
def mariadb(request, tmp_path):
    one = opened(request, tmp_path, "mariadb")
    yield one
    one.close()


@pytest.fixture
def sqlite(request, tmp_path):
    return opened(request, tmp_path, "sqlite")
