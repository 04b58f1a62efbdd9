"""A backup: the database and the sealed files that its rows speak of, with a signed list of all of it.

::

    FOLDER/
        baton.sqlite3      the database as of one moment
        state/kept/…       files put to items, certificates
        state/migrations/… staged records
        state/payments/…   finished payment files, encrypted for the bank
        manifest.json      when, how far the audit log reached, SHA-256 of every file
        manifest.sig       Ed25519 by the key of the audit log, base64

Neither the keyring nor the ledger of erasures is in it: with the first, whoever finds a backup could read it; the
second must know of everything that was forgotten after the backup.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from baton.errors import ConfigurationError, Fault, TamperedError
from baton.hub import proof
from baton.hub.core import Hub
from baton.hub.handed_out import new_folder
from baton.store.copying import copy_database, entries_in, require_sound
from baton.store.folders import files_below, passing_over_what_is_gone
from baton.store.migrate import HEAD
from baton.store.trail import Entry, append

DATABASE: Final = "baton.sqlite3"
_KEPT: Final = "kept"
FILES: Final = (_KEPT, "migrations", "payments")
"""Folders of the state directory whose files rows speak of."""
_MANIFEST: Final = "manifest.json"
_SIGNATURE: Final = "manifest.sig"
_DOMAIN: Final = b"baton backup 1"
_BLOCK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself; made by `take` or by `opened`, which has checked all of it."""

    folder: Path
    at: datetime
    schema: str
    entries: int
    """Entries of the audit log in it."""
    files: Mapping[str, str]
    """Path in the folder -> SHA-256 (hex)."""
    digest: str
    """SHA-256 (hex) of the manifest."""


def take(hub: Hub, folder: Path) -> Backup:
    """Make a backup in a folder that does not exist yet. Everything goes on meanwhile.

    It grows beside its place, in ``FOLDER.part``, and is taken away again when it fails.

    Raises `ConfigurationError` for a folder that is there, and on PostgreSQL; `LostLinkError` where the disk is away
    that a folder of the state directory is a link to.
    """
    with new_folder(folder) as half:
        made = replace(_filled(hub, half), folder=folder)
    try:
        with hub.database.write() as connection:
            body: dict[str, Any] = {"manifest": made.digest, "entries": made.entries}
            append(connection, [Entry(kind="backup", at=made.at, body=body)])
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return made


def _filled(hub: Hub, folder: Path) -> Backup:
    """Everything that belongs into a backup, copied, listed and signed."""
    now = hub.clock.now()
    copy_database(hub.database, folder / DATABASE)
    require_sound(folder / DATABASE)
    # After the database: what a row of it speaks of was written before the row.
    for name in FILES:
        source = hub.state_dir / name
        _copy(hub.kept_files.files() if name == _KEPT else files_below(source), source, folder / "state" / name)
    entries = entries_in(folder / DATABASE)
    files = {str(path.relative_to(folder)): digest_of(path) for path in files_below(folder)}
    manifest: dict[str, Any] = {"format": 1, "at": now.isoformat(), "schema": HEAD, "entries": entries, "files": files}
    data = json.dumps(manifest, indent=1, sort_keys=True).encode()
    (folder / _MANIFEST).write_bytes(data)
    (folder / _SIGNATURE).write_bytes(base64.b64encode(proof.signer(hub).vouch(_DOMAIN, data)) + b"\n")
    return Backup(folder, now, HEAD, entries, files, hashlib.sha256(data).hexdigest())


def opened(hub: Hub, folder: Path) -> Backup:
    """A backup, once its signature and every file in it have been checked; raises `TamperedError` otherwise."""
    try:
        data = (folder / _MANIFEST).read_bytes()
        signature = base64.b64decode((folder / _SIGNATURE).read_bytes().strip(), validate=True)
        manifest = json.loads(data)
        at = datetime.fromisoformat(manifest["at"])
        found = Backup(
            folder, at, manifest["schema"], manifest["entries"], manifest["files"], hashlib.sha256(data).hexdigest()
        )
    except FileNotFoundError:
        raise ConfigurationError([Fault(str(folder), "no_backup", "is not the folder of a backup")]) from None
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise TamperedError("the manifest of the backup cannot be read", code="manifest") from None
    proof.public_keys(hub).require(_DOMAIN, data, signature, found.at)
    there = {str(path.relative_to(folder)) for path in files_below(folder)} - {_MANIFEST, _SIGNATURE}
    changed = [name for name, of in found.files.items() if name not in there or digest_of(folder / name) != of]
    strange = there - found.files.keys()
    if changed or strange:
        what = f"{len(changed)} files of the backup are gone or changed, {len(strange)} were added"
        raise TamperedError(what, code="backup_changed", remedy="use another backup")
    if DATABASE not in found.files:
        raise TamperedError("the backup has no database", code="backup_changed", remedy="use another backup")
    require_sound(folder / DATABASE)
    return found


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _copy(files: Iterable[Path], source: Path, target: Path) -> None:
    """Every finished one of these below a folder; what is deleted meanwhile no row speaks of any more."""
    for path in files:
        if path.suffix == ".part":
            continue
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with passing_over_what_is_gone(path):
            shutil.copyfile(path, copy)
            copy.chmod(0o600)
