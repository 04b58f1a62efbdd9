"""The hub's own reader of data files, without a hub around it."""

from __future__ import annotations

from pathlib import Path

from baton.contracts import Feed
from connectors.data.file.connector import DataFile
from connectors.data.file.settings import DataFileSettings


def records(path: Path) -> Feed:
    """The only collection of the file."""
    source = DataFile(DataFileSettings(path=path), None)  # type: ignore[arg-type]  # a file needs no HTTP client
    (name,) = source.collections()
    return source.records(name)
