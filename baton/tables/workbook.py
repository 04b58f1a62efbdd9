"""A checked XLSX workbook to a table: one sheet, every cell as exact text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from baton.model.source_rows import RejectedRow
from baton.tables.archive import ArchiveCaps, opened
from baton.tables.cell_values import FLAWS, MERGED_CELLS, PRECISION_LOST, CellValues
from baton.tables.faults import FileError
from baton.tables.header import Merge, sheet_header
from baton.tables.number_formats import styles
from baton.tables.shared_strings import shared_strings
from baton.tables.sheet_cells import CellReader, column_number
from baton.tables.sheets import parsed, workbook
from baton.tables.table import Caps, Layout, Table
from baton.tables.xml_section import RESAVE

_STYLES: Final = "xl/styles.xml"
_MOST_STRING_BYTES: Final = 512 * 1024 * 1024
_MOST_CELLS_SPARE: Final = 200_000
_MERGE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")
_CELLS: Final = {"row": pl.UInt32, "column": pl.UInt32, "value": pl.String, "flaw": pl.UInt8}


def sheet_names(data: bytes, archive_caps: ArchiveCaps) -> list[str]:
    """The names of the visible sheets that hold anything, in the order shown. Raises `FileError`."""
    with opened(data, archive_caps) as archive:
        return [sheet.name for sheet in workbook(archive).filled()]


def read_workbook(data: bytes, sheet: str | None, layout: Layout, caps: Caps, archive_caps: ArchiveCaps) -> Table:
    """Choose the sheet, read it and name every row that cannot be taken. Raises `FileError`."""
    with opened(data, archive_caps) as archive:
        book = workbook(archive)
        chosen = book.chosen(sheet)
        shown = styles(parsed(archive, _STYLES) if _STYLES in archive else None)
        values = CellValues(shared_strings(archive), shown, book.from_1904)
        reader = CellReader(archive.chunks(chosen.part))
        cells = _gathered(reader, values, caps)
    merges = [_merge(reference) for reference in reader.merged]
    header = sheet_header(_texts(cells, layout), merges, layout, caps)
    body = _Body(header.names, header.last_row + 1, cells, merges)
    detail = {"format": "xlsx", "sheet": chosen.name, "sheets": str(len(book.sheets))}
    if book.from_1904:  # for who sees a day without a date format: its number is of this calendar
        detail["days_from"] = "1904"
    if reader.hidden_rows:
        detail["hidden_rows"] = str(reader.hidden_rows)
    if reader.formulas:
        detail["formulas"] = str(reader.formulas)
    return body.table(detail)


def _gathered(reader: CellReader, values: CellValues, caps: Caps) -> pl.DataFrame:
    """All cells by row and column. Raises `FileError` as soon as their extent is out of proportion."""
    frames = [pl.DataFrame(schema=_CELLS)]
    height = width = count = size = 0
    for stored in reader:
        if stored.is_empty():
            continue
        height = max(height, int(stored["row"].max()))  # type: ignore[arg-type]
        width = max(width, int(stored["column"].max()))  # type: ignore[arg-type]
        count += stored.height
        _check_extent(height, width, caps)
        frame = values.of(stored)
        size += int(frame["value"].str.len_bytes().sum())
        if size > _MOST_STRING_BYTES:
            raise FileError("inflates_too_far", f"the sheet's texts come to more than {size} bytes", RESAVE)
        frames.append(frame)
    if height * width > _MOST_CELLS_SPARE + 20 * count:
        raise FileError("far_cell", f"{count} cells are spread over {height} rows and {width} columns", RESAVE)
    return pl.concat(frames)


def _check_extent(height: int, width: int, caps: Caps) -> None:
    """No far cells: the whole rectangle is held in memory."""
    if width > caps.columns:
        raise FileError("far_cell", f"a cell stands in column {width}, at most {caps.columns} are read", RESAVE)
    if height > caps.rows:
        raise FileError("far_cell", f"a cell stands in row {height}, at most {caps.rows} are read", RESAVE)


def _merge(reference: str) -> Merge:
    found = _MERGE.fullmatch(reference.upper())
    if found is None:
        raise FileError("odd_xml", "a merged range does not say which cells", RESAVE)
    left, top, right, bottom = found.groups()
    return Merge(int(top), column_number(left), int(bottom or top), column_number(right or left))


def _texts(cells: pl.DataFrame, layout: Layout) -> list[list[str]]:
    """The first rows as they may hold the header; a number that lost digits is a ``?``."""
    depth = layout.header_depth + layout.header_rows - 1
    head = cells.filter(pl.col("row") <= depth)
    if head.is_empty():
        return []
    if head.select("row", "column").is_duplicated().any():
        raise _twice()
    width, height = int(head["column"].max()), int(head["row"].max())  # type: ignore[arg-type]
    texts = [[""] * width for _ in range(height)]
    for row, column, value, flaw in head.iter_rows():
        texts[row - 1][column - 1] = "?" if flaw >= PRECISION_LOST else value or ""
    return texts


@dataclass(frozen=True, slots=True)
class _Body:
    """Turns the cells below the header into text columns and rejections."""

    headers: Sequence[str]
    first_row: int
    cells: pl.DataFrame
    merges: Sequence[Merge]

    def table(self, detail: dict[str, str]) -> Table:
        """The rows that can be taken, and the others by number."""
        cells = self.cells.filter(pl.col("row") >= self.first_row)
        self._check_headed(cells)
        last_row = max(int(cells["row"].max() or 0), self.first_row - 1)  # type: ignore[arg-type]
        numbers = pl.Series(range(self.first_row, last_row + 1), dtype=pl.Int64)
        rejected = self._rejected(cells, last_row)
        keep = ~numbers.is_in([each.row for each in rejected])
        return Table(
            self._frame(cells, len(numbers)).filter(keep), numbers.filter(keep), self.first_row - 1, rejected, detail
        )

    def _check_headed(self, cells: pl.DataFrame) -> None:
        beyond = cells.filter(pl.col("column") > len(self.headers))
        told = (pl.col("value").str.strip_chars() != "") | (pl.col("flaw") >= PRECISION_LOST)
        columns = beyond.filter(told)["column"].sort()
        if len(columns):
            message = f"column {columns[0]} holds values but has no header"
            raise FileError("blank_header", message, "have every column headed")

    def _frame(self, cells: pl.DataFrame, height: int) -> pl.DataFrame:
        parts = cells.partition_by("column", as_dict=True)
        columns = []
        for number, name in enumerate(self.headers, start=1):
            part = parts.pop((number,), None)
            index = pl.repeat(None, height, dtype=pl.UInt32, eager=True)
            if part is None:
                columns.append(pl.repeat(None, height, dtype=pl.String, eager=True).alias(name))
                continue
            index = index.scatter(part["row"] - self.first_row, pl.int_range(part.height, eager=True))
            if part.height != height - index.null_count():
                raise _twice()
            columns.append(part["value"].gather(index).alias(name))
        return pl.DataFrame(columns)

    def _rejected(self, cells: pl.DataFrame, last_row: int) -> tuple[RejectedRow, ...]:
        """One rejection per flawed row."""
        flaws = [cells.filter(pl.col("flaw") != 0).select("row", "column", "flaw")]
        spans = [min(merge.bottom, last_row) - max(merge.top, self.first_row) + 1 for merge in self.merges]
        if sum(max(span, 0) for span in spans) > _MOST_CELLS_SPARE + self.cells.height:
            raise FileError("odd_xml", "the merged ranges overlap", RESAVE)
        for merge in self.merges:
            rows = pl.int_range(max(merge.top, self.first_row), min(merge.bottom, last_row) + 1, eager=True)
            merged = pl.DataFrame({"row": rows}, schema={"row": pl.UInt32})
            left, flaw = pl.lit(merge.left, pl.UInt32), pl.lit(MERGED_CELLS, pl.UInt8)
            flaws.append(merged.with_columns(left.alias("column"), flaw.alias("flaw")))
        found = pl.concat(flaws).filter(pl.col("column") <= len(self.headers))
        found = found.sort("row", "flaw", "column").unique("row", keep="first", maintain_order=True)
        return tuple(
            RejectedRow(row, *FLAWS[flaw], self.headers[column - 1]) for row, column, flaw in found.iter_rows()
        )


def _twice() -> FileError:
    return FileError("duplicate_cell", "the sheet holds a cell twice", RESAVE)
