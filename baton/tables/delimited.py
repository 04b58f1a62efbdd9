"""Delimited text to a table: regular lines go through polars at once, only the others are looked at one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from baton.model.source_rows import RejectedRow
from baton.tables.faults import FileError
from baton.tables.grammar import Beyond, FaultBudget, Grammar, Repair, Repaired
from baton.tables.plain_csv import as_it_is
from baton.tables.table import Caps, Layout, Table, checked_headers, find_header

_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
HEAD_BYTES: Final = 262_144
_MOST_HEADER_LINES: Final = 20
_LINE_BREAK: Final = re.compile(r"\s*[\r\n]\s*")
_MARKS: Final = (0x1E, 0x1F, 0x1D, 0x1C)
"""Control characters of which one unused in the file separates nothing: it lets polars read whole lines."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a delimited file is laid out, judged on its top."""

    delimiter: str
    header_line: int
    """The line that the header ends with, from 0: a name with a line break in it reaches over several."""
    header_row: int
    """The header's row as a spreadsheet shows it, from 1."""
    headers: tuple[str, ...]
    width: int
    """Fields per line; blank ones beyond the headers are allowed."""
    header: str
    """The header as it stands in the file, without what ends it."""
    line_end: str
    """What ends the header: LF, or CR LF."""

    @property
    def detail(self) -> dict[str, str]:
        """As a feed's origin tells it."""
        return {"format": "text", "delimiter": _DELIMITERS[self.delimiter]}


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file as records: text columns (a bare empty field is null, a quoted one is '')."""

    frame: pl.DataFrame
    row_numbers: pl.Series
    rejected: Sequence[RejectedRow]
    next_row: int
    """The number of the row after the block."""
    undecided: int | None = None
    """Where in the bytes the line begins that only what follows can decide; the block ends before it."""
    empty_texts: bool = False
    """There may be quoted empty fields in it."""


def read_delimited(utf8: bytes, layout: Layout, caps: Caps) -> Table:
    """Find delimiter and header, then read every row or say by number and rule why not. Raises `FileError`."""
    shape = find_shape(utf8, layout, caps)
    body = without_blank_end(after_line(utf8, shape.header_line))
    if body.count(b"\n") > caps.rows * 2:
        raise FileError("too_many_rows", f"more than {caps.rows * 2} lines", "raise max_rows if this is right")
    reader = BlockReader(shape, caps)
    block = reader.read(body, shape.header_row + 1, Beyond.NOTHING)
    return Table(block.frame, block.row_numbers, shape.header_row, tuple(block.rejected), shape.detail)


def find_shape(utf8: bytes, layout: Layout, caps: Caps) -> Shape:
    """Delimiter, header line, headers and fields per line, judged on the top of the file. Raises `FileError`."""
    if not utf8 or utf8.isspace():
        raise FileError("empty_file", "the file has no content")
    if b"\n" not in utf8 and b"\r" in utf8:
        raise FileError(
            "bare_cr", "row 1: lines end with a bare CR", "have the export saved with CR LF or LF line ends"
        )
    top = utf8[:HEAD_BYTES].decode("utf-8", "ignore").split("\n")
    if len(utf8) > HEAD_BYTES:
        top.pop()  # cut in the middle
    head = [line.removesuffix("\r") for line in top[: layout.header_depth + 50]]
    faults: list[tuple[int, FileError]] = []
    found: list[tuple[float, int, str, int, list[_Record]]] = []
    for delimiter in _DELIMITERS:
        records = _records(head, Grammar(delimiter, 0), layout)
        rows = [record.cells for record in records]
        try:
            index = find_header(rows, layout)
        except FileError as fault:
            faults.append((max(map(len, rows), default=0), fault))
            continue
        width = len(rows[index])
        below = [len(record.cells) for record in records[index + 1 :] if record.text]
        agree = sum(1 for count in below if count == width) / len(below) if below else 1.0
        found.append((agree >= 0.5 and width > 1, width, delimiter, index, records))
    if not found:
        raise max(faults, key=lambda each: each[0])[1]
    _, width, delimiter, index, records = max(found, key=lambda each: (each[0], each[1]))
    first, last = records[index - 1].last + 1 if index else 0, records[index].last
    header = "\n".join(top[first : last + 1])
    line_end = "\r\n" if header.endswith("\r") else "\n"
    headers = checked_headers(records[index].cells, index + 1, caps)
    return Shape(delimiter, last, index + 1, headers, width, header.removesuffix("\r"), line_end)


@dataclass(frozen=True, slots=True)
class _Record:
    """A record at the top of a file, as far as the search for the header needs it."""

    text: str
    cells: list[str]
    last: int
    """The line it ends with, from 0."""


def _records(head: Sequence[str], grammar: Grammar, layout: Layout) -> list[_Record]:
    """The first lines as records. Down to the header a quoted cell may reach over several lines, further down none.

    A line that can be the header by itself is never taken for a part of a cell: below it a forgotten quote would be.
    """
    alone = [grammar.cells(line) for line in head]
    rows = [
        [] if cells is None and grammar.leaves_open(line) else cells or [line]
        for line, cells in zip(head, alone, strict=True)
    ]
    try:
        limit = find_header(rows, layout)
    except FileError:
        limit = len(head)
    records: list[_Record] = []
    for at, line in enumerate(head):
        if records and at <= records[-1].last:
            continue  # part of a record that began further up
        spanning = None
        if alone[at] is None and at < limit:
            spanning = _spanning(head[at : min(limit, at + _MOST_HEADER_LINES)], at, grammar)
        records.append(spanning or _Record(line, alone[at] or [line], at))
    return records


def _spanning(lines: Sequence[str], at: int, grammar: Grammar) -> _Record | None:
    """The record that begins with the first of these lines (line ``at``) and reaches over more of them, if it is one.

    A line break within a cell becomes one blank: a column is named by that.
    """
    for count in range(2, len(lines) + 1):
        text = "\n".join(lines[:count])
        cells = grammar.cells(text) if '"' in lines[count - 1] else None
        if cells is not None:
            rows_inside = any(len(grammar.cells(line) or ()) == len(cells) for line in lines[1 : count - 1])
            return (
                None if rows_inside else _Record(text, [_LINE_BREAK.sub(" ", cell) for cell in cells], at + count - 1)
            )
    return None


def after_line(utf8: bytes, line: int) -> bytes:
    """What follows that line (from 0)."""
    end = -1
    for _ in range(line + 1):
        end = utf8.find(b"\n", end + 1)
        if end < 0:
            return b""
    return utf8[end + 1 :]


def without_blank_end(lines: bytes) -> bytes:
    r"""The lines without the last one's line feed and without blank lines after it; its own CR stays with it.

    >>> without_blank_end(b"0001,x\r\r\n\r\n\n")
    b'0001,x\r\r'
    """
    end = len(lines)
    while lines.endswith(b"\n", 0, end):
        end -= 1
        if lines.endswith(b"\n\r", 0, end):
            end -= 1
    return lines[:end]


class BlockReader:
    """Reads whole lines of one file, block after block: regular ones at once, the others one by one."""

    def __init__(self, shape: Shape, caps: Caps) -> None:
        self.shape = shape
        self.caps = caps
        self.budget = FaultBudget(caps.rejected)
        self._grammar = Grammar(shape.delimiter, shape.width)
        self._schema = {f"{position}": pl.String() for position in range(shape.width)}

    def read(self, body: bytes, first_row: int, beyond: Beyond) -> Block:
        """The records of these lines, of which the first is row ``first_row``; no line break ends them.

        Raises `FileError` when more rows are rejected, over all blocks, than the caps allow.
        """
        plain = self._plain(body)
        if plain is not None:
            rows = pl.int_range(first_row, first_row + plain.height, eager=True)
            return Block(self._trimmed(plain), rows, (), first_row + plain.height)
        raw = _lines(body)
        lines = raw.str.strip_suffix("\r") if b"\r" in body else raw
        regular = self._grammar.regular(lines, quotes=b'"' in body)
        repair = Repair(self._grammar, self.shape.headers, self.caps, self.budget, first_row)
        repaired = repair.run(raw, regular, beyond)
        undecided = None
        if repaired.undecided is not None:
            undecided = _offset(body, repaired.undecided)
            lines, regular = lines.head(repaired.undecided), regular.head(repaired.undecided)
        for first, last in repaired.ambiguous:
            regular = regular & ~pl.int_range(regular.len(), eager=True).is_between(first, last)
        whole = body if regular.all() and undecided is None else None
        frame, rows = self._joined(whole, lines, regular, repaired, first_row)
        next_row = first_row + lines.len() - sum(taken for _, taken in repaired.absorbed)
        return Block(self._trimmed(frame), rows, tuple(repaired.rejected), next_row, undecided, b'""' in body)

    def _plain(self, body: bytes) -> pl.DataFrame | None:
        """The block if nothing in it needs a closer look: no quotes, no stray control character, all lines full."""
        width = self.shape.width
        if width == 1 or any(mark in body for mark in (b'"', b"\0", b"\x01")):
            return None
        if b"\r" in body and body.count(b"\r") != body.count(b"\r\n") + body.endswith(b"\r"):
            return None
        # Counted first: where a line lacks fields or has too many there is nothing to parse, and nothing to hold.
        # Line by line: polars fills up a line that lacks fields, and overlooks a blank field too many in another.
        lines = split_lines(body)
        if lines is None or (lines.str.count_matches(self.shape.delimiter, literal=True) != width - 1).any():
            return None
        try:
            frame = pl.read_csv(
                as_it_is(body), has_header=False, separator=self.shape.delimiter, quote_char=None, schema=self._schema
            )
        except pl.exceptions.PolarsError:
            return None  # whatever it is, the look at each line names it
        return frame if frame.height == lines.len() else None

    def _joined(
        self, body: bytes | None, lines: pl.Series, regular: pl.Series, repaired: Repaired, first_row: int
    ) -> tuple[pl.DataFrame, pl.Series]:
        """All good records in file order, and their row numbers."""
        good = regular.arg_true().cast(pl.Int64)
        frame = self._parsed(body, lines.filter(regular))
        if frame.height != good.len():
            raise FileError("line_count", "the rows cannot be counted reliably")
        if repaired.records:
            extra = pl.DataFrame([cells for _, cells in repaired.records], schema=self._schema, orient="row")
            numbers = pl.Series([line for line, _ in repaired.records], dtype=pl.Int64)
            at = pl.concat([good, numbers])
            order = at.arg_sort()
            frame, good = pl.concat([frame, extra])[order], at.gather(order)
        return frame, good + first_row - _taken_before(good, repaired.absorbed)

    def _parsed(self, body: bytes | None, lines: pl.Series) -> pl.DataFrame:
        """Regular lines through polars' own reader."""
        if lines.len() == 0:
            return pl.DataFrame(schema=self._schema)
        if body is None:
            body = lines.str.join("\n").item().encode("utf-8")
        return pl.read_csv(
            as_it_is(body), has_header=False, separator=self.shape.delimiter, quote_char='"', schema=self._schema
        )

    def _trimmed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame under its headers; columns beyond them must be blank."""
        headers = self.shape.headers
        for name in frame.columns[len(headers) :]:
            if (frame.get_column(name).str.strip_chars() != "").any():
                raise FileError(
                    "blank_header",
                    f"row {self.shape.header_row}: column {int(name) + 1} holds values but has no header",
                    "have every column headed",
                )
        kept = frame.select(frame.columns[: len(headers)])
        kept.columns = list(headers)
        return kept


def _taken_before(lines: pl.Series, absorbed: Sequence[tuple[int, int]]) -> pl.Series | int:
    """How many lines the records spanning several took before each of these lines."""
    if not absorbed:
        return 0
    starts = pl.Series([line for line, _ in absorbed], dtype=pl.Int64)
    taken = pl.Series([0, *(count for _, count in absorbed)], dtype=pl.Int64).cum_sum()
    return taken.gather(starts.search_sorted(lines, side="left"))


def _offset(body: bytes, line: int) -> int:
    """Where that line (from 0) begins."""
    return len(body) - len(body.split(b"\n", line)[-1])


def _lines(body: bytes) -> pl.Series:
    """The physical lines, CR included; a blank line is ''."""
    # polars takes one CR off a line's end
    lines = split_lines(body.replace(b"\r\n", b"\r\r\n") + b"\r" if b"\r" in body else body)
    return pl.Series("line", body.decode("utf-8").split("\n"), dtype=pl.String) if lines is None else lines


def split_lines(body: bytes) -> pl.Series | None:
    """The physical lines without one CR at their ends, as polars splits them; None when only Python can."""
    mark = next((mark for mark in _MARKS if mark not in body), None)
    if mark is None:
        return None
    read = pl.read_csv(
        as_it_is(body) + b"\n",
        has_header=False,
        separator=chr(mark),
        quote_char=None,
        schema={"line": pl.String()},
    )
    lines = read.get_column("line").fill_null("")
    if lines.len() != body.count(b"\n") + 1:
        raise FileError("line_count", "the lines cannot be counted reliably")
    return lines
