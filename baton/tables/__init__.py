"""Tables in files, however they were exported: encoding, delimiter, header and sheet found; every bad row named.

Connectors reach these names through ``baton.sdk.tables``. Importing the package is cheap: polars and the readers are
loaded with the first name that is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from baton.tables.archive import ArchiveCaps
    from baton.tables.delimited import read_delimited
    from baton.tables.encoding import decode
    from baton.tables.faults import FileError
    from baton.tables.place import Choice, Place
    from baton.tables.table import Caps, Layout, Table, pages, settled
    from baton.tables.workbook import read_workbook, sheet_names

_HOMES = {
    "ArchiveCaps": "archive",
    "Caps": "table",
    "Choice": "place",
    "FileError": "faults",
    "Layout": "table",
    "Place": "place",
    "Table": "table",
    "decode": "encoding",
    "pages": "table",
    "read_delimited": "delimited",
    "read_workbook": "workbook",
    "settled": "table",
    "sheet_names": "workbook",
}

__all__ = [
    "ArchiveCaps",
    "Caps",
    "Choice",
    "FileError",
    "Layout",
    "Place",
    "Table",
    "decode",
    "pages",
    "read_delimited",
    "read_workbook",
    "settled",
    "sheet_names",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
