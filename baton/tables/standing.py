"""A file of which most lines are known: only the others are told.

Of delimited text only the others are read, by the same reader as the whole file. Leaving lines out is right as long as
every line that is left out is a record by itself, and none of the others reaches over it. Lines are known only if they
were read here before, alone and without a fault; and where one of the others has a quote that may stay open, nothing is
said at all, so that the whole file is read with care.

A workbook has to be read as a whole; its lines are the rows that can be taken, whatever XML they come from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from baton.model.source_rows import RejectedRow
from baton.model.told_lines import LinesBefore
from baton.tables.delimited import BlockReader, Shape, after_line, find_shape, split_lines, without_blank_end
from baton.tables.faults import FileError
from baton.tables.grammar import Beyond
from baton.tables.table import Caps, Layout, Table, settled

_AT_ONCE: Final = 50_000
"""So many rows are held as texts."""


@dataclass(frozen=True, slots=True)
class Others:
    """The records of a file beside those that stand as they stood. For the rest see `OtherLines`."""

    table: Table
    context: str
    marks: pl.DataFrame
    standing: pl.Series


def read_others(utf8: bytes, before: LinesBefore, layout: Layout, caps: Caps) -> Others | None:
    """The lines that are not among those before, settled; None where only a reading of the whole file can tell.

    None also where the file is at fault as a whole: that is for the reader of whole files to say.
    """
    try:
        return _Reading(find_shape(utf8, layout, caps), before, layout, caps).others(utf8)
    except (FileError, pl.exceptions.PolarsError):
        return None


def other_rows(table: Table, before: LinesBefore, layout: Layout, caps: Caps) -> Others:
    """The rows of a table, read as a whole and settled, that are not among those before."""
    told = (table.frame.columns, table.header_row, table.detail.get("days_from"), layout, caps)
    context = hashlib.sha256(repr(told).encode()).hexdigest()
    empty = before.marker.of(pl.Series([], dtype=pl.String))
    marks = pl.concat([empty, *(before.marker.of(_texts(part)) for part in table.frame.iter_slices(_AT_ONCE))])
    places = _places(marks, before, context)
    others = places.is_null()
    found = replace(table, frame=table.frame.filter(others), row_numbers=table.row_numbers.filter(others))
    return Others(found, context, marks.filter(others), places.drop_nulls())


def _texts(rows: pl.DataFrame) -> pl.Series:
    """Each row as one text, in which it is seen where cells end and which are null."""
    return rows.select(pl.struct(pl.all()).struct.json_encode()).to_series()


def _places(marks: pl.DataFrame, before: LinesBefore, context: str) -> pl.Series:
    """The place of each line among those before; null for one that was not there, or stands here twice."""
    known = before.marks
    if before.context != context or not known.height:
        return pl.repeat(None, marks.height, dtype=pl.UInt32, eager=True)
    where = known.select("first", place=pl.int_range(pl.len(), dtype=pl.UInt32))
    places = marks.join(where, on="first", how="left", maintain_order="left").get_column("place")
    same = known.get_column("second").gather(places) == marks.get_column("second")
    frame = pl.DataFrame({"place": places, "same": same})
    fits = pl.col("same").fill_null(value=False) & ~pl.col("place").is_duplicated()
    return frame.select(pl.when(fits).then("place")).to_series()


class _Reading:
    """One text file, looked at line by line."""

    def __init__(self, shape: Shape, before: LinesBefore, layout: Layout, caps: Caps) -> None:
        self._shape = shape
        self._before = before
        self._layout = layout
        self._caps = caps
        # What rows are read by. Line ends are no content, and how the header is quoted is none.
        read_by = (shape.delimiter, shape.header_line, shape.header_row, shape.headers, shape.width, layout, caps)
        self._context = hashlib.sha256(repr(read_by).encode()).hexdigest()

    def others(self, utf8: bytes) -> Others | None:
        body = without_blank_end(after_line(utf8, self._shape.header_line))
        lines = split_lines(body)
        if lines is None or lines.len() > self._caps.rows * 2:
            return None
        marks = self._before.marker.of(lines)
        places = _places(marks, self._before, self._context)
        others = places.is_null() & (lines != "")
        texts = lines.filter(others)
        if (texts.str.count_matches('"', literal=True) % 2 == 1).any():
            return None
        standing = places.drop_nulls()
        table = self._read(body if texts.len() == lines.len() else _joined(texts), others)
        if table is None or table.frame.height + standing.len() > self._caps.rows:
            return None
        return Others(table, self._context, marks[(table.row_numbers - self._first_row).to_list()], standing)

    @property
    def _first_row(self) -> int:
        return self._shape.header_row + 1

    def _read(self, body: bytes, others: pl.Series) -> Table | None:
        """These lines through the reader of whole files, under the row numbers that they have in theirs."""
        rows = others.arg_true().cast(pl.Int64) + self._first_row
        if not rows.len():
            empty = pl.DataFrame(schema=dict.fromkeys(self._shape.headers, pl.String()))
            table = Table(empty, rows, self._shape.header_row, (), self._shape.detail)
        else:
            block = BlockReader(self._shape, self._caps).read(body, 0, Beyond.NOTHING)
            if block.next_row != rows.len():
                return None
            numbers = rows.gather(block.row_numbers)
            rejected = _placed(block.rejected, rows)
            table = Table(block.frame, numbers, self._shape.header_row, rejected, self._shape.detail)
        return settled(table, self._layout, self._caps)


def _joined(lines: pl.Series) -> bytes:
    """Lines as a body to be read: where one has a CR of its own, all get the one that the reader takes off."""
    own = lines.str.contains("\r", literal=True).any()
    text: str = (lines + "\r" if own else lines).str.join("\n").item() or ""
    return text.encode("utf-8")


def _placed(rejected: Sequence[RejectedRow], rows: pl.Series) -> Sequence[RejectedRow]:
    return [replace(each, row=rows[each.row]) for each in rejected]
