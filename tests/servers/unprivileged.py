"""Database servers refuse to run as root: become somebody else between fork and exec."""

from __future__ import annotations

import functools
import os
import pwd
from collections.abc import Callable, Sequence
from pathlib import Path


class NoServerError(Exception):
    """The server cannot be run here; the message says why."""


def demote(folder: Path, users: Sequence[str]) -> Callable[[], None] | None:
    """What a child must do to become one of these users, who then owns ``folder``; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in users:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return functools.partial(_become, user.pw_uid, user.pw_gid)
    raise NoServerError(f"running as root, and there is no user {' or '.join(users)} to run the server as")


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
