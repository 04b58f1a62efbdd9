"""The truth of a system in a database file of its own: it outlives the hub's process, whenever that dies."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar


class DiskLedger:
    """Base: subclasses name their tables. ``at`` hears of every point that is passed, and may end the process."""

    tables: ClassVar[str]
    """``CREATE TABLE IF NOT EXISTS`` statements."""

    def __init__(self, path: Path, at: Callable[[str], None] = lambda _: None) -> None:
        self.path = path
        self.at = at
        with self.open() as connection:
            connection.executescript(self.tables)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone on the file; what is not committed at its end never was."""
        connection = sqlite3.connect(self.path, timeout=60)
        try:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
        finally:
            connection.close()
