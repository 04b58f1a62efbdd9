"""Plain text tables whose columns line up although Chinese characters are two columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a rule under its header."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(header))]
    shown = ["  " + "  ".join(_padded(cell, size) for cell, size in zip(line, widths, strict=True)) for line in lines]
    rule = "  " + "  ".join("─" * size for size in widths)
    return "\n".join(line.rstrip() for line in (shown[0], rule, *shown[1:]))


def _padded(text: str, size: int) -> str:
    return text + " " * (size - width(text))
