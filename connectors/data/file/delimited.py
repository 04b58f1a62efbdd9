"""Records in delimited text.

What is written is what the reader reads back: a value is quoted only where the grammar asks for it, an empty text is
``""`` and no value is nothing. Nothing is put before ``=``, ``+``, ``-`` or ``@``: a mark that a program must take off
again is a changed value. Before records are accepted they are written and read in memory, and those that come back
different are refused.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl

from baton.sdk import FeedRefusedError, HaltError, Receipt, RetryableError, tables
from connectors.data.file.stored import Stored

_MARKS: Final[Mapping[str, bytes]] = {
    "utf-8-bom": codecs.BOM_UTF8,
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16": codecs.BOM_UTF16_LE,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
"""Byte order marks by the name of the encoding as reported or set."""
_CODECS: Final[Mapping[str, str]] = {"utf-8-bom": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16-le"}


class StoredText(Stored):
    """One delimited text file; ``file`` is None for one that is still to be made."""

    def __init__(
        self,
        file: tables.DelimitedFile | None,
        headers: Sequence[str],
        encoding: str,
        caps: tables.Caps,
        delimiter: str = ",",
        line_end: str = "\n",
        header: str | None = None,
    ) -> None:
        self.headers = headers
        self._file = file
        self._encoding = encoding
        self._codec = _CODECS.get(encoding, encoding)
        self._caps = caps
        self._delimiter = delimiter
        self._line_end = line_end
        self._header = header

    @classmethod
    def there(cls, file: tables.DelimitedFile, caps: tables.Caps) -> StoredText:
        """The file as it is: encoding, delimiter, line ends stay. Raises `HaltError` where rewriting loses content."""
        detail = file.origin.detail
        if detail["header_row"] != "1":
            raise HaltError(
                f"row {detail['header_row']} is the header; what stands above it would be lost",
                code="header_not_first",
                remedy="have the header in the first row of a file that is written to",
            )
        shape = file.shape
        # As it stands: a name may have a line break in it. Blank columns at its end are not kept.
        header = shape.header if shape.width == len(shape.headers) else None
        return cls(file, shape.headers, detail["encoding"], caps, shape.delimiter, shape.line_end, header)

    @classmethod
    def to_be_made(cls, path: Path, headers: Sequence[str], encoding: str, caps: tables.Caps) -> StoredText:
        """A new file: comma, or tab when it is named .tsv."""
        return cls(None, headers, encoding, caps, "\t" if path.suffix.lower() == ".tsv" else ",")

    def blocks(self) -> Iterator[pl.DataFrame]:
        if self._file is None:
            return
        try:
            for block in self._file.blocks():
                for bad in block.rejected:
                    raise _unreadable(f"row {bad.row}: {bad.message}", bad.rule)
                yield block.frame
        except FeedRefusedError as refusal:
            breach = refusal.breaches[0]
            if breach.guard == "source_changed":
                raise RetryableError(breach.message, code=breach.guard, remedy="nothing was written") from refusal
            raise _unreadable(breach.message, breach.guard) from refusal

    def write(self, frames: Iterator[pl.DataFrame], file: BinaryIO) -> None:
        file.write(_MARKS.get(self._encoding, b""))
        if self._header is None:
            file.write(self._encoded(pl.DataFrame(schema=dict.fromkeys(self.headers, pl.String())), header=True))
        else:
            file.write((self._header + self._line_end).encode(self._codec))
        file.writelines(self._encoded(frame, header=False) for frame in frames)

    def unwritable(self, rows: pl.DataFrame) -> Mapping[int, Receipt]:
        if self._reads_back(rows):
            return {}
        if rows.height == 1:
            return {0: self._refusal(rows)}
        half = rows.height // 2
        lower, upper = self.unwritable(rows.head(half)), self.unwritable(rows.slice(half))
        return {**lower, **{place + half: receipt for place, receipt in upper.items()}}

    def _reads_back(self, rows: pl.DataFrame) -> bool:
        if any((rows.get_column(name).str.len_chars().max() or 0) > self._caps.field_chars for name in rows.columns):  # type: ignore[operator]
            return False
        try:
            written = self._csv(rows, header=True)
            written.decode("utf-8").encode(self._codec)
            caps = tables.Caps(rows.height + 1, self._caps.columns, self._caps.field_chars, 0)
            found = tables.read_delimited(written, tables.Layout(header_depth=1), caps)
        except (UnicodeEncodeError, tables.FileError):
            return False
        return found.frame.equals(rows, null_equal=True)

    def _refusal(self, row: pl.DataFrame) -> Receipt:
        try:
            self._encoded(row, header=False)
        except UnicodeEncodeError:
            return Receipt.refused(
                "not_encodable",
                f"a character of this record is not in {self._encoding}",
                remedy="have the file in UTF-8 or GB18030",
            )
        return Receipt.refused(
            "not_readable_back",
            "this record would not read back as written: a NUL, a field too long, or a text with lines that look "
            "like records",
            remedy="have the text cleaned by a rule of the mapping, or migrate into a database",
        )

    def _encoded(self, frame: pl.DataFrame, *, header: bool) -> bytes:
        written = self._csv(frame, header=header)
        return written if self._codec == "utf-8" else written.decode("utf-8").encode(self._codec)

    def _csv(self, frame: pl.DataFrame, *, header: bool) -> bytes:
        out = io.BytesIO()
        ends = self._line_end
        frame.write_csv(
            out, include_header=header, separator=self._delimiter, quote_style="necessary", line_terminator=ends
        )
        return out.getvalue()


def _unreadable(what: str, code: str) -> HaltError:
    return HaltError(
        f"the file has content that cannot be read, and would be lost if it were rewritten: {what}",
        code=code,
        remedy="have this row of the file corrected",
    )
