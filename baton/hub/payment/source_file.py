"""A file that payroll or HR has exported, as pages of rows: delimited text or a workbook, in whatever encoding."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from baton import tables
from baton.jobs.payment.headers import Headers
from baton.model.source_rows import Origin, SourcePage

_LARGEST_BYTES: Final = 512 * 1024 * 1024
_CAPS: Final = tables.Caps()


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file of rows, opened."""

    origin: Origin
    columns: dict[str, str]
    """Column name -> header."""
    pages: Iterator[SourcePage]


def open_rows(path: Path, headers: Headers) -> OpenedFile:
    """Read a file. Raises `FeedRefusedError` for one that cannot be trusted, `ConfigurationError` for its headers."""
    digest = ""
    try:
        data = tables.read_plain(path, _LARGEST_BYTES)
        digest = hashlib.sha256(data).hexdigest()
        table = _table(data)
    except tables.FileError as fault:
        raise tables.refused(fault, digest) from fault
    columns = headers.recognised(table.frame.columns, path.name)
    as_of = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return OpenedFile(Origin(path.name, digest, as_of, table.detail), columns, tables.pages(table, 50_000))


def _table(data: bytes) -> tables.Table:
    layout = tables.Layout()
    if tables.kind_of(data) is tables.Kind.WORKBOOK:
        found = tables.read_workbook(data, None, layout, _CAPS, tables.ArchiveCaps())
    else:
        found = tables.read_delimited(tables.decode(data, None).utf8, layout, _CAPS)
    return tables.settled(found, layout, _CAPS)
