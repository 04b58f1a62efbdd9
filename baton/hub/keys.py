"""The hub's own keys: made once, rotated without an outage, never printed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton.audit.checkpoint import Signer
from baton.errors import ConfigurationError, Fault
from baton.hub.core import KEYRING, Hub
from baton.settings import HubSettings
from baton.store.effects import chunked
from baton.store.personal import Keyring
from baton.store.tables import effects, person_versions
from baton.store.trail import Entry, append

AUDIT_KEY = ("hub", "audit_key")
"""System and name of the secret that signs checkpoints of the audit log."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed column: where it is and which columns name its place."""

    table: sa.Table
    column: str
    row: str
    version: str


SEALED: Final = (
    Sealed(person_versions, "sealed", "number", "version"),
    Sealed(effects, "payload", "key", "version"),
)
"""Every sealed column of the schema; a test compares this with the tables."""


def create_keys(settings: HubSettings, *, log_name: str = "baton/audit") -> list[Path]:
    """Make the keys that are missing, as files in the secrets directory; returns what was written."""
    made = {KEYRING: Keyring.generate().to_text(), AUDIT_KEY: Signer.generate(log_name).secret_text}
    written = []
    for place, text in made.items():
        if settings.vault.find(*place) is None:
            path = settings.hub.secrets_dir.joinpath(*place)
            _write_secret(path, text)
            written.append(path)
    return written


def rotate_keys(hub: Hub) -> Iterator[tuple[int, int]]:
    """Add a key version and seal every personal value with it, in small transactions; yields (done, total).

    Interrupted, it goes on where it stopped when called again. Old versions stay in the keyring, so that backups can
    still be read; take them out by hand when no backup needs them any more.
    """
    path = hub.settings.hub.secrets_dir.joinpath(*KEYRING)
    if not path.is_file():
        message = f"the keyring does not come from {path}; rotate it where it is kept, then run this again"
        raise ConfigurationError([Fault(str(path), "keyring_elsewhere", message)])
    left = sum(len(rows) for rows in _outdated(hub).values())
    if left == 0:
        hub.use_keyring(hub.keyring.rotate())
        _write_secret(path, hub.keyring.to_text())
        with hub.database.write() as connection:
            entry = Entry(kind="keys", at=hub.clock.now(), body={"keyring": "rotated", "version": hub.keyring.active})
            append(connection, [entry])
    outdated = _outdated(hub)
    total = sum(len(rows) for rows in outdated.values())
    done = 0
    yield done, total
    for place, rows in outdated.items():
        for chunk in chunked(rows, 200):
            with hub.database.write() as connection:
                for row, version in chunk:
                    _seal_again(hub, connection, place, row, version)
            done += len(chunk)
            yield done, total


def _outdated(hub: Hub) -> dict[Sealed, list[tuple[str, int]]]:
    """The rows of each sealed column that are not sealed with the active key."""
    found: dict[Sealed, list[tuple[str, int]]] = {}
    with hub.database.read() as connection:
        for place in SEALED:
            columns = [place.table.c[name] for name in (place.row, place.version, place.column)]
            found[place] = [
                (row[0], row[1])
                for row in connection.execute(sa.select(*columns))
                if hub.keyring.key_version(row[2]) != hub.keyring.active
            ]
    return found


def _seal_again(hub: Hub, connection: sa.Connection, place: Sealed, row: str, version: int) -> None:
    table = place.table
    where = (table.c[place.row] == row, table.c[place.version] == version)
    sealed = connection.execute(sa.select(table.c[place.column]).where(*where)).scalar_one()
    plain = hub.keyring.open(sealed, table=table.name, row=row, column=place.column, version=version)
    again = hub.keyring.seal(plain, table=table.name, row=row, column=place.column, version=version)
    connection.execute(sa.update(table).where(*where).values({place.column: again}))


def _write_secret(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).rename(path)
