"""Delimited text of any size in constant memory: blocks of whole records, cut where a record ends.

The verdict on every row is the one `delimited.read_delimited` gives to the whole file. Only a quote that is opened and
closed more than `_REACH_BYTES` further down, with nothing in between to contradict it, refuses the file instead: its
rows could be read in two ways and are too many to be held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl

from baton.errors import FeedRefusedError
from baton.model.source_rows import Origin, RejectedRow, SourcePage
from baton.tables.delimited import HEAD_BYTES, Block, BlockReader, Shape, after_line, find_shape, without_blank_end
from baton.tables.faults import FileError, refused
from baton.tables.grammar import Beyond, Grammar
from baton.tables.place import open_plain
from baton.tables.table import Caps, Layout, Table, pages
from baton.tables.text_file import Reading, Survey, survey

_REACH_BYTES: Final = 8 * 1024 * 1024
"""How far the end of a quoted field is looked for with all lines at hand."""
_LEAST_BLOCK_BYTES: Final = 64 * 1024
_MOST_BLOCK_BYTES: Final = 16 * 1024 * 1024
_MOST_LINE_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class DelimitedFile:
    """A delimited text file, surveyed and understood; `open` makes one. Its content may be walked any number of times.

    Every walk reads the file anew and ends with `FeedRefusedError` (``source_changed``) unless what it has read are
    the bytes of the survey, and with the guard's name when the file turns out to be unusable further down.
    """

    surveyed: Survey
    shape: Shape
    caps: Caps
    line_bytes: float
    """The mean length of the first lines."""

    @classmethod
    def open(
        cls, path: Path, layout: Layout, caps: Caps, *, encoding: str | None = None, max_bytes: int = 1 << 40
    ) -> DelimitedFile:
        """Hash the file, find encoding, delimiter and header.

        Raises `FileError` when that cannot be done, `HaltError` or `RetryableError` when it cannot be opened.
        """
        surveyed = survey(path, encoding, max_bytes)
        with open_plain(path) as file:
            reading = Reading(file, surveyed)
            top = _filled(reading, b"", HEAD_BYTES + 1)
        shape = find_shape(top, layout, caps)
        return cls(surveyed, shape, caps, len(top) / (top.count(b"\n") + 1))

    @property
    def origin(self) -> Origin:
        """Name, SHA-256, time of the last write; encoding, delimiter and header row."""
        detail = {
            **self.shape.detail,
            "encoding": self.surveyed.encoding.name,
            "header_row": str(self.shape.header_row),
        }
        return Origin(self.surveyed.path.name, self.surveyed.digest, self.surveyed.as_of, detail)

    def pages(self, page_rows: int = 50_000) -> Iterator[SourcePage]:
        """Pages of at most so many consecutive rows. Empty cells are null; rows of blank cells only are left out."""
        held: SourcePage | None = None
        for page in self._pages(page_rows):
            if held is not None:
                yield replace(held, cursor=f"row:{page.first_row}")
            held = page
        yield replace(held or self._no_rows(), cursor=None)

    def blocks(self, rows: int = 50_000) -> Iterator[Block]:
        """Blocks of about so many records, a bare empty field (null) told from a quoted one ('')."""
        with open_plain(self.surveyed.path) as file:
            reading = Reading(file, self.surveyed)
            try:
                yield from _Walk(self, file, reading, rows).run()
                reading.confirm()
            except FileError as fault:
                raise self._refusal(reading, fault) from fault
            except pl.exceptions.PolarsError as fault:
                raise self._refusal(reading, FileError("unreadable", "the rows cannot be read")) from fault

    def _pages(self, page_rows: int) -> Iterator[SourcePage]:
        for block in self.blocks(page_rows):
            table = _without_blanks(block)
            if table.frame.height or table.rejected:
                yield from pages(table, page_rows)

    def _no_rows(self) -> SourcePage:
        empty = pl.DataFrame(schema=dict.fromkeys(self.shape.headers, pl.String()))
        return SourcePage(empty, self.shape.header_row + 1)

    def _refusal(self, reading: Reading, fault: FileError) -> FeedRefusedError:
        """The fault as a refusal, unless it only shows that the file has changed."""
        digest = self.surveyed.digest
        try:
            reading.confirm()
        except FileError as change:
            return refused(change, digest)
        return refused(fault, digest)


def _without_blanks(block: Block) -> Table:
    """A block as a source tells it: no value is null, blank rows are not there."""
    frame, rows = block.frame, block.row_numbers
    if block.empty_texts:
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()).name.keep())
    first = frame.to_series(0)
    if first.has_nulls() or (first.str.strip_chars() == "").any():
        blank = pl.all_horizontal((pl.all().is_null()) | (pl.all().str.strip_chars() == ""))
        filled = ~frame.select(blank).to_series()
        frame, rows = frame.filter(filled), rows.filter(filled)
    return Table(frame, rows, block.next_row, block.rejected)


def _filled(reading: Reading, text: bytes, size_bytes: int) -> bytes:
    """The text with what follows it, up to that size or the end of the file."""
    pieces = [text]
    missing = size_bytes - len(text)
    while missing > 0 and not reading.ended:
        pieces.append(reading.read(missing))
        missing -= len(pieces[-1])
    return b"".join(pieces)


class _Walk:
    """One walk through the rows of a file."""

    def __init__(self, origin: DelimitedFile, file: BinaryIO, reading: Reading, rows: int) -> None:
        self._origin = origin
        self._file = file
        self._reading = reading
        self._shape = origin.shape
        self._caps = origin.caps
        # A little less than the rows asked for, so that lines longer than the first ones seldom make two pages of one.
        about = int(origin.line_bytes * rows * 0.98)
        self._block_bytes = min(max(about, _LEAST_BLOCK_BYTES), _MOST_BLOCK_BYTES)
        self._blocks = BlockReader(self._shape, self._caps)
        self._grammar = Grammar(self._shape.delimiter, self._shape.width)
        self._records = 0
        self._lone_quote: tuple[int, bool] = (-1, False)
        """Place of the next quote that is not doubled, and whether it would close a field."""

    def run(self) -> Iterator[Block]:
        """The blocks in order. Raises `FileError`."""
        row = self._shape.header_row + 1
        text = self._below_header()
        while True:
            body, rest, beyond = self._cut(text)
            if beyond is Beyond.NOTHING and not body:
                return
            if rest is None:
                text = self._grown(text, row)
                continue
            block = self._blocks.read(body, row, beyond)
            if block.undecided == 0:
                if len(body) < _REACH_BYTES:
                    text = self._grown(text, row)
                    continue
                self._check_far_quote(body, len(rest), row)
                block = self._blocks.read(body, row, Beyond.NOTHING)
            yield self._within_caps(block)
            if beyond is Beyond.NOTHING:
                return
            row = block.next_row
            if block.undecided is not None:
                rest = body[block.undecided :] + b"\n" + rest
            text = _filled(self._reading, rest, max(self._block_bytes, 2 * len(rest)))

    def _below_header(self) -> bytes:
        text = _filled(self._reading, b"", self._block_bytes)
        while text.count(b"\n") <= self._shape.header_line and not self._reading.ended:
            text = self._grown(text, 1)
        return after_line(text, self._shape.header_line)

    def _cut(self, text: bytes) -> tuple[bytes, bytes | None, Beyond]:
        """Whole lines, the cut-off one after them (None when there is no whole one), and what is to be expected."""
        if self._reading.ended:
            return without_blank_end(text), b"", Beyond.NOTHING
        end = text.rfind(b"\n")
        return (b"", None, Beyond.MORE) if end < 0 else (text[:end], text[end + 1 :], Beyond.MORE)

    def _grown(self, text: bytes, row: int) -> bytes:
        if len(text) > _MOST_LINE_BYTES:
            message = f"row {row}: a line has more than {_MOST_LINE_BYTES} bytes"
            raise FileError("line_too_long", message, "check that this is a text table with LF or CR LF line ends")
        return _filled(self._reading, text, 2 * max(len(text), _LEAST_BLOCK_BYTES))

    def _check_far_quote(self, body: bytes, left_bytes: int, row: int) -> None:
        """Refuse the file if the quote left open in the first line may be closed beyond the lines at hand."""
        if not self._grammar.leaves_open(body.decode("utf-8")):
            return
        place = self._reading.given_bytes - left_bytes
        if self._lone_quote[0] < place:
            self._lone_quote = self._next_lone_quote(place)
        if self._lone_quote[1]:
            raise FileError(
                "quote_swallows_rows",
                f"row {row}: a quote is opened here and the next is more than {_REACH_BYTES >> 20} MiB further down",
                "have the quote in this row corrected",
            )

    def _next_lone_quote(self, start: int) -> tuple[int, bool]:
        """The next quote from that place on (in bytes of UTF-8), looked for in a pass of its own."""
        ahead = Reading(self._file, self._origin.surveyed)
        while ahead.given_bytes < start and not ahead.ended:
            text = ahead.read(min(_LEAST_BLOCK_BYTES * 16, start - ahead.given_bytes))
        text = text[len(text) - (ahead.given_bytes - start) :] if ahead.given_bytes > start else b""
        at = 0
        while True:
            quote = text.find(b'"', at)
            if (quote < 0 or quote + 1 == len(text)) and not ahead.ended:
                text, at = (text[quote:] if quote >= 0 else b"") + ahead.read(_LEAST_BLOCK_BYTES * 16), 0
            elif quote < 0:
                return 1 << 62, False
            elif text[quote + 1 : quote + 2] == b'"':
                at = quote + 2
            else:
                closing = (b"", b"\r", b"\n", self._shape.delimiter.encode())
                return ahead.given_bytes - len(text) + quote, text[quote + 1 : quote + 2] in closing

    def _within_caps(self, block: Block) -> Block:
        """The block without rows that hold a longer field than allowed. Raises `FileError` for too many rows."""
        self._records += block.frame.height
        if self._records > self._caps.rows:
            message = f"more than {self._caps.rows} rows, at most so many are read"
            raise FileError("too_many_rows", message, "raise max_rows if this is right")
        most = self._caps.field_chars
        long: dict[int, RejectedRow] = {}
        for column in block.frame.iter_columns():
            if (column.str.len_bytes().max() or 0) > most:  # type: ignore[operator]
                for row in block.row_numbers.filter(column.str.len_chars() > most):
                    verdict = RejectedRow(row, "field_too_long", f"more than {most} characters", column.name)
                    long.setdefault(row, verdict)
        if not long:
            return block
        self._blocks.budget.spend(list(long.values()))
        kept = ~block.row_numbers.is_in(list(long))
        rejected = sorted((*block.rejected, *long.values()), key=lambda each: each.row)
        return replace(
            block, frame=block.frame.filter(kept), row_numbers=block.row_numbers.filter(kept), rejected=rejected
        )
