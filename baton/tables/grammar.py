"""What a line of delimited text is, and what becomes of the lines that are not one whole record."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import polars as pl

from baton.model.source_rows import RejectedRow
from baton.tables.faults import FileError
from baton.tables.table import Caps


class Beyond(Enum):
    """What follows the lines at hand."""

    NOTHING = "nothing"
    """The file ends with them, or nothing further down can close a quote that is still open."""
    MORE = "more"
    """More of the file: a quote left open may yet be closed."""


class FaultBudget:
    """How many rows of a file may be rejected before the file itself is."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._spent = 0
        self._first: RejectedRow | None = None

    def spend(self, rejected: Sequence[RejectedRow]) -> None:
        """Count these rows. Raises `FileError` once there are more than the limit."""
        if not rejected:
            return
        self._first = self._first or rejected[0]
        self._spent += len(rejected)
        if self._spent > self.limit:
            raise FileError(
                "too_many_faults",
                f"more than {self.limit} rows cannot be read; "
                f"the first is row {self._first.row} ({self._first.rule}: {self._first.message})",
            )


class Grammar:
    """What a regular line is: so many fields, each bare without quotes, or quoted with inner quotes doubled."""

    def __init__(self, delimiter: str, width: int) -> None:
        self.delimiter = delimiter
        self.width = width
        sep = re.escape(delimiter)
        quoted = r'"[^"]*(?:""[^"]*)*"'
        self._field = re.compile(rf'(?:({quoted})|([^"{sep}\n\r]*))({sep}|\Z)')
        self._open = re.compile(r'"[^"]*(?:""[^"]*)*\Z')

    def cells(self, record: str) -> list[str] | None:
        """The fields of one record, or None when it is not regular (open or stray quote, bare CR)."""
        values = self.values(record)
        return None if values is None else [value or "" for value in values]

    def values(self, record: str) -> list[str | None] | None:
        """As `cells`, telling a bare empty field (None) from a quoted one."""
        if '"' not in record and "\r" not in record and "\n" not in record:
            return [cell or None for cell in record.split(self.delimiter)]
        found: list[str | None] = []
        at = 0
        while True:
            match = self._field.match(record, at)
            if match is None:
                return None
            quoted, bare, end = match.groups()
            found.append(bare or None if quoted is None else quoted[1:-1].replace('""', '"'))
            if not end:
                return found
            at = match.end()

    def leaves_open(self, record: str) -> bool:
        """True when the record is regular up to a quoted field that has not ended yet."""
        return self.bad_quote(record)[1]

    def bad_quote(self, line: str) -> tuple[str, bool]:
        """What stands before the field whose quoting is wrong, and whether a quote is opened there and never closed."""
        at = 0
        while (match := self._field.match(line, at)) is not None and match.group(3):
            at = match.end()
        return line[:at], self._open.match(line, at) is not None

    def regular(self, lines: pl.Series, *, quotes: bool) -> pl.Series:
        """Which lines stand for one whole record of the right width, as a mask."""
        sep = self.delimiter
        bare = pl.select(pl.lit(sep) + lines).to_series()  # so that every field has a delimiter before it
        odd = lines.str.contains("[\r\0\x01]")
        if quotes:
            # Every quoted field becomes one \x01; a quote that is left, or a mark that does not end its field, is odd.
            bare = bare.str.replace_all(rf'{re.escape(sep)}"[^"]*(?:""[^"]*)*"', f"{sep}\x01")
            odd |= bare.str.contains(rf'"|\x01[^{re.escape(sep)}]')
        count = bare.str.count_matches(sep, literal=True)
        blank = lines == ""
        return ~odd & ~blank & (count == self.width)


@dataclass(slots=True)
class Repaired:
    """What came of the irregular lines."""

    records: list[tuple[int, list[str | None]]] = field(default_factory=list)
    """(line from 0, cells) of records that are good after all: those spanning lines, or with blank extra cells."""
    rejected: list[RejectedRow] = field(default_factory=list)
    ambiguous: list[tuple[int, int]] = field(default_factory=list)
    """(first line, last line) of stretches that can be read in two ways and are rejected whole."""
    absorbed: list[tuple[int, int]] = field(default_factory=list)
    """(line from 0, lines it took beyond the first) of records spanning lines: later rows count up less."""
    undecided: int | None = None
    """The line whose quote is open where the lines end: more of the file must be seen to judge it."""


@dataclass(slots=True)
class Repair:
    """Looks at irregular lines one by one: joins records that span lines, rejects the rest by row and rule.

    Where lines read as rows of their own and also as the inside of a quoted field, neither reading is taken: one would
    let a forgotten quote swallow people, the other let a text field forge them.
    """

    grammar: Grammar
    headers: Sequence[str]
    caps: Caps
    budget: FaultBudget
    first_row: int
    _shift: int = 0

    def run(self, lines: pl.Series, regular: pl.Series, beyond: Beyond) -> Repaired:
        """Judge every line that is not regular, up to one that only what follows can decide.

        ``lines`` still have their CR: inside a quoted field it is part of the text.
        """
        done = Repaired()
        if regular.all():
            return done
        odd_quotes = (lines.str.count_matches('"', literal=True) % 2 == 1).arg_true().to_list()
        after = -1
        for line in (~regular).arg_true().to_list():
            if line <= after:
                continue  # part of a record that began further up
            text = lines[line].removesuffix("\r")
            if text == "":
                continue
            last = line
            if text.count('"') % 2:
                at = bisect_right(odd_quotes, line)
                if at == len(odd_quotes) and beyond is Beyond.MORE:
                    done.undecided = line
                    return done
                last = odd_quotes[at] if at < len(odd_quotes) else line
            known = len(done.rejected)
            after = self._one(line, lines[line : last + 1].to_list(), regular[line + 1 : last + 1], done)
            self.budget.spend(done.rejected[known:])
        return done

    def _one(self, line: int, texts: Sequence[str], rows_inside: pl.Series, done: Repaired) -> int:
        """Deal with the record that begins at ``line`` and, by its quotes, ends with ``texts``; its last line."""
        row = self.first_row + line - self._shift
        record = "\n".join(texts).removesuffix("\r")
        cells = None if "\0" in record else self.grammar.values(record)
        width = self.grammar.width
        if cells is None or len(cells) < width or any((cell or "").strip() for cell in cells[width:]):
            done.rejected.append(self._verdict(row, texts[0].removesuffix("\r")))
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
            before, opened = self.grammar.bad_quote(line)
            rule, message = (
                ("unclosed_quote", "a quote is opened and not closed before the next rows")
                if opened
                else ("stray_quote", "a quote inside a field that is not quoted, or text after a closing quote")
            )
            return self._at(row, rule, message, before)
        if any(len(cell) > self.caps.field_chars for cell in cells):
            return RejectedRow(row, "field_too_long", f"more than {self.caps.field_chars} characters")
        return RejectedRow(row, "ragged", f"{len(cells)} fields where the header has {self.grammar.width}")

    def _at(self, row: int, rule: str, message: str, before: str) -> RejectedRow:
        cells = self.grammar.cells(before)
        position = before.count(self.grammar.delimiter) if cells is None else len(cells) - 1
        column = self.headers[position] if position < len(self.headers) else ""
        return RejectedRow(row, rule, message, column)
