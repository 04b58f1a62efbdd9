"""Where `BATON_ONE_DATABASE` is set, as CI does, a story of the hub runs on one of the two databases, not on both.

Every store, and every story in which several are at work at once, runs on both all the same. Which database a story has
hangs on its name alone, so that each has half of them and a failure comes again. What is left out is counted by pytest
as deselected. ``make test`` leaves nothing out.

Loaded by ``-p tests.one_database`` (pyproject.toml).
"""

from __future__ import annotations

import os
import zlib
from typing import Final

import pytest

VARIABLE: Final = "BATON_ONE_DATABASE"
STORIES: Final = "tests/hub/"
AT_ONCE: Final = ("race", "two_at_once", "standing", "lives", "hourly_cost", "spans", "restored", "rotated")
"""A word in a module's name -> locks, statements or a whole database are what it is about: both, always."""
DATABASES: Final = ("sqlite", "postgresql")


def left_out(test: str, database: str) -> bool:
    """Whether a story (its node id) is not for this database; never what needs none."""
    path, _, name = test.partition("::")
    if database not in DATABASES or not path.startswith(STORIES) or any(word in path for word in AT_ONCE):
        return False
    named = f"{path}::{name.replace(database, '')}".encode()
    return DATABASES[zlib.crc32(named) % 2] != database


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not os.environ.get(VARIABLE):
        return
    dropped = [item for item in items if left_out(item.nodeid, _database(item))]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        gone = set(dropped)
        items[:] = [item for item in items if item not in gone]


def _database(item: pytest.Item) -> str:
    spec = getattr(item, "callspec", None)
    given = "" if spec is None else spec.params.get("database_url", "")
    return given if given in DATABASES else ""
