"""A NUL in a text: PostgreSQL holds none, which is whoever's fault has sent it, and is said without repeating it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from baton.errors import UnstorableError
from baton.store.database import Database
from baton.store.tables import runs

CANARY = "synthetic-canary"


def test_it_is_found_nowhere_or_refused_by_name(database_url: str) -> None:
    database = Database(database_url)
    query = sa.select(runs.c.id).where(runs.c.id.in_([f"{CANARY}\x00", "another"]))
    with database.read() as connection:
        if database.dialect == "sqlite":
            assert connection.execute(query).all() == []
        else:
            with pytest.raises(UnstorableError) as told:
                connection.execute(query)
            assert CANARY not in str(told.value)
    database.close()


def test_other_data_that_is_wrong_is_not_called_so(database_url: str) -> None:
    database = Database(database_url)
    if database.dialect == "postgresql":
        with database.read() as connection, pytest.raises(sa.exc.DataError):
            connection.execute(sa.text("SELECT CAST(:text AS integer)"), {"text": "no number"})
    database.close()
