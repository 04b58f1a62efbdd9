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
    from baton.tables.faults import FileError, refused
    from baton.tables.kind import Kind, kind_of
    from baton.tables.place import Choice, Place, open_plain, read_plain
    from baton.tables.plain_csv import as_it_is
    from baton.tables.standing import Others, other_rows, read_others
    from baton.tables.stream import DelimitedFile
    from baton.tables.table import LOST_DIGITS, Caps, Layout, Table, pages, settled
    from baton.tables.workbook import read_workbook, sheet_names

_HOMES = {
    "ArchiveCaps": "archive",
    "Caps": "table",
    "Choice": "place",
    "DelimitedFile": "stream",
    "LOST_DIGITS": "table",
    "FileError": "faults",
    "Kind": "kind",
    "Layout": "table",
    "Others": "standing",
    "Place": "place",
    "Table": "table",
    "as_it_is": "plain_csv",
    "decode": "encoding",
    "kind_of": "kind",
    "open_plain": "place",
    "other_rows": "standing",
    "pages": "table",
    "read_delimited": "delimited",
    "read_others": "standing",
    "read_plain": "place",
    "read_workbook": "workbook",
    "refused": "faults",
    "settled": "table",
    "sheet_names": "workbook",
}

__all__ = [
    "LOST_DIGITS",
    "ArchiveCaps",
    "Caps",
    "Choice",
    "DelimitedFile",
    "FileError",
    "Kind",
    "Layout",
    "Others",
    "Place",
    "Table",
    "as_it_is",
    "decode",
    "kind_of",
    "open_plain",
    "other_rows",
    "pages",
    "read_delimited",
    "read_others",
    "read_plain",
    "read_workbook",
    "refused",
    "settled",
    "sheet_names",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
