"""The second reading of a bank's XML file: the wanted elements as they end, in constant memory and little time.

The survey (`baton.banking.xml_stream`) has let libxml2 see the whole file before: no document type, no entities, caps
kept, well formed. What is read now is read by expat into plain elements, which costs a third of libxml2's, and by no
event: a child has ended when another follows it or its parent has ended, so the growing tree is walked block by block.
Two parsers have to agree: if expat does not meet as many of each wanted element as libxml2 has counted, all is refused.
"""

from __future__ import annotations

import codecs
import re
from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import Final, TypeAlias
from xml.etree import ElementTree as ET
from xml.parsers import expat

from baton.banking.encodings import decoder
from baton.banking.refused import BankFileRefusedError
from baton.banking.xml_stream import Survey, XmlFile
from baton.errors import Fault

Element: TypeAlias = ET.Element
Found: TypeAlias = tuple[str, Element, Sequence[Element]]
"""A wanted element: its local name, itself, and what is around it, outermost first. It is good until the next comes."""

_BLOCK_BYTES: Final = 8 * 1024
"""So much grows before it is walked and dropped again: too little to wake Python's collector of cycles (a tenth)."""
_SHELL: Final = 2
"""The outermost element and the message in it are always looked into."""
_DECLARED: Final = re.compile(rb"<\?xml[^>]*[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z0-9._-]+)")
_AS_THEY_ARE: Final = frozenset({"", "UTF-8", "ASCII", "US-ASCII"})
"""Encodings whose bytes expat takes, UTF-16 with its mark among the undeclared; everything else is decoded for it."""


class Reading:
    """The wanted elements of one surveyed file, once."""

    def __init__(self, file: XmlFile, survey: Survey, inside: Collection[str] | None = None) -> None:
        """``inside`` names what wanted elements stand in, below the outermost element; None looks into everything."""
        self.name = file.name
        self.tag = survey.root.tag
        self._stream = file.stream
        self._survey = survey
        self._wanted = {survey.root.tag(name): name for name in survey.counts}
        self._inside = frozenset(map(survey.root.tag, inside or ()))
        self._anywhere = inside is None
        self._given = dict.fromkeys(survey.counts, 0)
        self._last = ""
        self._lines: dict[str, array[int]] = {}
        self._around: list[Element] = []
        """What is being walked: each is the child of the one before."""
        self._next: list[int] = []
        """Of each of them, the first child that has not been dealt with."""
        self._closed: list[bool] = []
        """Whether each of them has ended."""

    def __iter__(self) -> Iterator[Found]:
        builder = ET.TreeBuilder()
        top = builder.start("", {})
        parser = ET.XMLParser(target=builder)  # noqa: S314 (the survey has refused what may do harm)
        self._enter(top, ended=False)
        try:
            for block in self._blocks():
                parser.feed(block)
                yield from self._walk()
            builder.end("")
            parser.close()
        except (ET.ParseError, UnicodeError):
            raise self._otherwise() from None
        self._closed[0] = True
        yield from self._walk()
        if self._given != self._survey.counts:
            raise self._otherwise()

    def place(self) -> str:
        """Where the element stands that was given out last: the file and the line in which it begins.

        Lines are counted the first time that anybody asks: faults are rare, and a line of every element is not free.
        """
        if not self._last:
            return self.name
        if not self._lines:
            self._lines = self._begun()
        return f"{self.name}:{self._lines[self._last][self._given[self._last] - 1]}"

    # --- the growing tree

    def _enter(self, element: Element, *, ended: bool) -> None:
        self._around.append(element)
        self._next.append(0)
        self._closed.append(ended)

    def _walk(self) -> Iterator[Found]:
        """Give out every wanted element that has ended since the last time."""
        around, closed = self._around, self._closed
        for depth in range(1, len(around)):
            closed[depth] = closed[depth - 1] or around[depth] is not around[depth - 1][-1]
        while True:
            yield from self._children()
            if not closed[-1] and self._enter_last():
                continue
            if not closed[-1] or len(around) == 1:
                return
            yield from self._leave()

    def _children(self) -> Iterator[Found]:
        """The wanted ones among and in the children of the innermost element that have ended; they are dropped."""
        element, start = self._around[-1], self._next[-1]
        end = len(element) if self._closed[-1] else len(element) - 1
        if start >= end:
            return
        kept: list[Element] = []
        inside, wanted, shell = self._inside, self._wanted, self._in_shell()
        for child in element[start:end]:
            tag = child.tag
            name = wanted.get(tag)
            if tag in inside or (shell and name is None):
                yield from self._whole(child)
            if name is None:
                kept.append(child)
            else:
                yield self._found(name, child)
        element[start:end] = kept
        self._next[-1] = start + len(kept)

    def _whole(self, element: Element) -> Iterator[Found]:
        """The wanted ones in an element that has ended, which needs no note of how far this has come."""
        self._around.append(element)
        inside, wanted, shell = self._inside, self._wanted, self._in_shell()
        for child in element:
            tag = child.tag
            name = wanted.get(tag)
            if tag in inside or (shell and name is None):
                yield from self._whole(child)
            if name is not None:
                yield self._found(name, child)
        self._around.pop()

    def _enter_last(self) -> bool:
        """Look into the last child, which may not have ended, where wanted elements may stand in it."""
        element = self._around[-1]
        if self._next[-1] >= len(element):
            return False
        tag = element[-1].tag
        if tag not in self._inside and (tag in self._wanted or not self._in_shell()):
            return False
        self._enter(element[-1], ended=False)
        return True

    def _leave(self) -> Iterator[Found]:
        """The innermost element has ended, and so has everything in it."""
        element = self._around.pop()
        self._next.pop()
        self._closed.pop()
        name = self._wanted.get(element.tag)
        if name is None:
            self._next[-1] += 1
        else:
            yield self._found(name, element)
            del self._around[-1][self._next[-1]]

    def _found(self, name: str, element: Element) -> Found:
        self._last = name
        self._given[name] += 1
        return name, element, self._around

    def _in_shell(self) -> bool:
        """Whether wanted elements may stand in any child of the innermost element that is not one itself."""
        return self._anywhere or len(self._around) <= _SHELL

    # --- the bytes

    def _blocks(self) -> Iterator[bytes | str]:
        """The file from its beginning: as bytes where expat can read them, else decoded."""
        self._stream.seek(0)
        block = self._stream.read(_BLOCK_BYTES)
        declared = _DECLARED.match(block)
        encoding = declared[1].decode("ascii") if declared else ""
        decoding = None if encoding.upper() in _AS_THEY_ARE else self._decoder(encoding)
        while block:
            yield block if decoding is None else decoding.decode(block)
            block = self._stream.read(_BLOCK_BYTES)
        if decoding is not None:
            yield decoding.decode(b"", final=True)

    def _decoder(self, encoding: str) -> codecs.IncrementalDecoder:
        try:
            return decoder(encoding)
        except LookupError:
            fault = Fault(self.name, "encoding", f"is written in {encoding[:40]}, which cannot be read here")
            raise BankFileRefusedError(fault) from None

    def _begun(self) -> dict[str, array[int]]:
        """In which lines the wanted elements begin. The reading under way goes on where it was."""
        names = {tag.removeprefix("{"): name for tag, name in self._wanted.items()}
        lines = {name: array("L") for name in names.values()}
        parser = expat.ParserCreate(namespace_separator="}")

        def begins(tag: str, _: object) -> None:
            name = names.get(tag)
            if name is not None:
                lines[name].append(parser.CurrentLineNumber)

        parser.StartElementHandler = begins
        where = self._stream.tell()
        for block in self._blocks():
            parser.Parse(block)
        self._stream.seek(where)
        return lines

    def _otherwise(self) -> BankFileRefusedError:
        words = "holds wanted elements where none belong, or was changed while it was read"
        return BankFileRefusedError(Fault(self.name, "misplaced", words))
