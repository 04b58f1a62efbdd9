"""One memory of compiled SQL for all databases of a test process.

SQLAlchemy keeps what it has compiled with the engine, and nearly every test opens a database of its own: compiling the
same few hundred statements again and again was an eighth of what a test of the hub cost. A hub in earnest opens one
database in the life of its process.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.util import LRUCache

from baton.store.database import Database

_LARGEST: Final = 2000
_DIALECTS: Final[dict[str, Dialect]] = {}
"""Name of the database -> the dialect of the first hub on it: what it compiles is good for one server of each kind."""
_COMPILED: Final[LRUCache] = LRUCache(_LARGEST)  # type: ignore[type-arg]


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
