"""A table as found in a file, the search for its header row, and the rules every row must keep."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import polars as pl

from baton.model.source_rows import RejectedRow, SourcePage
from baton.tables.faults import FileError

_TOTAL_WORDS: Final = (
    r"^\s*[（(]?(?:(?:合\s*计|总\s*计|小\s*计|共\s*计|汇\s*总)"
    r"(?:$|[^\p{L}]|人数|金额|(?:数|行|额|工资|应发|实发|大写)(?:$|[^\p{L}]))"
    r"|(?:grand\s+)?totals?(?:$|[\s:：（(）)/=])|sum\s*(?:$|[:：（(）)=]))"
)
"""The whole word: people are called Sumit, and a department 总计划部."""
LOST_DIGITS: Final = r"^\s*-?[1-9](?:(?:\.[0-9]+)?[Ee]\+|\.[0-9]+[Ee])(?:1[1-9]|[2-9][0-9])\s*$"
"""What programs write for a number of twelve or more digits, the others gone: 1.1E+17, 1.1e+17, 1.1E17 (Java)."""
_LIKE_A_NUMBER: Final = r"^\s*(?:[A-Za-z_-]*[0-9]){1,32}[A-Za-z_-]{0,8}\s*$"
"""One word of letters and digits, as employee numbers are: a person whose other cells are gone, and no footer."""
_DATED: Final = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\s*$"
_UNCLEAN: Final = r"^\s|\s$|[\p{Cc}\p{Cf}]"


@dataclass(frozen=True, slots=True)
class Caps:
    """How large a table may be."""

    rows: int = 1_000_000
    columns: int = 500
    field_chars: int = 32_767
    rejected: int = 1_000
    """More broken rows than this and the file itself is broken (each one also ends a page)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the file should look like: required headers, the employee-number column, how far down the header may be."""

    required: tuple[str, ...] = ()
    number_column: str | None = None
    header_depth: int = 20
    header_rows: int = 1
    """Of workbooks: how many rows the header takes. The names over a column are joined: ``合同/起始日``."""

    @property
    def keys(self) -> Mapping[str, str]:
        """The required headers by their comparison key."""
        names = (*self.required, self.number_column) if self.number_column else self.required
        return {header_key(name): name for name in names}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as found: one text column per header, ``row_numbers`` (from 1, as a spreadsheet shows them) beside them."""

    frame: pl.DataFrame
    row_numbers: pl.Series
    header_row: int
    rejected: Sequence[RejectedRow] = ()
    detail: Mapping[str, str] = field(default_factory=dict)


def header_key(text: str) -> str:
    r"""A header as it is compared: NFKC, case folded, without white space and invisible characters.

    >>> header_key(" 工　号\ufeff") == header_key("工号")
    True
    >>> header_key("ＩＤ（必填）")
    'id(必填)'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))


def header_text(text: str) -> str:
    """A header as it is kept: without white space and invisible characters around it."""
    return text.strip().strip("\ufeff\u200b\u200c\u200d\u2060").strip()


def find_header(rows: Sequence[Sequence[str]], layout: Layout) -> int:
    """The index of the header row among the first rows of a file.

    With required headers it is the first row that has them all; without, the first of the fullest rows (a title
    above it fills one cell). Raises `FileError` naming what is missing.
    """
    required = layout.keys
    head = rows[: layout.header_depth]
    if not required:
        filled = [sum(1 for cell in row if cell.strip()) for row in head]
        if not filled or max(filled) == 0:
            raise FileError("no_header", f"no header row within the first {layout.header_depth} rows")
        return filled.index(max(filled))
    best, fewest = 0, dict(required)
    for index, row in enumerate(head):
        missing = {key: name for key, name in required.items() if key not in {header_key(cell) for cell in row}}
        if not missing:
            return index
        if len(missing) < len(fewest):
            best, fewest = index, missing
    names = ", ".join(fewest.values())
    if len(fewest) == len(required):
        raise FileError(
            "no_header",
            f"no row within the first {layout.header_depth} has the headers {names}",
            "check that this is the right export and sheet; the header row must be near the top",
        )
    raise FileError(
        "missing_column",
        f"row {best + 1} is the header but lacks: {names}",
        "have the columns put back, or change the columns this system expects",
    )


def checked_headers(cells: Sequence[str], row: int, caps: Caps) -> tuple[str, ...]:
    """The header names as kept; trailing blanks are dropped. Refuses doubles, gaps and too many columns."""
    headers = [header_text(cell) for cell in cells]
    while headers and not header_key(headers[-1]):
        headers.pop()
    if len(headers) > caps.columns:
        raise FileError("too_many_columns", f"row {row}: {len(headers)} columns, at most {caps.columns} are read")
    seen: dict[str, int] = {}
    for position, header in enumerate(headers, start=1):
        key = header_key(header)
        if not key:
            raise FileError(
                "blank_header",
                f"row {row}: column {position} has no header",
                "have every column headed; merged header cells must be split",
            )
        if key in seen:
            raise FileError(
                "duplicate_header",
                f"row {row}: columns {seen[key]} and {position} have the same header {header!r}",
                "have one of them renamed or removed",
            )
        seen[key] = position
    return tuple(headers)


def settled(table: Table, layout: Layout, caps: Caps) -> Table:
    """The table with blank cells as null, blank rows left out and every row that breaks a rule rejected by number."""
    frame = table.frame.with_columns(pl.when(pl.all().str.strip_chars() != "").then(pl.all()).name.keep())
    frame = frame.with_columns(table.row_numbers.alias(_ROW))
    values = pl.exclude(_ROW)
    blank = pl.all_horizontal(values.is_null())
    blanks = int(frame.select(blank.sum()).item()) if table.frame.width else frame.height
    frame = frame.filter(~blank) if table.frame.width else frame.clear()
    if frame.height > caps.rows:
        raise FileError("too_many_rows", f"{frame.height} rows, at most {caps.rows} are read", "raise max_rows")
    broken = _broken(frame, layout, caps)
    rejected = sorted((*table.rejected, *broken), key=lambda each: each.row)
    if len(rejected) > caps.rejected:
        raise FileError("too_many_faults", _summary(rejected))
    if broken:
        frame = frame.filter(~pl.col(_ROW).is_in([each.row for each in broken]))
    detail = {**table.detail, "header_row": str(table.header_row), "blank_rows": str(blanks)}
    return Table(frame.drop(_ROW), frame.get_column(_ROW), table.header_row, rejected, detail)


_ROW: Final = "\x00row"
"""Names the row-number column while rules are applied; no header can hold a NUL."""


def _broken(frame: pl.DataFrame, layout: Layout, caps: Caps) -> list[RejectedRow]:
    """One rejection per row that breaks a rule; the first rule that bites names it."""
    names = [name for name in frame.columns if name != _ROW]
    number = _named(names, layout.number_column)
    found: dict[int, RejectedRow] = {}

    def reject(where: pl.Expr, rule: str, message: str, column: str = "") -> None:
        for row in frame.filter(where).get_column(_ROW).to_list():
            found.setdefault(row, RejectedRow(row, rule, message, column))

    if not names:
        return []
    first = pl.coalesce(names)
    is_total = first.str.contains(f"(?i){_TOTAL_WORDS}")
    if number is not None:
        is_total &= pl.col(number).is_null() | (pl.col(number) == first)
    reject(is_total, "total_row", "a total, not a person")
    for rule in _lone(names, number):
        reject(*rule)
    if number is not None:
        reject(pl.col(number).is_null(), "no_number", "the employee number is blank", number)
        reject(
            pl.col(number).str.contains(_UNCLEAN),
            "number_not_clean",
            "the employee number has white space around it or an invisible character in it",
            number,
        )
    for name in names:
        column = frame.get_column(name)
        if (column.str.len_bytes().max() or 0) > caps.field_chars:  # type: ignore[operator]
            over = pl.col(name).str.len_chars() > caps.field_chars
            reject(over, "field_too_long", f"more than {caps.field_chars} characters", name)
        if column.str.contains(LOST_DIGITS).any():
            reject(
                pl.col(name).str.contains(LOST_DIGITS),
                "precision_lost",
                "a long number was exported in scientific notation: its last digits are gone",
                name,
            )
    return list(found.values())


def _lone(names: Sequence[str], number: str | None) -> Iterator[tuple[pl.Expr, str, str, str]]:
    """The rules for rows of one cell: a person whose other cells are gone is told of, and no part of the layout."""
    if len(names) <= 2:
        return
    lone = pl.sum_horizontal(pl.col(name).is_not_null() for name in names) == 1
    if number is not None:
        like_one = pl.col(number).str.contains(_LIKE_A_NUMBER) & ~pl.col(number).str.contains(_DATED)
        yield lone & like_one, "number_alone", "of the whole row only the employee number is filled", number
    yield lone, "lone_cell", "only one cell is filled: a note or a footer, not a person", ""


def _named(names: Sequence[str], wanted: str | None) -> str | None:
    if wanted is None:
        return None
    key = header_key(wanted)
    return next(name for name in names if header_key(name) == key)


def _summary(rejected: Sequence[RejectedRow]) -> str:
    counts: dict[str, list[int]] = {}
    for each in rejected:
        counts.setdefault(each.rule, []).append(each.row)
    parts = "; ".join(f"{rule}: {len(rows)} (first in row {rows[0]})" for rule, rows in sorted(counts.items()))
    return f"{len(rejected)} rows cannot be read: {parts}"


def pages(table: Table, page_rows: int) -> Iterator[SourcePage]:
    """Pages of consecutive rows, so that ``first_row`` plus the position is the row in the file.

    Rejected rows come with the page before or around them; those after the last row with the last page.
    """
    starts = _starts(table.row_numbers, page_rows)
    rejected = list(table.rejected)
    if not starts:
        yield SourcePage(table.frame, table.header_row + 1, tuple(rejected))
        return
    for index, start in enumerate(starts):
        last = index + 1 == len(starts)
        end = table.frame.height if last else starts[index + 1]
        first_row = int(table.row_numbers[start])
        next_row = None if last else int(table.row_numbers[end])
        mine = [each for each in rejected if next_row is None or each.row < next_row]
        rejected = rejected[len(mine) :]
        cursor = None if next_row is None else f"row:{next_row}"
        yield SourcePage(table.frame.slice(start, end - start), first_row, tuple(mine), cursor)


def _starts(row_numbers: pl.Series, page_rows: int) -> list[int]:
    """Where pages begin: at every gap in the row numbers and at latest after ``page_rows``."""
    gaps = (row_numbers.diff().fill_null(1) != 1).arg_true().to_list()
    runs = [0, *gaps, len(row_numbers)]
    return [start for low, high in pairwise(runs) for start in range(low, high, page_rows)]
