"""Bringing the schema up to date, on both databases, with the same migrations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from baton.errors import ConfigurationError, Fault
from baton.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS: Final = Path(__file__).parent / "migrations"
HEAD: Final = "0015"
"""The newest migration there is. Written here so that a start that has nothing to migrate need not load Alembic."""


def upgrade(database: Database) -> None:
    """Apply the migrations that are missing. Safe to call at every start and from several processes at once.

    Raises `ConfigurationError` when PostgreSQL does not answer, and for a schema that only a newer Baton knows.
    """
    try:
        with database.read() as connection:
            found = _revision(connection)
            if found == HEAD:
                return
    except sa.exc.OperationalError:
        if database.dialect == "sqlite":
            raise  # what is wrong with a file or its disk is in the message
        # Whose message may repeat where the database is, and who logs in there.
        raise ConfigurationError([Fault("database", "no_answer", "PostgreSQL does not answer")]) from None
    _require_known(found)
    from alembic import command

    with database.write() as connection:
        database.alone(connection, "migrate")
        command.upgrade(_config(connection), "head")


def _require_known(revision: str | None) -> None:
    known = {path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("*.py")}
    if revision is not None and revision not in known:
        message = (
            f"was written by a newer Baton (schema {revision[:40]}; this one knows them up to {HEAD}): "
            "install that version, or go back to a backup of this one"
        )
        raise ConfigurationError([Fault("database", "newer_schema", message)])


def _config(connection: sa.Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
