"""Where a disturbed hub keeps its database: a file in its folder, or a PostgreSQL database that the folder names."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.rig.processes import scratch_folder
from tests.rig.schema import lay_out, migrate
from tests.servers.postgres import Postgres, postgres
from tests.servers.unprivileged import NoServerError

_NAMED = "database"
"""The file that holds the URL, where the database is not in the folder itself."""


def url_of(folder: Path) -> str:
    """The URL of the hub that works in this folder."""
    named = folder / _NAMED
    return named.read_text("utf-8") if named.exists() else f"sqlite:///{folder}/hub.sqlite3"


def on_disk(folder: Path, disk: Path) -> None:
    """Have the hub of this folder keep its SQLite file in another one."""
    (folder / _NAMED).write_text(f"sqlite:///{disk}/hub.sqlite3", "utf-8")


class Store(Protocol):
    """One kind of database, on which any number of folders live."""

    title: str

    def begin(self, folder: Path) -> None:
        """Give an empty folder a database of its own."""

    def copied(self, before: Path, folder: Path) -> None:
        """Make ``folder`` what ``before`` is, its database included; nobody may be using that one."""

    def end(self, folder: Path) -> None:
        """Take away what is not in the folder."""


class OnSqlite:
    """A file in the folder, laid out as the rig's hubs find it: copying the folder copies it."""

    title = "SQLite"

    def begin(self, folder: Path) -> None:
        lay_out(f"sqlite:///{folder}/hub.sqlite3")

    def copied(self, before: Path, folder: Path) -> None:
        shutil.copytree(before, folder, dirs_exist_ok=True)

    def end(self, folder: Path) -> None:
        """The folder is all there is."""


@dataclass(frozen=True, slots=True)
class OnPostgres:
    """A database of a running server for every folder."""

    server: Postgres
    title: str = "PostgreSQL"

    def begin(self, folder: Path) -> None:
        url = self.server.create()
        migrate(url)
        (folder / _NAMED).write_text(url, "utf-8")

    def copied(self, before: Path, folder: Path) -> None:
        shutil.copytree(before, folder, dirs_exist_ok=True)
        (folder / _NAMED).write_text(self.server.create(url_of(before)), "utf-8")

    def end(self, folder: Path) -> None:
        self.server.drop(url_of(folder))


@contextmanager
def begun(store: Store, prefix: str) -> Iterator[Path]:
    """A scratch folder with an empty database."""
    with scratch_folder(prefix) as folder:
        store.begin(folder)
        try:
            yield folder
        finally:
            store.end(folder)


@contextmanager
def copied(store: Store, before: Path, prefix: str) -> Iterator[Path]:
    """A scratch folder that is as another one was."""
    with scratch_folder(prefix) as folder:
        store.copied(before, folder)
        try:
            yield folder
        finally:
            store.end(folder)


def on_every_store(what: str, say: Callable[[str], None]) -> Iterator[Store]:
    """SQLite, then PostgreSQL for as long as it is being used; says so aloud where there is no server."""
    yield OnSqlite()
    try:
        with postgres() as server:
            yield OnPostgres(server)
    except NoServerError as error:
        say(f"{what} on PostgreSQL: NOT TRIED, SERVER NOT AVAILABLE: {error}")
