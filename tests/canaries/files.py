"""Looking into files: databases with their logs (only what is not as it was), workbooks part by part, PDFs as they are
read, all others whole.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.rig import schema

_PAGE: Final = 4096
_DATABASES: Final = ("hub.sqlite3", "baton.sqlite3")
"""The hub's own, by the names that tests and settings give them: other processes may have written them."""
_STATE: Final = "state"
_BLANK: Final = re.compile(r"[\s\x00]+")
_LOGS: Final = ("", "-wal", "-journal")
_PIECE_BYTES: Final = 1 << 20
_SEAM_BYTES: Final = 512
"""Longer than anything that is looked for."""


def fresh(data: bytes, before: bytes) -> bytes:
    """The pages of a database that are not as they were before; all where nothing was."""
    if not before:
        return data
    pages = range(0, len(data), _PAGE)
    return b"\n".join(data[at : at + _PAGE] for at in pages if data[at : at + _PAGE] != before[at : at + _PAGE])


def parts(path: Path) -> Iterator[bytes]:
    """What a file says: the members of an archive (a workbook is one), the text of a PDF, anything else piece by piece.

    Pieces overlap, and are small: some tests measure memory. A file that is gone says nothing.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(4)
            if begin == b"PK\x03\x04":
                yield from _members(path)
                return
            if begin == b"%PDF":
                yield from _pages(path.read_bytes())
            file.seek(0)
            seam = b""
            while piece := file.read(_PIECE_BYTES):
                yield seam + piece
                seam = piece[-_SEAM_BYTES:]
    except OSError:
        return


def _members(path: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):  # half a file, or one that is locked
        yield path.read_bytes()


def _pages(pdf: bytes) -> Iterator[bytes]:
    """What a reader of a PDF is shown, what it says about itself, and what is attached to it; nothing if it is damaged.

    A second time without blanks: between the letters of some fonts are some.
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(pdf))
        text = "\n".join([*(page.extract_text() for page in reader.pages), *map(str, (reader.metadata or {}).values())])
        attached = [content for contents in reader.attachments.values() for content in contents]
    except PyPdfError:
        return
    yield text.encode()
    yield _BLANK.sub("", text).encode()
    yield from attached


def databases_below(folder: Path) -> Iterator[Path]:
    """The hub's databases in a test's own folder."""
    rooms = list(_rooms(folder))
    for place in (str(folder), *rooms, *(f"{room}/{_STATE}" for room in rooms)):
        for entry in _entries(place):
            if entry.name.startswith(_DATABASES):  # a log without its database, too
                yield Path(place, next(name for name in _DATABASES if entry.name.startswith(name)))


def state_below(folder: Path) -> Iterator[Path]:
    """Every file of the hub's state folders in a test's own folder, its databases apart."""
    for room in (str(folder), *_rooms(folder)):
        for place, _, names in os.walk(f"{room}/{_STATE}"):
            yield from (Path(place, name) for name in names if not name.startswith(_DATABASES))


def _rooms(folder: Path) -> Iterator[str]:
    """The folders right in a folder."""
    return (entry.path for entry in _entries(str(folder)) if entry.is_dir())


def _entries(place: str) -> list[os.DirEntry[str]]:
    """What lies in a folder; nothing where there is none. Patterns would take ten times as long, after every test."""
    try:
        with os.scandir(place) as found:
            return list(found)
    except OSError:
        return []


def of_database(path: Path) -> Iterator[Path]:
    """A database and its logs."""
    return (path.with_name(path.name + log) for log in _LOGS)


class Pages:
    """Databases as they were when they were looked at last; one never looked at: as the schema lays it out."""

    def __init__(self) -> None:
        self._last: dict[Path, bytes] = {}

    def unseen(self, path: Path) -> bytes:
        """What a database, or a log of one, holds now and has not held before; nothing when it is not there."""
        try:
            data = path.read_bytes()
        except OSError:
            return b""
        before = self._last.get(path)
        if before is None:
            before = schema.laid_out_already()
        self._last[path] = data
        return b"" if data == before else fresh(data, before)

    def forget(self, folder: Path) -> None:
        """Whatever lies below a folder is not looked at again."""
        for path in [path for path in self._last if folder in path.parents]:
            del self._last[path]
