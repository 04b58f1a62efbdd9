"""File systems that are too small: real ones, in memory, where this machine lets us mount them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, size_kb: int) -> Iterator[bool]:
    """A file system of its own of this size; gives False where this machine does not let us have one."""
    folder.mkdir(parents=True, exist_ok=True)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(folder)]
    try:
        mounted = os.geteuid() == 0 and subprocess.run(mounting, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def make_room(folder: Path) -> None:
    """Let a small disk be large enough from here on."""
    subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
