"""PostgreSQL's write-ahead log, read from its segments: everything that any row has ever held, deleted or taken back too.

Layout as in PostgreSQL's own ``xlog_internal.h`` and ``xlogrecord.h``: pages of 8 KiB, each with a header of 24 bytes (the
first one of a segment: 40); records of a length that stands first in them, each beginning at a multiple of 8, and going on
behind the next page's header. A record names the relations it changes as tablespace, database, number.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

_SEGMENT: Final = 16 << 20
_SEGMENTS: Final = (1 << 32) // _SEGMENT
"""In the middle number of a file's name."""
_PAGE: Final = 8192
_HEADER: Final = 24
_FIRST_HEADER: Final = 40
_TIMELINE: Final = 1
"""A server that nobody restored from a backup stays on its first."""
_ALIGNED: Final = 8
_LENGTH: Final = struct.Struct("<I")
_DEFAULT_TABLESPACE: Final = 1663


class LogGoneError(AssertionError):
    """A part of the log was recycled before it was searched."""


def place(lsn: str) -> int:
    """A place in the log as a number: ``0/1A2B`` is what PostgreSQL calls it."""
    high, low = lsn.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def between(folder: Path, start: int, end: int) -> bytes:
    """The records from one place to another, without the headers of pages. Raises `LogGoneError`.

    ``folder`` is the server's ``pg_wal``; both places begin a record, or end the last one.
    """
    out = bytearray()
    while start < end:
        number, offset = divmod(start, _SEGMENT)
        until = min(end - number * _SEGMENT, _SEGMENT)
        file = folder / f"{_TIMELINE:08X}{number // _SEGMENTS:08X}{number % _SEGMENTS:08X}"
        try:
            with file.open("rb") as segment:
                segment.seek(offset - offset % _PAGE)
                data = segment.read(until - segment.tell())
        except FileNotFoundError:
            raise LogGoneError(f"{file.name} is gone: a test wrote more than wal_keep_size lets stay") from None
        out += _bodies(data, offset)
        start = (number * _SEGMENT) + until
    return bytes(out)


def _bodies(data: bytes, offset: int) -> bytes:
    """What the pages of one segment hold, from an offset on; ``data`` begins with the page in which that lies."""
    first = offset - offset % _PAGE
    pieces = []
    for at in range(0, len(data), _PAGE):
        header = _FIRST_HEADER if first + at == 0 else _HEADER
        pieces.append(data[at + max(header, offset - first if at == 0 else 0) : at + _PAGE])
    return b"".join(pieces)


def of_databases(records: bytes, databases: Collection[int]) -> Iterator[bytes]:
    """Those records that change a relation of one of these databases (by their OID)."""
    marks = [struct.pack("<II", _DEFAULT_TABLESPACE, database) for database in databases]
    for record in _each(records):
        if any(mark in record for mark in marks):
            yield record


def _each(records: bytes) -> Iterator[bytes]:
    at = 0
    while at + _LENGTH.size <= len(records):
        (length,) = _LENGTH.unpack_from(records, at)
        if length == 0:
            raise ValueError(f"no record begins at {at} of {len(records)}")
        yield records[at : at + length]
        at += length + -length % _ALIGNED
