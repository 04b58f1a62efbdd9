"""Which files there are, and what their collections are called."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from baton.sdk import ConfigurationError, Fault, HaltError

_TEXT: Final = (".csv", ".tsv", ".txt")
WORKBOOK: Final = ".xlsx"
_UNFINISHED: Final = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp")
_MOST_ENTRIES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Address:
    """Where a collection lies."""

    path: Path
    sheet: str | None = None
    """Of a workbook."""

    @property
    def exists(self) -> bool:
        """Whether the file is there."""
        return os.path.lexists(self.path)


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory of data files, or one file taken for such a directory."""

    path: Path

    def files(self) -> list[Path]:
        """The data files, by name. Raises `HaltError` when the directory cannot be read."""
        if self._is_one_file:
            return [self.path] if self.path.exists() else []
        found: list[Path] = []
        try:
            with os.scandir(self.path) as entries:
                for count, entry in enumerate(entries):
                    if count >= _MOST_ENTRIES:
                        raise HaltError(
                            f"the directory has more than {_MOST_ENTRIES} entries",
                            code="directory_full",
                            remedy="give the data files a directory of their own",
                        )
                    if _is_data(entry.name) and _is_file(entry):
                        found.append(self.path / entry.name)
        except OSError as error:
            raise _unreadable(error) from error
        return sorted(found)

    def address(self, collection: str) -> Address:
        """Where a collection lies or would lie. Raises `ConfigurationError` for a name that can be none."""
        name, mark, sheet = collection.partition("#")
        is_book = name.lower().endswith(WORKBOOK)
        home = self.path.parent if self._is_one_file else self.path
        ours = not self._is_one_file or name == self.path.name
        if not ours or Path(name).name != name or not _is_data(name) or is_book != bool(mark and sheet):
            raise missing(collection, "name a .csv, .tsv or .txt file of the folder, or book.xlsx#Sheet")
        return Address(home / name, sheet or None)

    @property
    def _is_one_file(self) -> bool:
        try:
            return not self.path.is_dir() and _is_data(self.path.name)
        except OSError as error:  # no permission on the way there, or a name too long
            raise _unreadable(error) from error


def missing(collection: str, remedy: str) -> ConfigurationError:
    """The error for a collection that is not there."""
    return ConfigurationError([Fault(collection[:200], "no_collection", f"there is no such collection: {remedy}")])


def _unreadable(error: OSError) -> HaltError:
    return HaltError(
        f"the directory cannot be read ({error.strerror})",
        code="unreadable_directory",
        remedy="correct path, or give this service permission to read it",
    )


def _is_data(name: str) -> bool:
    lowered = name.lower()
    if lowered.startswith((".", "~$")) or lowered.endswith(_UNFINISHED) or "\0" in name:
        return False
    return Path(lowered).suffix in (*_TEXT, WORKBOOK)


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a plain file; not so where it has been renamed or taken away since the folder was listed."""
    try:
        return stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False
