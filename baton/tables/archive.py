"""An XLSX file as a zip archive, checked and inflated within limits before any spreadsheet reader sees it."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from baton.tables.faults import FileError

_RESAVE: Final = "have the roster saved again as a plain .xlsx workbook"
_DOCTYPE: Final = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ALLOWED_COMPRESSION: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class ArchiveCaps:
    """What an archive may cost."""

    members: int = 2_000
    inflated_bytes: int = 256 * 1024 * 1024
    ratio: int = 100
    """Inflated to packed size, judged once ``ratio_from_bytes`` are exceeded: real workbooks stay near 20."""
    ratio_from_bytes: int = 8 * 1024 * 1024


def unpacked(data: bytes, caps: ArchiveCaps) -> Mapping[str, bytes]:
    """The XML parts of a workbook by name. Raises `FileError` for anything a plain .xlsx file would not contain."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        raise FileError("broken_zip", "the workbook is cut off or damaged", _RESAVE) from error
    with archive:
        infos = archive.infolist()
        _check_listing(infos, len(data), caps)
        parts: dict[str, bytes] = {}
        left = caps.inflated_bytes
        for info in infos:
            if not info.filename.lower().endswith((".xml", ".rels")):
                continue
            part = _inflate(archive, info, left)
            left -= len(part)
            _check_part(info.filename, part)
            parts[info.filename] = part
    return parts


def repacked(parts: Mapping[str, bytes]) -> bytes:
    """A fresh, uncompressed archive of exactly these parts: what was checked is what is read."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


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


def _inflate(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    try:
        with archive.open(info) as member:
            part = member.read(left + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FileError("broken_zip", "a part of the workbook is damaged", _RESAVE) from error
    if len(part) > left:
        raise FileError("inflates_too_far", "the workbook inflates beyond its limit", _RESAVE)
    return part


def _check_part(name: str, part: bytes) -> None:
    if b"\0" in part[:4096] or part.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileError("encoding", "a part of the workbook is not UTF-8", _RESAVE)
    if _DOCTYPE.search(part):
        raise FileError("doctype", "a part of the workbook declares a document type", _RESAVE)
    if name.lower() == "[content_types].xml" and b"macroEnabled" in part:
        raise FileError("macros", "the workbook is of the macro-enabled kind", _RESAVE)
    if name.lower().endswith(".rels") and b"externalLink" in part:
        raise FileError("external_links", "the workbook takes values from other files", _RESAVE + ", links broken")
