"""Which sheets of a workbook can be read as tables."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from baton.tables.archive import ArchiveCaps, unpacked
from baton.tables.faults import FileError

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CONTENT: Final = re.compile(rb"<(?:\w+:)?(?:v|is|f)[ >]")


def visible_sheets(data: bytes, caps: ArchiveCaps) -> tuple[str, ...]:
    """The names of the visible sheets that hold anything, in the workbook's order. Raises `FileError`."""
    parts = unpacked(data, caps)
    targets = {
        node.get("Id"): node.get("Target", "").removeprefix("/xl/").removeprefix("./")
        for node in _tree(parts.get("xl/_rels/workbook.xml.rels", b"")).iter("{*}Relationship")
    }
    return tuple(
        node.get("name", "")
        for node in _tree(parts.get("xl/workbook.xml", b"")).iter(f"{_MAIN}sheet")
        if node.get("state", "visible") == "visible"
        and _CONTENT.search(parts.get(f"xl/{targets.get(node.get(_RELATION), '')}", b""))
    )


def _tree(part: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(part, parser)
    except etree.XMLSyntaxError as error:
        raise FileError(
            "broken_xml", "the list of sheets is missing or damaged", "have it saved again as a plain .xlsx workbook"
        ) from error
