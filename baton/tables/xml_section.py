"""One long list in a workbook part (rows of a sheet, shared strings), streamed in blocks of whole items."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

import polars as pl

from baton.tables.faults import FileError

RESAVE: Final = "have the file saved again as a plain .xlsx workbook"
ATTRIBUTES: Final = r"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*"""
SPACE: Final = r"[ \t\r\n]*"
TEXT: Final = r"(?:[^<&\x00-\x08\x0b-\x1f\x{FFFE}\x{FFFF}]|&(?:a(?:mp|pos)|[lg]t|quot);)*"
"""Character data that means itself once these five entities are replaced."""
_NAMES: Final = ("http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/")
_LONGEST_ITEM_BYTES: Final = 32 * 1024 * 1024
_DECLARATION: Final = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml[^<>]*\?>")
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TEXT_PATHS: Final = frozenset({"c/v", "c/is/t", "c/is/r/t", "si/t", "si/r/t"})


class Section:
    """Iterates over the inside of ``<container>`` in blocks that end with ``</item>``; the rest is checked as XML.

    After the iteration ``merged`` holds the merged ranges named after the container. Raises `FileError` for a part
    that around the container is no well-formed XML, or is written in a way (comments, raw sections) in which tags
    cannot be told by ``<``. The inside is for the caller to check, item by item.
    """

    def __init__(self, chunks: Iterable[bytes], container: str, item: str) -> None:
        self.prefix = ""
        self.merged: list[str] = []
        self._chunks = chunks
        self._container = container
        self._item = item
        self._found = 0
        self._around = expat.ParserCreate("utf-8", " ")
        self._around.StartElementHandler = self._start

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._chunks)
        inside = b""
        tag = re.compile(rf"<((?:[A-Za-z][\w.-]*:)?){self._container}{ATTRIBUTES}(/?)>".encode())
        while (opened := tag.search(inside)) is None:
            chunk = next(chunks, None)
            if chunk is None:
                raise _broken(f"there is no {self._container}")
            inside += chunk
        self._check(_DECLARATION.sub(b"", inside[: opened.end()], count=1))
        self.prefix = opened[1].decode()
        inside = inside[opened.end() :]
        if not opened[2]:
            inside = yield from self._blocks(inside, chunks)
        self._check(inside)
        for chunk in chunks:
            self._check(chunk)
        self._check(b"", last=True)
        if self._found != 1:
            raise FileError("odd_xml", f"there are {self._found} of {self._container}", RESAVE)

    def _blocks(self, inside: bytes, chunks: Iterator[bytes]) -> Generator[bytes, None, bytes]:
        end_tag, end_item = f"</{self.prefix}{self._container}".encode(), f"</{self.prefix}{self._item}>".encode()
        seen = 0
        while (end := inside.find(end_tag, seen)) < 0:
            if (cut := inside.rfind(end_item)) >= 0:
                yield inside[: cut + len(end_item)]
                inside = inside[cut + len(end_item) :]
            elif len(inside) > _LONGEST_ITEM_BYTES:
                raise FileError("odd_xml", f"one {self._item} has more than {_LONGEST_ITEM_BYTES} bytes", RESAVE)
            chunk = next(chunks, None)
            if chunk is None:
                raise _broken(f"{self._container} has no end")
            seen = max(len(inside) - len(end_tag), 0)
            inside += chunk
        yield inside[:end]
        return inside[end:]

    def _check(self, text: bytes, *, last: bool = False) -> None:
        if b"<!" in text or b"<?" in text:
            raise _not_plain()
        try:
            self._around.Parse(text, last)
        except expat.ExpatError as error:
            raise _broken("it is no well-formed XML") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if not space.startswith(_NAMES):
            return
        if local == self._container:
            self._found += 1
        elif local == "mergeCell":
            self.merged.append(attributes.get("ref", ""))


@dataclass(slots=True)
class OddItem:
    """A ``<c>`` or ``<si>`` that had to be read by an XML parser. ``text`` is None when it holds no text element."""

    attributes: dict[str, str]
    text: str | None = None
    formula: bool = False


class _OddReader:
    """Reads items one after the other; text in phonetic runs is no part of a value."""

    def __init__(self, prefix: str) -> None:
        self.items: list[OddItem] = []
        self._prefix = prefix
        self._path: list[str] = []
        self._piece: list[str] | None = None
        self._keep = False
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.Parse("<odd>", False)

    def read(self, text: str) -> None:
        before = len(self.items)
        self._parser.Parse(text.encode(), False)
        if len(self.items) != before + 1 or len(self._path) != 1:
            raise _broken("tags are not nested as they should be")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.removeprefix(self._prefix))
        if len(self._path) == 2:
            self.items.append(OddItem(attributes))
        path = "/".join(self._path[1:])
        if path in _TEXT_PATHS:
            self._piece = []
            self._keep = path == "c/v" or attributes.get("xml:space") == "preserve"
        elif path == "c/f":
            self.items[-1].formula = True

    def _end(self, name: str) -> None:
        self._path.pop()
        if self._piece is not None:
            piece = "".join(self._piece)
            item = self.items[-1]
            item.text = (item.text or "") + (piece if self._keep else piece.strip(" \t\r\n"))
            self._piece = None

    def _characters(self, text: str) -> None:
        if self._piece is not None:
            self._piece.append(text)


def odd_items(texts: Sequence[str], prefix: str) -> list[OddItem]:
    """Each text, one item from ``<`` to ``>``, read by an XML parser.

    Raises `FileError` for what is no such item, and for one with comments or raw sections: it may have been cut there.
    """
    reader = _OddReader(prefix)
    try:
        for text in texts:
            if "<!" in text or "<?" in text:
                raise _not_plain()
            reader.read(text)
    except expat.ExpatError as error:
        raise _broken("it is no well-formed XML") from error
    return reader.items


def pieces(block: bytes, tag: str) -> pl.Series:
    """The block cut at every ``tag``; the first piece stands before the first of them. Raises `FileError`."""
    try:
        text = pl.Series([block], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError as error:  # of which kind depends on the bytes
        raise FileError("encoding", "a part of the workbook is not UTF-8", RESAVE) from error
    return text.str.split(tag).explode()


def plain_text(texts: pl.Series) -> pl.Series:
    """What `TEXT` means: its entities replaced."""
    marked = texts.str.contains("&", literal=True).fill_null(value=False)
    if not marked.any():
        return texts
    clear = texts.filter(marked)
    for entity, character in (("lt", "<"), ("gt", ">"), ("quot", '"'), ("apos", "'"), ("amp", "&")):
        clear = clear.str.replace_all(f"&{entity};", character, literal=True)
    return texts.scatter(marked.arg_true(), clear)


def unescaped(texts: pl.Series) -> pl.Series:
    """Characters that XML cannot hold, written as ``_x000D_``, put back."""
    marked = texts.str.contains("_x", literal=True).fill_null(value=False)
    if not marked.any():
        return texts
    clear = [_ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) for text in texts.filter(marked).to_list()]
    clear = [text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") for text in clear]
    return texts.scatter(marked.arg_true(), pl.Series(clear, dtype=pl.String))


def _not_plain() -> FileError:
    return FileError("odd_xml", "the XML holds comments, raw sections or instructions", RESAVE)


def _broken(what: str) -> FileError:
    return FileError("broken_xml", f"a part of the workbook is damaged: {what}", RESAVE)
