"""A worksheet's XML to its filled cells, a block of rows at a time: where, of what kind and style, and the raw text.

A block is cut before every cell. A cell as spreadsheet programs write it is taken apart by one anchored pattern; any
other, if it is one cell at all, by an XML parser. What stands between the cells must be row tags and nothing else.
None of the three takes comments or raw sections, so every ``<`` begins a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import polars as pl

from baton.tables.faults import FileError
from baton.tables.xml_section import ATTRIBUTES, RESAVE, SPACE, TEXT, Section, odd_items, pieces, plain_text

_GROUPS: Final = ("letters", "row", "marks", "formula", "value", "kept", "text", "after")
_SHAPE: Final = {
    "letters": pl.String,
    "row": pl.UInt32,
    "style": pl.UInt32,
    "kind": pl.String,
    "text": pl.String,
    "formula": pl.Boolean,
}
_PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_STYLE: Final = ' s="([0-9]+)"'
_KIND: Final = ' t="([a-zA-Z]+)"'
_R: Final = re.compile(rb"""\sr\s*=\s*["']([^"']*)["']""")


class _Grammar:
    """The patterns of cells and row tags, for the prefix the file gives its tags."""

    def __init__(self, prefix: str) -> None:
        p = self.prefix = prefix
        row = rf"<{p}row{ATTRIBUTES}"
        empty_rows = rf"\s*(?:{row}(?:/>|>\s*</{p}row\s*>)\s*)*"
        self.no_cell = rf"^{empty_rows}$"
        self.before = rf"^{empty_rows}{row}>\s*$"
        self.between = rf"^\s*</{p}row\s*>{empty_rows}{row}>\s*$"
        self.after = rf"^\s*</{p}row\s*>{empty_rows}$"
        self.hidden = rf"""<{p}row{ATTRIBUTES}\shidden\s*=\s*["'](?:1|true)["']"""
        self.tag = re.compile(rf"<{p}(row|c)\b({ATTRIBUTES})(/?)>".encode())
        self.cut = f"<{p}c "
        style, kind = 's="[0-9]{1,6}"', 't="[a-zA-Z]{1,9}"'
        self.cell = (
            rf'^r="([A-Z]{{1,3}})([0-9]{{1,7}})"((?: (?:{style}(?: {kind})?|{kind}(?: {style})?))?)(?:/>|>{SPACE}<'
            rf"(?:({p}f)(?: [^<>/]*)?(?:/>|>[^<]*</{p}f>){SPACE}<)?"
            rf"(?:{p}v>({TEXT})</{p}v>{SPACE}<|"
            rf'{p}is>{SPACE}<{p}t( xml:space="preserve")?>({TEXT})</{p}t>{SPACE}</{p}is>{SPACE}<)?'
            rf"/{p}c>)((?s:.*))$"
        )
        """What follows ``<c `` in an ordinary cell, and what comes after it: the groups are `_GROUPS`.

        Where tags have no prefix, the next character alone tells how to go on: that is what makes it fast.
        """
        self.odd_cell = rf"""^((?:[^"'<>]|"[^"<]*"|'[^'<]*')*?(?:/>|>(?s:.*?)</{p}c>))((?s:.*))$"""


class CellReader:
    """Iterates over the filled cells of a sheet, a block of rows at a time.

    Frames of ``row`` and ``column`` (from 1), ``style``, ``kind`` (the XML's ``t``), ``text`` (null if there is
    none) and ``formula``. ``hidden_rows``, ``formulas`` (how many cells have one) and ``merged`` are known after the
    iteration. Raises `FileError`.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.hidden_rows = 0
        self.formulas = 0
        self._section = Section(chunks, "sheetData", "row")
        self._counted: _CountedPlaces | None = None
        self._begun = False

    @property
    def merged(self) -> list[str]:
        """The merged ranges, as in ``A1:B2``."""
        return self._section.merged

    def __iter__(self) -> Iterator[pl.DataFrame]:
        for block in self._section:
            yield self._cells(block, _Grammar(self._section.prefix))

    def _cells(self, block: bytes, grammar: _Grammar) -> pl.DataFrame:
        cut = pieces(self._placed(block, grammar), grammar.cut)
        before, cut = cut[0], cut[1:]
        found = cut.str.extract_groups(grammar.cell).struct.unnest()
        found.columns = list(_GROUPS)
        odd = found["letters"].is_null()
        after, cells = found["after"], _ordinary(found.filter(~odd))
        if odd.any():
            split = cut.filter(odd).str.extract_groups(grammar.odd_cell).struct.unnest()
            if split.to_series(0).null_count():
                raise _odd()
            after = after.scatter(odd.arg_true(), split.to_series(1))
            cells = pl.concat([cells, _others(split.to_series(0).to_list(), grammar.prefix)])
        self._check_rows(before, after, grammar)
        cells = cells.filter(pl.col("text").is_not_null() | pl.col("formula") | (pl.col("kind") == "e"))
        self.formulas += int(cells["formula"].sum())
        return cells.select("row", _column_numbers(cells["letters"]), "style", "kind", "text", "formula")

    def _placed(self, block: bytes, grammar: _Grammar) -> bytes:
        """The block with every cell saying where it is: some programs leave it all to be counted."""
        if not self._begun:
            first = next((tag for tag in grammar.tag.finditer(block) if tag[1] == b"c"), None)
            self._begun = first is not None
            if first is None or not _R.search(first[2]):
                self._counted = self._counted or _CountedPlaces(grammar)
            else:
                self._counted = None
        return self._counted.put(block) if self._counted else block

    def _check_rows(self, before: str, after: pl.Series, grammar: _Grammar) -> None:
        """Between the cells whole rows are closed and opened in turn, and there is nothing else."""
        between = after[:-1].filter(after[:-1] != "")
        between = between.filter(between.str.strip_chars(" \t\r\n") != "")
        last = after[-1:]
        opening = pl.Series([before], dtype=pl.String)
        good = (
            opening.str.contains(grammar.before if len(after) else grammar.no_cell).all()
            and between.str.contains(grammar.between).all()
            and last.str.contains(grammar.after).all()
        )
        if not good:
            raise _odd()
        rows = pl.concat([opening, between, last])
        rows = rows.filter(rows.str.contains("hidden", literal=True))
        self.hidden_rows += int(rows.str.count_matches(grammar.hidden).sum())


class _CountedPlaces:
    """Says where cells are that do not say it themselves: each one to the right of the one before."""

    def __init__(self, grammar: _Grammar) -> None:
        self._grammar = grammar
        self._row = 0
        self._column = 0

    def put(self, block: bytes) -> bytes:
        """The block with its cells' places written in."""
        return self._grammar.tag.sub(self._mark, block)

    def _mark(self, tag: re.Match[bytes]) -> bytes:
        place = _R.search(tag[2])
        if tag[1] == b"row":
            if place is None:
                self._row += 1
            elif re.fullmatch(rb"[0-9]{1,7}", place[1]):
                self._row = int(place[1])
            else:
                raise _odd()
            self._column = 0
            return tag[0]
        if place is not None:
            raise _without_place()
        self._column += 1
        start = f'<{self._grammar.prefix}c r="{_letters(self._column)}{self._row}"'
        return b"%b%b%b>" % (start.encode(), tag[2].rstrip(), tag[3])


def _ordinary(found: pl.DataFrame) -> pl.DataFrame:
    kept = pl.when(pl.col("kept").is_not_null()).then("text").otherwise(pl.col("text").str.strip_chars(" \t\r\n"))
    different, marks = _coded(found["marks"])
    return found.select(
        "letters",
        pl.col("row").cast(pl.UInt32),
        different.str.extract(_STYLE).cast(pl.UInt32).gather(marks).alias("style"),
        different.str.extract(_KIND).gather(marks).alias("kind"),
        plain_text(found.select(pl.coalesce("value", kept)).to_series()).alias("text"),
        pl.col("formula").is_not_null(),
    )


def _coded(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The different texts, and for each text which of them it is: a few stand many times."""
    different = texts.unique()
    return different, texts.cast(pl.Enum(different)).to_physical()


def _others(cells: Sequence[str], prefix: str) -> pl.DataFrame:
    rows = []
    for item in odd_items([f"<{prefix}c {cell}" for cell in cells], prefix):
        place = _PLACE.fullmatch(item.attributes.get("r", "").upper())
        if place is None:
            raise _without_place()
        style = item.attributes.get("s", "0")
        if not re.fullmatch("[0-9]{1,6}", style):
            raise _odd()
        kind = item.attributes.get("t")
        rows.append((place[1], int(place[2]), int(style), kind, item.text, item.formula))
    return pl.DataFrame(rows, schema=_SHAPE, orient="row")


def _column_numbers(letters: pl.Series) -> pl.Series:
    different, codes = _coded(letters)
    return pl.Series("column", map(column_number, different), dtype=pl.UInt32).gather(codes)


def column_number(letters: str) -> int:
    """The column's number from 1.

    >>> column_number("A"), column_number("XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def _odd() -> FileError:
    return FileError("odd_xml", "the sheet's XML is not as a spreadsheet program writes it", RESAVE)


def _without_place() -> FileError:
    return FileError("cell_without_place", "some cells say where they are and others do not", RESAVE)
