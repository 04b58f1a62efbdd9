"""Records in an XLSX workbook of one sheet.

Every cell is written as text: it can be no formula, and no number loses digits or leading zeros. A sheet has no way to
tell an empty text from no value, so a record with an empty text is refused.
"""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl
import xlsxwriter

from baton.sdk import HaltError, Receipt, tables
from connectors.data.file.stored import Stored

_MOST_ROWS: Final = 1_048_575
_MOST_CHARACTERS: Final = 32_767
_NO_CELL: Final = r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_"
"""What XML or the workbook format itself would turn into something else."""
_OPTIONS: Final = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


class StoredSheet(Stored):
    """The only sheet of a workbook; ``table`` is None for one that is still to be made."""

    def __init__(self, path: Path, sheet: str, headers: Sequence[str], table: tables.Table | None) -> None:
        self.headers = headers
        self._path = path
        self._sheet = sheet
        self._table = table

    @classmethod
    def there(cls, path: Path, sheet: str, table: tables.Table) -> StoredSheet:
        """The sheet as it is. Raises `HaltError` for a workbook that rewriting would damage."""
        if table.detail["sheets"] != "1":
            raise HaltError(
                f"the workbook has {table.detail['sheets']} sheets; the others would be lost",
                code="other_sheets",
                remedy="write to a workbook of its own",
            )
        formulas = int(table.detail.get("formulas", "0"))
        if formulas:
            cells = "1 cell holds a formula" if formulas == 1 else f"{formulas} cells hold formulas"
            raise HaltError(
                f"{cells}; rewritten, only what it shows now would be left, and never follow its cells again",
                code="formulas",
                remedy="write to a workbook of values, and let the one with the formulas refer to it",
            )
        for bad in table.rejected:
            raise HaltError(
                f"row {bad.row} cannot be read, and would be lost if the sheet were rewritten: {bad.message}",
                code=bad.rule,
                remedy="have this row of the sheet corrected",
            )
        if table.header_row != 1:
            raise HaltError(
                f"row {table.header_row} is the header; what stands above it would be lost",
                code="header_not_first",
                remedy="have the header in the first row of a sheet that is written to",
            )
        return cls(path, sheet, table.frame.columns, table)

    def blocks(self) -> Iterator[pl.DataFrame]:
        if self._table is not None:
            yield without_empty(self._table.frame)

    def write(self, frames: Iterator[pl.DataFrame], file: BinaryIO) -> None:
        # The library keeps rows in files of its own until the end: beside the workbook, not in a shared place.
        with tempfile.TemporaryDirectory(prefix=f".{self._path.name}.", dir=self._path.parent) as rows:
            book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": rows})
            sheet = book.add_worksheet(self._sheet)
            for column, name in enumerate(self.headers):
                sheet.write_string(0, column, name)
            records = chain.from_iterable(frame.iter_rows() for frame in frames)
            for row, values in enumerate(records, start=1):
                if row > _MOST_ROWS:
                    raise HaltError(
                        f"a sheet holds at most {_MOST_ROWS} records",
                        code="sheet_full",
                        remedy="write to a CSV file",
                    )
                for column, value in enumerate(values):
                    if value is not None:
                        sheet.write_string(row, column, value)
            try:
                book.close()
            except xlsxwriter.exceptions.FileCreateError as error:
                raise OSError(errno.EIO, "the workbook could not be put together") from error

    def unwritable(self, rows: pl.DataFrame) -> Mapping[int, Receipt]:
        found: dict[int, Receipt] = {}
        for name in rows.columns:
            column = rows.get_column(name)
            bad = (column == "") | column.str.contains(_NO_CELL) | (column.str.len_bytes() > _MOST_CHARACTERS)
            for place in bad.fill_null(value=False).arg_true():
                found.setdefault(place, _refusal(rows.item(place, name)))
        return found


def without_empty(frame: pl.DataFrame) -> pl.DataFrame:
    """The same with empty texts as null."""
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all()).name.keep())


def _refusal(value: str) -> Receipt:
    if value == "":
        return Receipt.refused(
            "empty_text",
            "a sheet cannot tell an empty text from no value",
            remedy="map empty texts to no value, or write to a CSV file",
        )
    if re.search(_NO_CELL, value):
        return Receipt.refused(
            "no_cell_text", "a control character or an escape of the workbook format", remedy="clean the text by a rule"
        )
    return Receipt.refused(
        "field_too_long", f"a cell holds at most {_MOST_CHARACTERS} bytes of text here", remedy="write to a CSV file"
    )
