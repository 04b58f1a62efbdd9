"""A checked XLSX workbook to a table: one sheet, every cell as exact text."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

import polars as pl
import python_calamine
from lxml import etree

from baton.contracts import RejectedRow
from baton.tables.archive import ArchiveCaps, repacked, unpacked
from baton.tables.faults import FileError
from baton.tables.sheet_scan import SheetFacts, scan
from baton.tables.table import Caps, Layout, Table, checked_headers, find_header

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_EXACT_BELOW: Final = 10**15
"""Spreadsheets keep 15 digits: the 16th of a number typed as a number is already gone."""
_RESAVE: Final = "have the roster saved again as a plain .xlsx workbook"

Cell: TypeAlias = int | float | str | bool | time | date | datetime | timedelta
Merge: TypeAlias = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    part: str


def read_workbook(data: bytes, sheet: str | None, layout: Layout, caps: Caps, archive_caps: ArchiveCaps) -> Table:
    """Choose the sheet, read it and name every row that cannot be taken. Raises `FileError`."""
    parts = unpacked(data, archive_caps)
    chosen, all_names = _chosen(parts, sheet)
    shared = next((part for name, part in parts.items() if name.lower() == "xl/sharedstrings.xml"), b"")
    facts = scan(parts[chosen.part], shared, _padded_styles(parts), caps)
    rows, merges = _cells(parts, chosen)
    texts = [[_plain(cell) for cell in row] for row in rows[: layout.header_depth]]
    header = find_header(texts, layout)
    _check_merged_header(merges, header)
    headers = checked_headers(texts[header], header + 1, caps)
    frame, numbers, rejected = _Body(headers, header + 2, facts, merges).read(rows[header + 1 :])
    detail = {"format": "xlsx", "sheet": chosen.name, "sheets": str(len(all_names))}
    if facts.hidden_rows:
        detail["hidden_rows"] = str(facts.hidden_rows)
    return Table(frame, numbers, header + 1, rejected, detail)


def _chosen(parts: Mapping[str, bytes], wanted: str | None) -> tuple[_Sheet, list[str]]:
    """The sheet of that name, or the only visible one with content."""
    relations = {
        node.get("Id"): node.get("Target", "")
        for node in _xml(parts, "xl/_rels/workbook.xml.rels").iter()
        if isinstance(node.tag, str) and node.tag.endswith("}Relationship")
    }
    names: list[str] = []
    candidates: list[_Sheet] = []
    for node in _xml(parts, "xl/workbook.xml").iter(f"{_MAIN}sheet"):
        name = node.get("name", "")
        names.append(name)
        target = relations.get(node.get(_RELATION), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"
        if part not in parts or "worksheets" not in part:
            continue
        visible = node.get("state", "visible") == "visible"
        if name == wanted or (wanted is None and visible and _has_content(parts[part])):
            candidates.append(_Sheet(name, part))
    if len(candidates) == 1:
        return candidates[0], names
    if wanted is not None:
        raise FileError("no_sheet", f"there is no sheet {wanted!r} among {len(names)}", "correct sheet in the settings")
    if candidates:
        listed = ", ".join(repr(each.name) for each in candidates[:10])
        raise FileError("which_sheet", f"several sheets hold data: {listed}", "name the right one as sheet")
    raise FileError("empty_file", "no visible sheet holds anything")


def _has_content(part: bytes) -> bool:
    return re.search(rb"<(?:\w+:)?(?:v|is|f)[ >]", part) is not None


def _xml(parts: Mapping[str, bytes], name: str) -> etree._Element:
    part = next((part for key, part in parts.items() if key.lower() == name.lower()), None)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(part or b"", parser)
    except etree.XMLSyntaxError as error:
        raise FileError("broken_xml", f"{name} of the workbook is missing or damaged", _RESAVE) from error


def _padded_styles(parts: Mapping[str, bytes]) -> dict[str, int]:
    """Cell styles that show a number with leading zeros (format ``0000``), and to how many digits."""
    if not any(name.lower() == "xl/styles.xml" for name in parts):
        return {}
    root = _xml(parts, "xl/styles.xml")
    widths = {
        node.get("numFmtId"): len(node.get("formatCode", ""))
        for node in root.iter(f"{_MAIN}numFmt")
        if re.fullmatch("0{2,}", node.get("formatCode", ""))
    }
    formats = root.find(f"{_MAIN}cellXfs")
    styles = [] if formats is None else list(formats.iterchildren(f"{_MAIN}xf"))
    return {str(i): widths[node.get("numFmtId")] for i, node in enumerate(styles) if node.get("numFmtId") in widths}


def _cells(parts: Mapping[str, bytes], sheet: _Sheet) -> tuple[list[list[Cell]], list[Merge]]:
    """The sheet's cells from A1 on, through calamine; its errors become ours."""
    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(repacked(parts))) as book:
            found = book.get_sheet_by_name(sheet.name)
            return found.to_python(skip_empty_area=False), list(found.merged_cell_ranges or [])
    except python_calamine.PasswordError as error:
        raise FileError("encrypted", "the workbook is encrypted", "have it saved without a password") from error
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise FileError("broken_xml", "the sheet cannot be read", _RESAVE) from error


def _check_merged_header(merges: Sequence[Merge], header: int) -> None:
    for (top, left), (bottom, right) in merges:
        if top <= header <= bottom and (right > left or bottom > header):
            raise FileError(
                "merged_header",
                f"row {header + 1}: the header cells of columns {left + 1} to {right + 1} are merged",
                "have the header in one row with one cell per column",
            )


@dataclass(frozen=True, slots=True)
class _Body:
    """Turns the rows below the header into text columns and rejections."""

    headers: Sequence[str]
    first_row: int
    facts: SheetFacts
    merges: Sequence[Merge]

    def read(self, rows: Sequence[Sequence[Cell]]) -> tuple[pl.DataFrame, pl.Series, tuple[RejectedRow, ...]]:
        width = len(self.headers)
        rejected: dict[int, RejectedRow] = {}
        for flaw in self.facts.flaws:
            self._reject(rejected, flaw.row, flaw.column, flaw.rule, flaw.message)
        for (top, left), (bottom, _) in self.merges:
            for row in range(max(top + 1, self.first_row), bottom + 2):
                self._reject(rejected, row, left + 1, "merged_cells", "merged with another cell: whose value is it?")
        columns = list(zip(*rows, strict=True)) if rows else [()] * width
        for position, values in enumerate(columns[width:], start=width + 1):
            if any(_plain(value).strip() for value in values):
                raise FileError(
                    "blank_header", f"column {position} holds values but has no header", "have every column headed"
                )
        columns += [("",) * len(rows)] * (width - len(columns))
        texts = [self._column(values, number, rejected) for number, values in enumerate(columns[:width], start=1)]
        data = [pl.Series(name, each, dtype=pl.String) for name, each in zip(self.headers, texts, strict=True)]
        numbers = pl.Series(range(self.first_row, self.first_row + len(rows)), dtype=pl.Int64)
        keep = ~numbers.is_in(list(rejected))
        return pl.DataFrame(data).filter(keep), numbers.filter(keep), tuple(rejected.values())

    def _column(self, values: Sequence[Cell], column: int, rejected: dict[int, RejectedRow]) -> list[str | None]:
        if set(map(type, values)) <= {str}:
            return list(values)  # type: ignore[arg-type]  # mostly so; saves looking at each cell
        texts: list[str | None] = []
        padded = self.facts.padded
        for row, value in enumerate(values, start=self.first_row):
            if isinstance(value, str):
                texts.append(value)
                continue
            exact = _exact(value)
            if exact is None:
                message = "a number of more than 15 digits was stored as a number: its last digits are gone"
                self._reject(rejected, row, column, "precision_lost", message)
            elif padded and (row, column) in padded and exact.isdigit():
                exact = exact.zfill(padded[row, column])
            texts.append(exact)
        return texts

    def _reject(self, rejected: dict[int, RejectedRow], row: int, column: int, rule: str, message: str) -> None:
        if row >= self.first_row and column <= len(self.headers):
            rejected.setdefault(row, RejectedRow(row, rule, message, self.headers[column - 1]))


def _plain(value: Cell) -> str:
    return value if isinstance(value, str) else (_exact(value) or "?")


def _exact(value: Cell) -> str | None:
    """The text of a cell that is no text; None for a number that lost digits."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        if not math.isfinite(value) or abs(value) >= _EXACT_BELOW:
            return None
        return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(value) if isinstance(value, str) else value.isoformat()
