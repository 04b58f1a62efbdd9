"""Workbooks and every kind of database keep the laws of records, as text files and PostgreSQL do elsewhere."""

from functools import partial

import pytest

from baton.kit.laws_record_troubles import LAWS as TROUBLE_LAWS
from baton.kit.run import Verdict, laws_for, try_law
from connectors.data.file.connector import DataFile
from connectors.data.file.simulator import Simulator
from connectors.data.sql.connector import SqlDatabase
from tests.connectors.data.databases import MysqlDatabase, SqliteDatabase
from tests.connectors.data.sql_counterpart import SqlCounterpart

LAWS = [law for law in laws_for(SqlDatabase) if law not in TROUBLE_LAWS]
assert set(LAWS) <= set(laws_for(DataFile))


def expect_kept(law, connector, make):
    result = try_law(law, connector, make)
    if result.verdict is Verdict.NOT_APPLICABLE:
        assert result.detail.startswith("the other side is not reached over HTTP")
        return
    assert result.verdict is Verdict.OK, result.detail


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_workbook_keeps_the_law(law):
    expect_kept(law, DataFile, partial(Simulator, "xlsx"))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_sqlite_keeps_the_law(law, tmp_path):
    database = SqliteDatabase(tmp_path)
    expect_kept(law, SqlDatabase, lambda: SqlCounterpart(database))


@pytest.fixture(scope="module")
def mariadb_database(mariadb_server):
    database = MysqlDatabase(mariadb_server)
    yield database
    database.close()


@pytest.mark.server
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_mariadb_keeps_the_law(law, mariadb_database):
    expect_kept(law, SqlDatabase, lambda: SqlCounterpart(mariadb_database))
