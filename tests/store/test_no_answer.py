"""A database server that does not answer: said in our words, without its address."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from baton.errors import ConfigurationError
from baton.store.database import Database
from baton.store.migrate import upgrade


def test_it_is_told_without_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sa.engine.Engine, "connect", _refused)
    database = Database("postgresql+psycopg://hub:synthetic@db.invalid/hub")
    with pytest.raises(ConfigurationError) as told:
        upgrade(database)
    database.close()
    assert "does not answer" in str(told.value)
    assert "synthetic" not in str(told.value)
    assert told.value.__cause__ is None


def _refused(*_: object) -> None:
    raise sa.exc.OperationalError("SELECT", {}, Exception("connection to hub:synthetic@db.invalid failed"))
