"""XML that others wrote, element by element in constant memory, refused as soon as it is more than plain data.

No document type, no entities, no network, nothing deeper than libxml2 allows, nothing larger than the caps.
A file is read twice: `XmlFile.survey` sees it through to its end (well formed, valid where its schema is kept here)
before `baton.banking.xml_elements` gives out the first element, so that no half of a broken file is ever believed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO, Final, TypeAlias

from lxml import etree

from baton.banking.refused import BankFileRefusedError
from baton.banking.xsd import compiled, schema_names
from baton.errors import Fault

_MESSAGE: Final = re.compile(r"(?:pain|camt)\.[0-9]{3}\.[0-9]{3}\.[0-9]{2}")
_BLAMED: Final = re.compile(r"Element '(?:\{[^}]*\})?([A-Za-z0-9]{1,40})'")
_SAFE: Final = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_MOST_FAULTS: Final = 20

_Element: TypeAlias = Any
"""An element of lxml's, which has no types of its own."""


@dataclass(frozen=True, slots=True)
class XmlCaps:
    """How much is too much."""

    file_bytes: int = 1024 * 1024 * 1024
    element_bytes: int = 16 * 1024 * 1024
    """From the end of one wanted element to the end of the next: what has to be held at once."""
    attributes: int = 64
    """On the outermost element; a bank's file has a handful."""


@dataclass(frozen=True, slots=True)
class Root:
    """The outermost element."""

    name: str
    namespace: str

    def tag(self, name: str) -> str:
        """A local name in this element's namespace, as lxml has it."""
        return f"{{{self.namespace}}}{name}" if self.namespace else name

    @property
    def message(self) -> str:
        """The message by its namespace, as ``camt.053.001.08``; empty where it names none."""
        found = _MESSAGE.search(self.namespace)
        return found.group() if found else ""


@dataclass(frozen=True, slots=True)
class Survey:
    """A file that was seen through to its end."""

    root: Root
    counts: dict[str, int]
    """How many of each wanted element there are, by local name."""
    faults: Sequence[Fault] = ()
    """Where it breaks its schema; the first `_MOST_FAULTS`."""
    schema: bool = True
    """False when no schema of this message is kept here, so that nothing was compared with one."""


@lru_cache(maxsize=8)
def _schema_of(message: str) -> Any | None:
    """The schema of a message, or None when none is kept here. A parser's own log has what breaks it: it is shared."""
    return compiled(message) if message in schema_names() else None


class _Counted:
    """A stream that ends the reading when more comes through than may."""

    def __init__(self, stream: BinaryIO, caps: XmlCaps, name: str) -> None:
        self._stream, self._caps, self._name = stream, caps, name
        self._total = 0
        self.held = 0
        """Bytes since the last wanted element."""

    def read(self, size: int) -> bytes:
        """The next bytes; `BankFileRefusedError` past a cap."""
        block = self._stream.read(size)
        self._total += len(block)
        self.held += len(block)
        if self._total > self._caps.file_bytes:
            raise _refused(self._name, "too_large", f"larger than {self._caps.file_bytes} bytes")
        if self.held > self._caps.element_bytes:
            raise _refused(self._name, "too_large", f"one element holds more than {self._caps.element_bytes} bytes")
        return block


@dataclass
class XmlFile:
    """One file from a bank. ``stream`` must be seekable; ``name`` is what faults call it."""

    stream: BinaryIO
    name: str
    caps: XmlCaps = field(default_factory=XmlCaps)

    def survey(self, wanted: Collection[str]) -> Survey:
        """See the whole file and say what it is; `BankFileRefusedError` when it is not well formed or hostile.

        ``wanted`` are the local names of the elements that will be read. They must stand in the root's own namespace.
        """
        root = self._root()
        schema = _schema_of(root.message)
        counts, faults, whole = self._seen(root, wanted, schema)
        if faults or not whole:
            # Beside its schema libxml2 keeps silent about anything else, even that the file breaks off: ask again.
            counts, _, whole = self._seen(root, wanted, None)
        if not whole:
            raise _refused(self.name, "not_well_formed", "it does not come to its end")
        return Survey(root, counts, faults, schema is not None)

    def _seen(self, root: Root, wanted: Collection[str], schema: Any) -> tuple[dict[str, int], tuple[Fault, ...], bool]:
        """How often each wanted element is there, faults against the schema, whether the outermost element ended."""
        counts = dict.fromkeys(wanted, 0)
        names = {root.tag(name): name for name in wanted}
        strange = whole = False
        faults: tuple[Fault, ...] = ()
        parser = self._parser(("end",), [root.tag(root.name), *(f"{{*}}{name}" for name in wanted)], schema)
        try:
            for _, element in parser.events:
                parser.source.held = 0
                name = names.get(element.tag)
                if name is not None:
                    counts[name] += 1
                elif element.getparent() is None:
                    whole = True
                else:
                    strange = True
                _forget(element)
        except etree.XMLSyntaxError as error:
            faults = self._broken(error, parser)
        if strange:
            raise _refused(self.name, "namespace", "wanted elements stand in another namespace than the outermost one")
        return counts, faults, whole

    def _root(self) -> Root:
        parser = self._parser(("start",), None, None)
        try:
            for _, element in parser.events:
                self._harmless(element)
                return self._named(element)
        except etree.XMLSyntaxError as error:
            self._broken(error, parser)
        raise _refused(self.name, "not_xml", "there is no element in it")

    def _named(self, root: _Element) -> Root:
        try:
            name = etree.QName(root)
        except ValueError:  # a prefix that is bound to nothing, a brace in the namespace: libxml2 goes on with both
            raise _refused(self.name, "namespace", "the outermost element has no proper name") from None
        return Root(name.localname, name.namespace or "")

    def _harmless(self, root: _Element) -> None:
        if root.getroottree().docinfo.doctype:
            raise _refused(self.name, "document_type", "it declares a document type, with which entities come in")
        if len(root.attrib) > self.caps.attributes:
            raise _refused(self.name, "too_large", f"the outermost element has over {self.caps.attributes} attributes")

    def _parser(self, events: Sequence[str], tags: Sequence[str] | None, schema: Any) -> _Parser:
        self.stream.seek(0)
        return _Parser(_Counted(self.stream, self.caps, self.name), events, tags, schema)

    def _broken(self, error: Any, parser: _Parser) -> tuple[Fault, ...]:
        """Faults against the schema; `BankFileRefusedError` for everything else."""
        entries = list(parser.log)
        against = [entry for entry in entries if entry.domain_name == "SCHEMASV"]
        other = [entry for entry in entries if entry.domain_name != "SCHEMASV"]
        if other or not against:
            line = other[0].line if other else (error.lineno or 0)
            rule = other[0].type_name.removeprefix("ERR_").lower() if other else "syntax"
            raise _refused(f"{self.name}:{line}", "not_well_formed", f"it cannot be read as XML ({rule})")
        return tuple(self._against(entry) for entry in against[:_MOST_FAULTS])

    def _against(self, entry: Any) -> Fault:
        """A fault whose message has the element's name and the rule, and nothing that stands in it."""
        blamed = _BLAMED.match(entry.message)
        rule = entry.type_name.removeprefix("SCHEMAV_").lower()
        place = f"{self.name}:{entry.line}" if entry.line else self.name
        return Fault(place, "schema", f"element {blamed.group(1) if blamed else '?'} breaks the schema ({rule})")


class _Parser:
    """lxml's incremental parser with our caps; its log is its own and not the thread's."""

    def __init__(self, source: _Counted, events: Sequence[str], tags: Sequence[str] | None, schema: Any) -> None:
        self.source = source
        self.events: Any = etree.iterparse(source, events=events, tag=tags, schema=schema, **_SAFE)

    @property
    def log(self) -> Any:
        """What the parser complained about."""
        return self.events.error_log


def _forget(element: _Element) -> None:
    """Empty an element that has been read, and drop the one of its kind before it (itself it may not be dropped)."""
    element.clear()
    before = element.getprevious()
    if before is not None and before.tag == element.tag:
        element.getparent().remove(before)


def _refused(place: str, rule: str, message: str) -> BankFileRefusedError:
    return BankFileRefusedError(Fault(place, rule, message))
