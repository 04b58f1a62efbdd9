"""The header of a sheet: one row, or several rows whose names are joined, with merged cells naming all they cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from baton.tables.faults import FileError
from baton.tables.table import Caps, Layout, checked_headers, find_header, header_key, header_text

JOINED_BY: Final = "/"


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range; rows and columns from 1, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Header:
    """The column names and the number of the last row they take."""

    names: tuple[str, ...]
    last_row: int


def sheet_header(rows: Sequence[Sequence[str]], merges: Sequence[Merge], layout: Layout, caps: Caps) -> Header:
    """Find the header in the first rows of a sheet. Raises `FileError`.

    With ``layout.header_rows`` above 1, a column's name is what stands over it from top to bottom, joined with ``/``:
    a group's name merged over several columns belongs to each of them, a name merged downwards counts once.
    """
    if layout.header_rows == 1:
        index = find_header(rows, layout)
        _check_merged(merges, index + 1)
        return Header(checked_headers(rows[index], index + 1, caps), index + 1)
    blocks = range(min(len(rows) - layout.header_rows + 1, layout.header_depth))
    joined = [_joined(rows, merges, start + 1, start + layout.header_rows) for start in blocks]
    index = find_header([_once(names) for names in joined], layout)
    last_row = index + layout.header_rows
    _check_reach(merges, index + 1, last_row)
    return Header(checked_headers(joined[index], last_row, caps), last_row)


def _joined(rows: Sequence[Sequence[str]], merges: Sequence[Merge], top: int, bottom: int) -> list[str]:
    """The names over each column, from row ``top`` to row ``bottom``."""
    width = max(len(row) for row in rows)
    names: list[list[str]] = [[] for _ in range(width)]
    covering = [merge for merge in merges if merge.top <= bottom and merge.bottom >= top]
    for row in range(top, bottom + 1):
        for column in range(1, width + 1):
            merge = next((m for m in covering if m.top <= row <= m.bottom and m.left <= column <= m.right), None)
            if merge is not None and row > max(merge.top, top):
                continue
            at = (row, column) if merge is None else (merge.top, merge.left)
            names[column - 1].append(header_text(rows[at[0] - 1][at[1] - 1]))
    return [JOINED_BY.join(name for name in each if header_key(name)) for each in names]


def _once(names: Sequence[str]) -> list[str]:
    """Each name once: a title over the whole width is one name, not a full row."""
    return [name if names.index(name) == position else "" for position, name in enumerate(names)]


def _check_merged(merges: Sequence[Merge], row: int) -> None:
    for merge in merges:
        if merge.top <= row <= merge.bottom and merge != Merge(row, merge.left, row, merge.left):
            raise FileError(
                "merged_header",
                f"row {row}: the header cells of columns {merge.left} to {merge.right} are merged",
                "have the header in one row with one cell per column, or say how many rows it has",
            )


def _check_reach(merges: Sequence[Merge], first: int, last: int) -> None:
    """No merged cell of the header reaches beyond it."""
    for merge in merges:
        if merge.top <= last and merge.bottom >= first and not first <= merge.top <= merge.bottom <= last:
            raise FileError(
                "merged_header",
                f"a cell merged over rows {merge.top} to {merge.bottom} reaches beyond the header ({first} to {last})",
                "check how many rows the header has",
            )
