"""The hub's own keys: made once, rotated without an outage, never printed."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.audit.checkpoint import Signer
from baton.errors import ConfigurationError, Fault, LeaseLostError, TamperedError
from baton.hub.core import KEYRING, Hub
from baton.settings import HubSettings
from baton.store.effects import chunked
from baton.store.personal import Keyring
from baton.store.staging import Staged, sync_folder
from baton.store.tables import (
    alerts,
    bank_differences,
    bank_events,
    case_items,
    cases,
    effects,
    item_versions,
    migrations,
    pay_comparisons,
    pay_files,
    pay_lines,
    pay_runs,
    person_versions,
    recovery_cases,
    recovery_entries,
    settlements,
    statements,
    told_lines,
)
from baton.store.trail import Entry, append, newest_entries
from baton.vault import FileSecrets

_LOOKED_BACK: Final = 1_000
"""So many entries about keys there are at most between two of the keyring: each is written by hand."""
_ROWS_AT_ONCE: Final = 200
_PASSES: Final = 50
_BETWEEN_PASSES_S: Final = 0.2
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
    Sealed(told_lines, "sealed", "source", "version"),
    Sealed(effects, "payload", "key", "version"),
    Sealed(migrations, "sealed", "run_id", "version"),
    Sealed(cases, "sealed", "id", "version"),
    Sealed(case_items, "sealed", "key", "version"),
    Sealed(item_versions, "sealed", "key", "version"),
    Sealed(statements, "sealed", "key", "version"),
    Sealed(alerts, "sealed", "key", "version"),
    Sealed(pay_runs, "sealed", "run_id", "version"),
    Sealed(pay_lines, "sealed", "key", "version"),
    Sealed(pay_files, "sealed", "message_id", "version"),
    Sealed(bank_events, "sealed", "key", "version"),
    Sealed(bank_differences, "sealed", "key", "version"),
    Sealed(pay_comparisons, "sealed", "run_id", "version"),
    Sealed(recovery_cases, "sealed", "id", "version"),
    Sealed(recovery_entries, "sealed", "key", "version"),
    Sealed(settlements, "sealed", "id", "version"),
)
"""Every sealed column of the schema; a test compares this with the tables."""


def create_keys(settings: HubSettings, *, log_name: str = "baton/audit") -> list[Path]:
    """Make the keys that are missing, as files in the secrets directory; returns what was written."""
    made = {KEYRING: Keyring.generate().to_text(), AUDIT_KEY: Signer.generate(log_name).secret_text}
    written = []
    for place, text in made.items():
        if settings.vault.find(*place) is None:
            path = settings.hub.secrets_dir.joinpath(*place)
            with prepared(path, text) as temporary:
                os.link(temporary, path)  # unlike a rename, never over a key that somebody else has just made
            sync_folder(path.parent)
            written.append(path)
    return written


def require_keyring(hub: Hub) -> list[int]:
    """The key versions that something in the store is sealed with; all are in the keyring in use, and open it.

    Of every column one value a version is tried, and a version holds once one has opened: a single value that was
    changed says nothing of its key. Raises `ConfigurationError` for the keyring of another store, or an old copy.
    """
    found: dict[int, bool] = {}
    with hub.database.read() as connection:
        for place in SEALED:
            for version, opens in _tried(hub, connection, place):
                found[version] = opens or found.get(version, False)
    closed = sorted(version for version, opens in found.items() if not opens)
    if closed:
        used = ", ".join(map(str, closed))
        message = (
            f"the keyring in use is not the one of this store, or an old copy: nothing sealed with key version {used} "
            "opens. Put the newest copy of this store's keyring back before anything else; what is made with another "
            "is worth nothing. Looked for in: " + "; ".join(hub.settings.vault.places(*KEYRING))
        )
        raise ConfigurationError([Fault("/".join(KEYRING), "other_keyring", message)])
    return sorted(found)


def _tried(hub: Hub, connection: sa.Connection, place: Sealed) -> Iterator[tuple[int, bool]]:
    """Of one column: each key version that something is sealed with, and whether one such value opens."""
    row, version, sealed = (place.table.c[name] for name in (place.row, place.version, place.column))
    mark = sa.func.substr(sealed, 1, Keyring.MARK_BYTES)
    for head in connection.execute(sa.select(mark).where(sealed.is_not(None)).distinct()).scalars().all():
        found = connection.execute(sa.select(row, version, sealed).where(mark == head).limit(1)).first()
        if found is None:
            continue  # gone by now, on PostgreSQL, where others go on writing
        name, number, value = found
        named = int.from_bytes(head[1:], "big")
        try:
            hub.keyring.open(value, table=place.table.name, row=name, column=place.column, version=number)
        except TamperedError:
            yield named, False
        else:
            yield named, True


def rotate_keys(hub: Hub) -> Iterator[tuple[int, int]]:
    """Add a key version and seal every personal value with it, in small transactions; yields (done, total).

    A staged record of a migration (its file, and what is sealed of its row) counts as one value.

    Interrupted, it goes on where it stopped when called again. What others are just writing, or are still writing with
    the old key, is gone over again; `LeaseLostError` when they do not stop. Kept files that are damaged, or lie where
    none is kept, are left as they are: `TamperedError` names them, once all else is sealed; the next call is another
    rotation. Old versions stay in the keyring, so that backups can still be read; take them out by hand when no backup
    needs them any more.
    """
    path = hub.settings.hub.secrets_dir.joinpath(*KEYRING)
    kept = FileSecrets(hub.settings.hub.secrets_dir).get(*KEYRING)
    if kept is None or kept != hub.settings.vault.find(*KEYRING):
        message = f"the keyring in use does not come from {path}; rotate it where it is kept, then run this again"
        raise ConfigurationError([Fault(str(path), "keyring_elsewhere", message)])
    _renew_keyring(hub, path)
    left = _left(hub)
    done, total = 0, len(left)
    yield done, total
    for _ in range(_PASSES):
        for place, rows in left.rows.items():
            for chunk in chunked(rows, _ROWS_AT_ONCE):
                with hub.database.write() as connection:
                    done += _seal_again(hub, connection, place, chunk)
                    hub.crash_point("sealing_again")
                hub.crash_point("sealed_again")
                yield done, total
        for record in left.staged:
            done += _stage_again(hub, record)
            yield done, total
        left = _left(hub)
        if not len(left):
            break
        total = done + len(left)
        hub.clock.sleep(_BETWEEN_PASSES_S)
    else:
        message = f"others keep writing with the old key: {len(left)} values are still sealed with it"
        raise LeaseLostError(message, remedy="restart the processes that began before the rotation, then call it again")
    closed = hub.kept_files.seal_all_again()
    _note(hub, "sealed", left=len(closed))
    if closed:
        raise _closed(hub, closed)


def _closed(hub: Hub, files: Sequence[Path]) -> TamperedError:
    """A rotation had to leave these as they are. Put back, or renamed, one of them may need an older key."""
    named = "".join(f"\n  {path}" for path in files)
    return TamperedError(
        f"everything else is sealed with key version {hub.keyring.active}, but {len(files)} kept files are damaged or "
        f"lie where none is kept:{named}\n",
        code="kept_file",
        remedy="restore these from a backup or remove them, then call it again; while it names any, take no older key "
        "version out of the keyring",
    )


def _renew_keyring(hub: Hub, path: Path) -> None:
    """Add a key version, unless an earlier rotation is unfinished. Two rotations at once agree on one version."""
    with hub.database.write() as connection:
        hub.database.alone(connection, "keys")
        hub.reload_keyring()
        if len(_left(hub)) or _is_unfinished(connection, hub.keyring.active):
            return
        renewed = hub.keyring.rotate()
        with prepared(path, renewed.to_text()) as temporary:
            make_like(temporary, path)
            hub.crash_point("keyring_renewing")
            temporary.rename(path)
            sync_folder(path.parent)  # before anything is sealed with it: what only a lost key opens is lost
            hub.crash_point("keyring_renewed")
    hub.reload_keyring()
    _note(hub, "rotated")


def _is_unfinished(connection: sa.Connection, active: int) -> bool:
    """Whether the log tells that this version was added, and not that all is sealed with it: files may be left."""
    told = (body for _, body in newest_entries(connection, "keys", _LOOKED_BACK) if "keyring" in body)
    newest = next(told, {"keyring": "sealed"})
    return bool(newest["keyring"] == "rotated" and newest["version"] == active)


def _note(hub: Hub, what: str, left: int = 0) -> None:
    """Into the audit log; ``left`` files were damaged and are not sealed with that version."""
    body: dict[str, Json] = {"keyring": what, "version": hub.keyring.active, **({"left": left} if left else {})}
    with hub.database.write() as connection:
        append(connection, [Entry(kind="keys", at=hub.clock.now(), body=body)])


@dataclass(frozen=True, slots=True)
class _Left:
    """What is not sealed with the active key."""

    rows: dict[Sealed, list[tuple[str, int]]]
    """Of each sealed column, by row and its version."""
    staged: list[Staged]
    """Staged records of migrations: what a rollback within its time reads."""

    def __len__(self) -> int:
        return sum(map(len, self.rows.values())) + len(self.staged)


def _left(hub: Hub) -> _Left:
    found: dict[Sealed, list[tuple[str, int]]] = {}
    with hub.database.read() as connection:
        for place in SEALED:
            row, version, sealed = (place.table.c[name] for name in (place.row, place.version, place.column))
            old = sa.func.substr(sealed, 1, Keyring.MARK_BYTES) != hub.keyring.mark
            rows = connection.execute(sa.select(row, version).where(old).order_by(row, version))
            found[place] = [(each[0], each[1]) for each in rows]
        return _Left(found, hub.staging.outdated(connection))


def _stage_again(hub: Hub, former: Staged) -> int:
    """Seal a staged record with the active key; returns how many that were. One replaced meanwhile is left alone.

    The new file is on the disk before the row speaks of it, and the former stays for a day.
    """
    renewed = hub.staging.seal_again(former)
    hub.crash_point("staging_again")
    with hub.database.write() as connection:
        done = hub.staging.exchange(connection, former, renewed)
        hub.crash_point("staged_again")
    return int(done)


def _seal_again(hub: Hub, connection: sa.Connection, place: Sealed, rows: Sequence[tuple[str, int]]) -> int:
    """Seal these with the active key; returns how many that were. What somebody else has locked is left alone.

    Locked from the look to the write, so that nothing is set back to what it was before somebody else changed it.
    """
    table = place.table
    row, version, column = (table.c[name] for name in (place.row, place.version, place.column))
    looking = sa.select(row, version, column).where(sa.tuple_(row, version).in_(rows)).with_for_update(skip_locked=True)
    again = []
    for name, number, sealed in connection.execute(looking).all():
        if hub.keyring.key_version(sealed) != hub.keyring.active:
            bound = {"table": table.name, "row": name, "column": place.column, "version": number}
            fresh = hub.keyring.seal(hub.keyring.open(sealed, **bound), **bound)
            again.append({"at_row": name, "at_version": number, "fresh": fresh})
    if again:
        where = (row == sa.bindparam("at_row"), version == sa.bindparam("at_version"))
        connection.execute(sa.update(table).where(*where).values({place.column: sa.bindparam("fresh")}), again)
    return len(again)


@contextmanager
def prepared(path: Path, text: str) -> Iterator[Path]:
    """A complete file beside the place it is for, readable by its owner only; gone afterwards unless it was moved."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def make_like(renewed: Path, former: Path) -> None:
    """Let the group read it that could read what it takes the place of: containers are given secrets so.

    It stays its owner's only where everybody could read that one, which is nobody's intention, and where the group
    cannot be given to it: what one group was allowed is not given to another.
    """
    was = former.stat()
    for owner, group in ((was.st_uid, -1), (-1, was.st_gid)):
        with suppress(OSError):  # not allowed, or not known to the file system: on a share, or FAT
            os.chown(renewed, owner, group)
    if not was.st_mode & stat.S_IRWXO and renewed.stat().st_gid == was.st_gid:
        renewed.chmod(stat.S_IMODE(was.st_mode))
