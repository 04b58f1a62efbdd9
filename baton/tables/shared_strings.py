"""The texts a workbook's cells share, by index."""

from __future__ import annotations

from typing import Final

import polars as pl

from baton.tables.archive import Archive
from baton.tables.faults import FileError
from baton.tables.xml_section import RESAVE, TEXT, Section, odd_items, pieces, plain_text, unescaped

_PART: Final = "xl/sharedStrings.xml"


def shared_strings(archive: Archive) -> pl.Series:
    """All shared strings in order. Raises `FileError`."""
    texts: list[pl.Series] = [pl.Series(dtype=pl.String)]
    if _PART in archive:
        section = Section(archive.chunks(_PART), "sst", "si")
        texts += [_texts(block, section.prefix) for block in section]
    return pl.concat(texts)


def _texts(block: bytes, prefix: str) -> pl.Series:
    p = prefix
    block = block.replace(f"<{p}si/>".encode(), f"<{p}si></{p}si>".encode())
    items = pieces(block, f"<{p}si>").str.strip_chars(" \t\r\n")
    if items[0]:
        raise _odd()
    items = items[1:]
    found = items.str.extract_groups(rf'^<{p}t( xml:space="preserve")?>({TEXT})</{p}t></{p}si>$').struct.unnest()
    found.columns = ["kept", "text"]
    kept = pl.when(pl.col("kept").is_not_null()).then("text").otherwise(pl.col("text").str.strip_chars(" \t\r\n"))
    texts = plain_text(found.select(kept).to_series())
    odd = texts.is_null()
    if odd.any():
        others = items.filter(odd)
        if not others.str.ends_with(f"</{p}si>").all() or others.str.count_matches(f"</{p}si>").max() != 1:
            raise _odd()
        read = odd_items([f"<{p}si>{other}" for other in others.to_list()], prefix)
        texts = texts.scatter(odd.arg_true(), pl.Series([item.text or "" for item in read], dtype=pl.String))
    return unescaped(texts)


def _odd() -> FileError:
    return FileError("odd_xml", "the shared strings' XML is not as a spreadsheet program writes it", RESAVE)
