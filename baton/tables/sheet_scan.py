"""What a worksheet's XML says that a spreadsheet reader does not pass on: true extent, errors, formulas, padding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from baton.tables.faults import FileError
from baton.tables.table import Caps

_ATTRIBUTES: Final = r"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*"""
_TAG: Final = r"<(?:\w+:)?"
_CELL: Final = rf"{_TAG}c{_ATTRIBUTES}\s*/?>"
_PLACE: Final = r"""\sr\s*=\s*["']([A-Za-z]{1,3}[0-9]{1,7})["']"""
_FORMULA_ONLY: Final = (
    rf"{_TAG}c{_ATTRIBUTES}\s*>\s*{_TAG}f{_ATTRIBUTES}\s*(?:/>|>[^<]*</(?:\w+:)?f>)"
    rf"\s*(?:{_TAG}v\s*/>|{_TAG}v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_HIDDEN_ROW: Final = rf"""{_TAG}row\s[^<>]*?hidden\s*=\s*["'](?:1|true)["']"""
_RESAVE: Final = "have the roster saved again with a spreadsheet program"
_MOST_STRING_BYTES: Final = 512 * 1024 * 1024
_MOST_CELLS_SPARE: Final = 200_000


@dataclass(frozen=True, slots=True)
class Flaw:
    """A cell that must not be taken at its value."""

    row: int
    column: int
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """``flaws`` by place; ``padded`` gives the digits to which a number is shown with leading zeros."""

    flaws: tuple[Flaw, ...]
    padded: Mapping[tuple[int, int], int]
    hidden_rows: int


def scan(sheet: bytes, shared_strings: bytes, padded_styles: Mapping[str, int], caps: Caps) -> SheetFacts:
    """Read the cell tags only. Raises `FileError` when the sheet's true extent is out of proportion."""
    try:
        text = pl.Series([sheet.decode("utf-8")])
    except UnicodeDecodeError as error:
        raise FileError("encoding", "the sheet is not UTF-8", _RESAVE) from error
    if b"<!" in sheet:
        raise FileError("odd_xml", "the sheet's XML holds comments or raw sections", _RESAVE)
    tags = text.str.extract_all(_CELL).explode()
    if text.str.count_matches(rf"{_TAG}c[\s/>]").item() != tags.drop_nulls().len():
        raise FileError("odd_xml", "the sheet's XML is not as a spreadsheet program writes it", _RESAVE)
    tags = tags.drop_nulls().filter(~tags.drop_nulls().str.ends_with("/>"))
    places = tags.str.extract(_PLACE)
    if places.null_count():
        raise FileError("cell_without_place", "cells do not say where they are", _RESAVE)
    _check_extent(places, caps)
    _check_strings(text, shared_strings, places.len())
    flaws = [
        Flaw(*_place(place), "error_value", "the cell holds a spreadsheet error")
        for place in places.filter(tags.str.contains(r"""\st\s*=\s*["']e["']""")).to_list()
    ]
    if b"<f" in sheet or b":f" in sheet:
        empty = text.str.extract_all(_FORMULA_ONLY).explode().drop_nulls()
        empty = empty.filter(~empty.str.contains(r"""^[^>]*\st\s*=\s*["']str["']"""))
        flaws += [
            Flaw(*_place(place), "formula_without_value", "the cell holds a formula whose result was never saved")
            for place in empty.str.extract(_PLACE).drop_nulls().to_list()
        ]
    hidden = int(text.str.count_matches(_HIDDEN_ROW).item())
    return SheetFacts(tuple(flaws), _padded(tags, places, padded_styles), hidden)


def _check_extent(places: pl.Series, caps: Caps) -> None:
    """No far cells: the reader holds the whole rectangle in memory."""
    if places.is_empty():
        return
    rows = places.str.extract(r"([0-9]+)$").cast(pl.Int64)
    letters = places.str.extract(r"^([A-Za-z]+)").str.to_uppercase().unique().to_list()
    height = int(rows.max() or 0)  # type: ignore[arg-type]
    width = max(_column(name) for name in letters)
    if width > caps.columns:
        raise FileError("far_cell", f"a cell stands in column {width}, at most {caps.columns} are read", _RESAVE)
    if height > caps.rows:
        raise FileError("far_cell", f"a cell stands in row {height}, at most {caps.rows} are read", _RESAVE)
    if height * width > _MOST_CELLS_SPARE + 20 * places.len():
        raise FileError("far_cell", f"{places.len()} cells are spread over {height} rows and {width} columns", _RESAVE)
    if places.n_unique() != places.len():
        raise FileError("duplicate_cell", "the sheet holds a cell twice", _RESAVE)


def _check_strings(text: pl.Series, shared: bytes, cells: int) -> None:
    """No small file whose shared strings, repeated in every cell, fill the memory."""
    lengths = [len(part) for part in re.split(rb"<(?:\w+:)?si[ />]", shared)[1:]]
    if max(lengths, default=0) * cells <= _MOST_STRING_BYTES:
        return
    uses = text.str.extract_all(r"""\st\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v>[0-9]{1,9}""").explode().drop_nulls()
    index = uses.str.extract(r"([0-9]+)$").cast(pl.Int64)
    known = index.filter(index < len(lengths))
    total = int(pl.Series(lengths, dtype=pl.Int64).gather(known).sum())
    if total > _MOST_STRING_BYTES:
        raise FileError("inflates_too_far", f"the sheet's texts come to {total} bytes", _RESAVE)


def _padded(tags: pl.Series, places: pl.Series, styles: Mapping[str, int]) -> Mapping[tuple[int, int], int]:
    if not styles:
        return {}
    style = tags.str.extract(r"""\ss\s*=\s*["']([0-9]+)["']""")
    kind = tags.str.extract(r"""\st\s*=\s*["'](\w+)["']""").fill_null("n")
    hits = style.is_in(list(styles)).fill_null(value=False) & (kind == "n")
    pairs = zip(places.filter(hits).to_list(), style.filter(hits).to_list(), strict=True)
    return {_place(place): styles[name] for place, name in pairs}


def _place(reference: str) -> tuple[int, int]:
    letters = reference.rstrip("0123456789")
    return int(reference[len(letters) :]), _column(letters)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
