"""Delimited text to a table: regular lines go through polars at once, only the others are looked at one by one."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from baton.contracts import RejectedRow
from baton.tables.faults import FileError
from baton.tables.table import Caps, Layout, Table, checked_headers, find_header

_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_HEAD_BYTES: Final = 262_144
_MARKS: Final = (0x1E, 0x1F, 0x1D, 0x1C)
"""Control characters of which one unused in the file separates nothing: it lets polars read whole lines."""


def read_delimited(utf8: bytes, layout: Layout, caps: Caps) -> Table:
    """Find delimiter and header, then read every row or say by number and rule why not. Raises `FileError`."""
    if not utf8.strip():
        raise FileError("empty_file", "the file has no content")
    if b"\n" not in utf8 and b"\r" in utf8:
        raise FileError(
            "bare_cr", "row 1: lines end with a bare CR", "have the export saved with CR LF or LF line ends"
        )
    delimiter, header_line, headers, width = _shape(utf8, layout, caps)
    body = _after_line(utf8, header_line)
    lines = _lines(body, caps)
    grammar = _Grammar(delimiter, width)
    regular = grammar.regular(lines, quotes=b'"' in body)
    repaired = _Repair(grammar, headers, caps, header_line + 2).run(lines, regular)
    for first, last in repaired.ambiguous:
        regular = regular & ~pl.int_range(regular.len(), eager=True).is_between(first, last)
    frame, rows = _joined(body, lines, regular, repaired, grammar, header_line + 2)
    frame = _trimmed(frame, headers, header_line + 1)
    detail = {"format": "text", "delimiter": _DELIMITERS[delimiter]}
    return Table(frame, rows, header_line + 1, tuple(repaired.rejected), detail)


def _shape(utf8: bytes, layout: Layout, caps: Caps) -> tuple[str, int, tuple[str, ...], int]:
    """Delimiter, header line (from 0), headers and cells per line, judged on the top of the file."""
    top = utf8[:_HEAD_BYTES].decode("utf-8", "ignore").split("\n")
    if len(utf8) > _HEAD_BYTES:
        top.pop()  # cut in the middle
    head = [line.removesuffix("\r") for line in top[: layout.header_depth + 50]]
    faults: list[tuple[int, FileError]] = []
    found: list[tuple[float, int, str, int, list[str]]] = []
    for delimiter in _DELIMITERS:
        grammar = _Grammar(delimiter, 0)
        rows = [grammar.cells(line) or [line] for line in head]
        try:
            index = find_header(rows, layout)
        except FileError as fault:
            faults.append((max(map(len, rows), default=0), fault))
            continue
        width = len(rows[index])
        below = [len(row) for row, line in zip(rows[index + 1 :], head[index + 1 :], strict=True) if line]
        agree = sum(1 for count in below if count == width) / len(below) if below else 1.0
        found.append((agree >= 0.5 and width > 1, width, delimiter, index, rows[index]))
    if not found:
        raise max(faults, key=lambda each: each[0])[1]
    _, width, delimiter, index, cells = max(found, key=lambda each: (each[0], each[1]))
    return delimiter, index, checked_headers(cells, index + 1, caps), width


def _after_line(utf8: bytes, line: int) -> bytes:
    end = -1
    for _ in range(line + 1):
        end = utf8.find(b"\n", end + 1)
        if end < 0:
            return b""
    return utf8[end + 1 :].rstrip(b"\r\n")


def _lines(body: bytes, caps: Caps) -> pl.Series:
    """The physical lines without their CR; a blank line is ''."""
    if not body:
        return pl.Series("line", [], dtype=pl.String)
    if body.count(b"\n") > caps.rows * 2:
        raise FileError("too_many_rows", f"more than {caps.rows * 2} lines", "raise max_rows if this is right")
    mark = next((mark for mark in _MARKS if mark not in body), None)
    if mark is None:
        raise FileError("control_characters", "the file is full of control characters: it is not a text table")
    read = pl.read_csv(
        body, has_header=False, separator=chr(mark), quote_char=None, infer_schema=False, new_columns=["line"]
    )
    lines = read.get_column("line").fill_null("")
    if lines.len() != body.count(b"\n") + 1:
        raise FileError("line_count", "the lines cannot be counted reliably")
    return lines.str.strip_suffix("\r")


class _Grammar:
    """What a regular line is: so many fields, each bare without quotes, or quoted with inner quotes doubled."""

    def __init__(self, delimiter: str, width: int) -> None:
        self.delimiter = delimiter
        self.width = width
        sep = re.escape(delimiter)
        quoted = r'"[^"]*(?:""[^"]*)*"'
        self._field = re.compile(rf'(?:({quoted})|([^"{sep}\n\r]*))({sep}|\Z)')
        self._quoted = quoted

    def cells(self, record: str) -> list[str] | None:
        """The fields of one record, or None when it is not regular (open or stray quote, bare CR)."""
        if '"' not in record and "\r" not in record and "\n" not in record:
            return record.split(self.delimiter)
        found: list[str] = []
        at = 0
        while True:
            match = self._field.match(record, at)
            if match is None:
                return None
            quoted, bare, end = match.groups()
            found.append(bare if quoted is None else quoted[1:-1].replace('""', '"'))
            if not end:
                return found
            at = match.end()

    def regular(self, lines: pl.Series, *, quotes: bool) -> pl.Series:
        """Which lines stand for one whole record of the right width, as a mask."""
        bare = lines
        odd = lines.str.contains("[\r\0\x01]")
        if quotes:
            # Every quoted field becomes one \x01; what is left of quotes, or a mark not alone in its field, is odd.
            sep = re.escape(self.delimiter)
            bare = lines.str.replace_all(r'"[^"]*(?:""[^"]*)*"', "\x01")
            odd |= bare.str.contains(rf'"|[^{sep}]\x01|\x01[^{sep}]')
        count = bare.str.count_matches(self.delimiter, literal=True)
        blank = lines == ""
        return ~odd & ~blank & (count == self.width - 1)


@dataclass(slots=True)
class _Repaired:
    """What came of the irregular lines."""

    records: list[tuple[int, list[str]]] = field(default_factory=list)
    """(line from 0, cells) of records that are good after all: those spanning lines, or with blank extra cells."""
    rejected: list[RejectedRow] = field(default_factory=list)
    ambiguous: list[tuple[int, int]] = field(default_factory=list)
    """(first line, last line) of stretches that can be read in two ways and are rejected whole."""
    absorbed: list[tuple[int, int]] = field(default_factory=list)
    """(line from 0, lines it took beyond the first) of records spanning lines: later rows count up less."""


@dataclass(slots=True)
class _Repair:
    """Looks at irregular lines one by one: joins records that span lines, rejects the rest by row and rule.

    Where lines read as rows of their own and also as the inside of a quoted field, neither reading is taken: one would
    let a forgotten quote swallow people, the other let a text field forge them.
    """

    grammar: _Grammar
    headers: Sequence[str]
    caps: Caps
    first_row: int
    _shift: int = 0

    def run(self, lines: pl.Series, regular: pl.Series) -> _Repaired:
        done = _Repaired()
        odd_quotes = (lines.str.count_matches('"', literal=True) % 2 == 1).arg_true().to_list()
        after = -1
        for line in (~regular).arg_true().to_list():
            if line <= after:
                continue  # part of a record that began further up
            text = lines[line]
            if text == "":
                continue
            last = line
            if text.count('"') % 2:
                at = bisect_right(odd_quotes, line)
                last = odd_quotes[at] if at < len(odd_quotes) else line
            after = self._one(line, lines[line : last + 1].to_list(), regular[line + 1 : last + 1], done)
            if len(done.rejected) > self.caps.rejected:
                place = done.rejected[0]
                raise FileError(
                    "too_many_faults",
                    f"more than {self.caps.rejected} rows cannot be read; "
                    f"the first is row {place.row} ({place.rule}: {place.message})",
                )
        return done

    def _one(self, line: int, texts: Sequence[str], rows_inside: pl.Series, done: _Repaired) -> int:
        """Deal with the record that begins at ``line`` and, by its quotes, ends with ``texts``; its last line."""
        row = self.first_row + line - self._shift
        record = "\n".join(texts)
        cells = None if "\0" in record else self.grammar.cells(record)
        width = self.grammar.width
        if cells is None or len(cells) < width or any(cell.strip() for cell in cells[width:]):
            done.rejected.append(self._verdict(row, texts[0]))
            return line
        last = line + len(texts) - 1
        if rows_inside.any():
            message = "a quoted field reaches over whole rows: a forgotten quote, or a text that looks like rows"
            done.ambiguous.append((line, last))
            done.rejected += [
                RejectedRow(row + each, "quote_swallows_rows", message)
                for each in range(min(len(texts), self.caps.rejected + 1))
            ]
            return last
        done.records.append((line, cells[:width]))
        if last > line:
            done.absorbed.append((line, last - line))
            self._shift += last - line
        return last

    def _verdict(self, row: int, line: str) -> RejectedRow:
        cells = self.grammar.cells(line)
        if "\0" in line:
            return self._at(row, "nul", "a NUL character", line.split("\0", maxsplit=1)[0])
        if cells is None and "\r" in line and '"' not in line:
            return self._at(row, "bare_cr", "a bare CR inside the line", line.split("\r", maxsplit=1)[0])
        if cells is None:
            before, opened = self._bad_quote(line)
            rule, message = (
                ("unclosed_quote", "a quote is opened and not closed before the next rows")
                if opened
                else ("stray_quote", "a quote inside a field that is not quoted, or text after a closing quote")
            )
            return self._at(row, rule, message, before)
        if any(len(cell) > self.caps.field_chars for cell in cells):
            return RejectedRow(row, "field_too_long", f"more than {self.caps.field_chars} characters")
        return RejectedRow(row, "ragged", f"{len(cells)} fields where the header has {self.grammar.width}")

    def _bad_quote(self, line: str) -> tuple[str, bool]:
        """What stands before the field whose quoting is wrong, and whether it is an opened quote."""
        at = 0
        while (match := self.grammar._field.match(line, at)) is not None and match.group(3):
            at = match.end()
        rest = line[at:]
        return line[:at], rest.startswith('"') and re.match(self.grammar._quoted, rest) is None

    def _at(self, row: int, rule: str, message: str, before: str) -> RejectedRow:
        cells = self.grammar.cells(before)
        position = before.count(self.grammar.delimiter) if cells is None else len(cells) - 1
        column = self.headers[position] if position < len(self.headers) else ""
        return RejectedRow(row, rule, message, column)


def _joined(
    body: bytes, lines: pl.Series, regular: pl.Series, repaired: _Repaired, grammar: _Grammar, first_row: int
) -> tuple[pl.DataFrame, pl.Series]:
    """All good records in file order, and their row numbers."""
    names = [f"{position}" for position in range(grammar.width)]
    good = regular.arg_true().cast(pl.Int64)
    frame = _parsed(body if regular.all() else None, lines.filter(regular), names, grammar.delimiter)
    if frame.height != good.len():
        raise FileError("line_count", "the rows cannot be counted reliably")
    if repaired.records:
        extra = pl.DataFrame(
            [cells for _, cells in repaired.records], schema=dict.fromkeys(names, pl.String), orient="row"
        )
        numbers = pl.Series([line for line, _ in repaired.records], dtype=pl.Int64)
        at = pl.concat([good, numbers])
        order = at.arg_sort()
        frame, good = pl.concat([frame, extra])[order], at.gather(order)
    rows = good + first_row
    for line, absorbed in repaired.absorbed:
        rows = rows - (good > line).cast(pl.Int64) * absorbed
    return frame, rows


def _parsed(body: bytes | None, lines: pl.Series, names: list[str], delimiter: str) -> pl.DataFrame:
    """Regular lines through polars' own reader."""
    if lines.len() == 0:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    if body is None:
        body = lines.str.join("\n").item().encode("utf-8")
    return pl.read_csv(
        body, has_header=False, separator=delimiter, quote_char='"', infer_schema=False, new_columns=names
    )


def _trimmed(frame: pl.DataFrame, headers: Sequence[str], header_row: int) -> pl.DataFrame:
    """The frame under its headers; columns beyond them must be blank."""
    for name in frame.columns[len(headers) :]:
        if (frame.get_column(name).str.strip_chars() != "").any():
            raise FileError(
                "blank_header",
                f"row {header_row}: column {int(name) + 1} holds values but has no header",
                "have every column headed",
            )
    kept = frame.select(frame.columns[: len(headers)])
    kept.columns = list(headers)
    return kept
