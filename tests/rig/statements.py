"""One memory of compiled SQL for all databases of a test process.

SQLAlchemy keeps what it has compiled with the engine, and nearly every test opens a database of its own: compiling the
same few hundred statements again and again was an eighth of what a test of the hub cost. A hub in earnest opens one
database in the life of its process. What comes in is looked at once: see `tests.rig.shadowing`.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.util import LRUCache

from baton.store.database import Database
from tests.rig.shadowing import shadowed

_LARGEST: Final = 2000
_DIALECTS: Final[dict[str, Dialect]] = {}
"""Name of the database -> the dialect of the first hub on it: what it compiles is good for one server of each kind."""


class _Compiled(LRUCache):  # type: ignore[type-arg]
    """Lets no statement in of which an EXISTS means any row where this one was meant."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if names := shadowed(str(value)):
            # No `AssertionError`: a round of the hub notes whatever goes wrong in one case, and goes on.
            pytest.fail(f"an EXISTS names {sorted(names)} anew; tie it with .correlate(), or take an alias: {value}")
        super().__setitem__(key, value)


_COMPILED: Final = _Compiled(_LARGEST)


def share() -> None:
    """From now on every hub of this process looks there first."""
    open_alone = Database.__init__

    def open_sharing(database: Database, url: str) -> None:
        open_alone(database, url)
        sa.event.listen(database.engine, "engine_connect", _share)

    Database.__init__ = open_sharing  # type: ignore[method-assign]


def _share(connection: sa.Connection) -> None:
    connection.dialect = _DIALECTS.setdefault(connection.dialect.name, connection.dialect)
    connection.execution_options(compiled_cache=_COMPILED)
