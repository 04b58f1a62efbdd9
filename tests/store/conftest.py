"""Every test of the store runs on SQLite and on PostgreSQL. The schema is made once for each, then emptied or copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.store.database import Database
from baton.store.tables import metadata
from tests.rig.schema import lay_out
from tests.store.desk import Desk, desk_on


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the schema and no rows."""
    if request.param == "sqlite":
        file = f"sqlite:///{tmp_path}/hub.sqlite3"
        lay_out(file)
        return file
    url: str = request.getfixturevalue("migrated_postgres")
    _empty(url)
    return url


@pytest.fixture
def desk(migrated_url: str) -> Iterator[Desk]:
    with desk_on(migrated_url) as opened:
        yield opened


def _empty(url: str) -> None:
    database = Database(url)
    names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
    with database.write() as connection:
        connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    database.close()
