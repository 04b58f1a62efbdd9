"""An XLSX file as a zip archive, checked and inflated within limits before any spreadsheet reader sees it."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from baton.tables.faults import FileError

_RESAVE: Final = "have the roster saved again as a plain .xlsx workbook"
_CHUNK_BYTES: Final = 4 * 1024 * 1024
_LARGE: Final = ("xl/worksheets/sheet", "xl/sharedstrings")
_SEAM_BYTES: Final = 64
"""What is looked at again across two chunks: longer than anything looked for."""
_ALLOWED_COMPRESSION: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class ArchiveCaps:
    """What an archive may cost."""

    members: int = 2_000
    inflated_bytes: int = 256 * 1024 * 1024
    ratio: int = 100
    """Inflated to packed size, judged once ``ratio_from_bytes`` are exceeded: real workbooks stay near 20."""
    ratio_from_bytes: int = 8 * 1024 * 1024


class Archive:
    """A workbook's XML parts by name, whatever the case of its letters. Every part is checked as it is inflated."""

    def __init__(self, archive: zipfile.ZipFile, names: Sequence[str]) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in names}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def part(self, name: str) -> bytes:
        """The whole part; empty if there is none of that name."""
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The part in pieces. Raises `FileError` for a damaged part and for content no plain workbook has."""
        known = self._names.get(name.lower())
        return iter(()) if known is None else _checked(self._archive, known)


@contextmanager
def opened(data: bytes, caps: ArchiveCaps) -> Iterator[Archive]:
    """A workbook whose listing, and every part but the large ones, is within the limits and as it should be.

    The sheets and the shared strings are checked when they are read. Raises `FileError` for anything a plain .xlsx
    file would not contain.
    """
    try:
        file = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        raise FileError("broken_zip", "the workbook is cut off or damaged", _RESAVE) from error
    with file:
        infos = file.infolist()
        _check_listing(infos, len(data), caps)
        names = [info.filename for info in infos if info.filename.lower().endswith((".xml", ".rels"))]
        for name in names:
            if not name.lower().startswith(_LARGE):
                for _ in _checked(file, name):
                    pass
        yield Archive(file, names)


def _check_listing(infos: list[zipfile.ZipInfo], packed: int, caps: ArchiveCaps) -> None:
    if len(infos) > caps.members:
        raise FileError("too_many_members", f"the workbook has {len(infos)} parts, at most {caps.members} are read")
    names = [info.filename for info in infos]
    if len({name.lower() for name in names}) != len(names):
        raise FileError("duplicate_member", "the workbook holds a part twice", _RESAVE)
    if any(_unsafe(name) for name in names):
        raise FileError("unsafe_member", "the workbook holds a part with a path outside itself", _RESAVE)
    if any(info.flag_bits & 0x1 for info in infos):
        raise FileError("encrypted", "the workbook is encrypted", "have it saved without a password")
    if any(info.compress_type not in _ALLOWED_COMPRESSION for info in infos):
        raise FileError("broken_zip", "the workbook is packed in an unusual way", _RESAVE)
    total = sum(info.file_size for info in infos)
    if total > caps.inflated_bytes or (total > caps.ratio_from_bytes and total > caps.ratio * max(packed, 1)):
        raise FileError("inflates_too_far", f"{packed} bytes would inflate to {total}", _RESAVE)
    lowered = [name.lower() for name in names]
    if any(name.endswith("vbaproject.bin") for name in lowered):
        raise FileError("macros", "the workbook contains macros", _RESAVE)
    if any(name.startswith("xl/externallinks/") for name in lowered):
        raise FileError("external_links", "the workbook takes values from other files", _RESAVE + ", links broken")
    if "xl/workbook.xml" not in lowered or "[content_types].xml" not in lowered:
        raise FileError("not_a_workbook", "the file is a zip archive but no .xlsx workbook", _RESAVE)


def _unsafe(name: str) -> bool:
    return (
        name.startswith("/")
        or "\\" in name
        or ":" in name
        or ".." in name.split("/")
        or any(ord(character) < 32 for character in name)
    )


def _checked(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The part in pieces; it cannot be longer than it is listed, and its checksum is compared at the end."""
    seam, first = b"", True
    try:
        with archive.open(name) as member:
            while chunk := member.read(_CHUNK_BYTES):
                if first and (b"\0" in chunk[:4096] or chunk.startswith((b"\xff\xfe", b"\xfe\xff"))):
                    raise FileError("encoding", "a part of the workbook is not UTF-8", _RESAVE)
                _check_chunk(name.lower(), seam + chunk[:_SEAM_BYTES])
                _check_chunk(name.lower(), chunk)
                seam, first = chunk[-_SEAM_BYTES:], False
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise FileError("broken_zip", "a part of the workbook is damaged", _RESAVE) from error


def _check_chunk(name: str, chunk: bytes) -> None:
    if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
        raise FileError("doctype", "a part of the workbook declares a document type", _RESAVE)
    if name == "[content_types].xml" and b"macroEnabled" in chunk:
        raise FileError("macros", "the workbook is of the macro-enabled kind", _RESAVE)
    if name.endswith(".rels") and b"externalLink" in chunk:
        raise FileError("external_links", "the workbook takes values from other files", _RESAVE + ", links broken")
