"""Which sheets a workbook has, and which of them is the one to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from baton.tables.archive import Archive
from baton.tables.faults import FileError
from baton.tables.xml_section import RESAVE

_CONTENT: Final = re.compile(rb"<(?:\w+:)?(?:v|is|f)[\s>/]")
_SEAM_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name as shown and its part of the archive."""

    name: str
    part: str
    visible: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """The worksheets in the order shown, and whether dates count from 1904."""

    archive: Archive
    sheets: Sequence[Sheet]
    from_1904: bool

    def filled(self) -> list[Sheet]:
        """The visible sheets that hold anything."""
        return [sheet for sheet in self.sheets if sheet.visible and _has_content(self.archive, sheet.part)]

    def chosen(self, wanted: str | None) -> Sheet:
        """The sheet of that name, or the only visible one with content. Raises `FileError`."""
        if wanted is not None:
            named = [sheet for sheet in self.sheets if sheet.name == wanted]
            if len(named) == 1:
                return named[0]
            message = f"there is no sheet {wanted!r} among {len(self.sheets)}"
            raise FileError("no_sheet", message, "correct sheet in the settings")
        filled = self.filled()
        if not filled:
            raise FileError("empty_file", "no visible sheet holds anything")
        if len(filled) > 1:
            listed = ", ".join(repr(each.name) for each in filled[:10])
            raise FileError("which_sheet", f"several sheets hold data: {listed}", "name the right one as sheet")
        return filled[0]


def workbook(archive: Archive) -> Workbook:
    """What ``xl/workbook.xml`` says. Raises `FileError`."""
    book = parsed(archive, "xl/workbook.xml")
    relations = {
        node.get("Id"): node.get("Target", "")
        for node in parsed(archive, "xl/_rels/workbook.xml.rels").iterfind("{*}Relationship")
    }
    sheets = []
    for node in book.iterfind("{*}sheets/{*}sheet"):
        relation = next((value for key, value in node.attrib.items() if etree.QName(key).localname == "id"), "")
        target = relations.get(relation, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"
        if part in archive and "worksheets" in part:
            sheets.append(Sheet(node.get("name", ""), part, node.get("state", "visible") == "visible"))
    settings = book.find("{*}workbookPr")
    from_1904 = settings is not None and settings.get("date1904") in ("1", "true", "on")
    return Workbook(archive, sheets, from_1904)


def parsed(archive: Archive, name: str) -> etree._Element:
    """A small part as a tree. Raises `FileError` if it is missing or damaged."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(archive.part(name), parser)
    except etree.XMLSyntaxError as error:
        raise FileError("broken_xml", f"{name} of the workbook is missing or damaged", RESAVE) from error


def _has_content(archive: Archive, part: str) -> bool:
    seam = b""
    for chunk in archive.chunks(part):
        if _CONTENT.search(seam + chunk):
            return True
        seam = chunk[-_SEAM_BYTES:]
    return False
