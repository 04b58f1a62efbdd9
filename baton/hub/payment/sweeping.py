"""What interrupted builds leave in the folder of finished files: encrypted, known to no row, and sent by nobody."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton.hub.core import PLANNING, Hub
from baton.hub.payment.delivering import DIGITS, file_path, payments_folder
from baton.store.trail import Entry, append

OLDEST_BUILD_H: Final = 24.0
"""No build takes as long: what is older belongs to nobody who is still at work."""
_OURS: Final = re.compile(rf"[0-9a-f]{{{DIGITS}}}-.+|\.[a-z0-9_]{{8}}\.part")
"""A finished file, or a piece of one."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A file that may go."""

    name: str
    size_bytes: int
    age_h: float


def strays(hub: Hub, older_than_h: float = OLDEST_BUILD_H) -> list[Stray]:
    """Files of ours that no row of a finished file names, older than this; deletes nothing.

    A delivery finds its file by that row, so a file that one may still send, or ask about, is never among them. What
    Baton does not name like this (links, folders, somebody else's files) is not looked at.
    """
    with hub.database.read() as connection:
        return _strays(hub, connection, older_than_h)


def sweep(hub: Hub, older_than_h: float = OLDEST_BUILD_H) -> Sequence[Stray]:
    """Delete them, each with an entry in the audit log; those that went."""
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)  # nobody makes a row for a file meanwhile
        found = _strays(hub, connection, older_than_h)
        now = hub.clock.now()
        append(connection, [Entry(kind="pay_file_swept", at=now, body={"file": stray.name}) for stray in found])
        hub.crash_point("sweeping")
    for stray in found:
        (payments_folder(hub) / stray.name).unlink(missing_ok=True)
    return found


def _strays(hub: Hub, connection: sa.Connection, older_than_h: float) -> list[Stray]:
    known = {file_path(hub, name, digest).name for name, digest in hub.pay_runs.known_files(connection)}
    unknown = (stray for stray in _ours(payments_folder(hub)) if stray.name not in known)
    return [stray for stray in unknown if stray.age_h > older_than_h]


def _ours(folder: Path) -> Iterator[Stray]:
    """Every file there that is named as Baton names them."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if not _OURS.fullmatch(entry.name):
                continue
            try:
                told = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # a build has just given it its name: it is no stray
            if stat.S_ISREG(told.st_mode):
                # By the disk's own clock, as files are dated.
                yield Stray(entry.name, told.st_size, (time.time() - told.st_mtime) / 3600)
