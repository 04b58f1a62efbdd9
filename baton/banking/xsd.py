"""Checks XML against an official schema while its bytes flow by: constant memory, no entities, no network, no DTD.

::

    check = SchemaCheck("pain.001.001.09")
    write(order, profile, CheckedSink(check, file))    # every byte goes to the check, then to the file
    check.close()                                      # InvalidXmlError unless all of it was valid

libxml2 validates in a stream; the tree that grows beside it is cut back after every payment. What is wrong is told by
element and rule of the schema, never with what an element holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Final, Protocol
from xml.parsers import expat

from lxml import etree

from baton.errors import BatonError, Fault

_REPEATED: Final = ("{*}CdtTrfTxInf", "{*}TxInfAndSts", "{*}Ntry", "{*}TxDtls")
"""What a message has many of: forgotten as soon as it has been seen."""
_LONGEST_PROLOG_BYTES: Final = 64 * 1024
_MOST_FAULTS: Final = 100
_ELEMENT: Final = re.compile(r"Element '(?:\{[^}]*\})?([\w.-]+)'")
_SCHEMAS: Final = files("baton.banking") / "schemas"


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes."""
        ...


class InvalidXmlError(BatonError):
    """The XML is not what its schema asks for, or is none at all."""

    code = "invalid_xml"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("this is not valid:\n" + "".join(f"  {fault}\n" for fault in self.faults))


def schema_names() -> tuple[str, ...]:
    """The messages whose official schemas come with Baton."""
    names = (entry.name for entry in _SCHEMAS.iterdir())
    return tuple(sorted(name.removesuffix(".xsd") for name in names if name.endswith(".xsd")))


def compiled(name: str) -> etree.XMLSchema:
    """An official schema; KeyError for a message that has none here.

    Compiled anew each time (some 10 ms): lxml's schema objects collect errors, for whoever reads these from them.
    """
    if name not in schema_names():
        raise KeyError(f"there is no schema for {name}")
    return etree.XMLSchema(etree.fromstring((_SCHEMAS / f"{name}.xsd").read_bytes()))


class SchemaCheck:
    """One document against one schema, fed piece by piece."""

    def __init__(self, schema: str | etree.XMLSchema, shown_as: str = "") -> None:
        """``schema`` is a message's name (`schema_names`) or a schema; faults call the document ``shown_as``."""
        self._name = shown_as or (schema if isinstance(schema, str) else "the document")
        self._prolog: _Prolog | None = _Prolog(self._name)
        # Entities must be "internal": with resolve_entities=False and a schema, lxml forgets that a document broke off.
        self._parser = etree.XMLPullParser(
            events=("end",),
            tag=_REPEATED,
            schema=compiled(schema) if isinstance(schema, str) else schema,
            resolve_entities="internal",
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        self._seen = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes. `InvalidXmlError` as soon as they are known to be wrong."""
        if self._prolog is not None:
            data = self._prolog.let_through(data)
            if not data:
                return
            self._prolog = None
        before = self._seen
        try:
            self._parser.feed(data)
            self._forget()
        except etree.XMLSyntaxError as error:
            self._refuse_if_invalid(before)
            raise self._broken(error.lineno) from None
        self._refuse_if_invalid(before)

    def close(self) -> None:
        """The end of the document. `InvalidXmlError` when it is not whole and valid."""
        if self._prolog is not None:
            raise self._broken(1)
        before = self._seen
        try:
            self._parser.close()
            self._forget()
        except etree.XMLSyntaxError as error:
            self._refuse_if_invalid(before)
            raise self._broken(error.lineno) from None

    def _forget(self) -> None:
        for _, element in self._parser.read_events():
            self._seen += 1
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]

    def _refuse_if_invalid(self, before: int) -> None:
        """Neither the parser's words (they quote the document) nor its lines (lost in a stream) are passed on."""
        entries = self._parser.feed_error_log
        if not len(entries):
            return
        place = f"{self._name}, entries {before + 1} to {self._seen + 1}"
        faults = [Fault(place, _rule(entry.type_name), _words(entry.message)) for entry in list(entries)[:_MOST_FAULTS]]
        raise InvalidXmlError(faults)

    def _broken(self, line: int | None) -> InvalidXmlError:
        return InvalidXmlError([Fault(f"{self._name}:{line or 1}", "syntax", "is no well-formed XML, or breaks off")])


class _Prolog:
    """Holds back what stands before the first element until it is known to declare no document type.

    libxml2 never sees such a document: its entities crash lxml while a schema is checked in a stream.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._held = b""
        self._begun = False
        self._expat = expat.ParserCreate()
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._expat.StartElementHandler = self._begin

    def let_through(self, data: bytes) -> bytes:
        """Everything so far once the first element has begun; nothing until then."""
        self._held += data
        for place in range(0, len(data), 256):
            try:
                self._expat.Parse(data[place : place + 256], False)
            except (expat.ExpatError, LookupError, ValueError):
                raise InvalidXmlError([Fault(f"{self._name}:1", "syntax", "is no well-formed XML")]) from None
            if self._begun:
                return self._held
        if len(self._held) > _LONGEST_PROLOG_BYTES:
            raise InvalidXmlError([Fault(f"{self._name}:1", "syntax", "has no element where one must begin")])
        return b""

    def _refuse(self, *_: object) -> None:
        raise InvalidXmlError([Fault(f"{self._name}:1", "doctype", "a document type is not accepted")])

    def _begin(self, *_: object) -> None:
        self._begun = True


class CheckedSink:
    """Hands bytes to a check and then on to where they belong."""

    def __init__(self, check: SchemaCheck, out: Sink) -> None:
        self._check = check
        self._out = out

    def write(self, data: bytes, /) -> int:
        """Check and pass on; what the check refuses goes no further."""
        self._check.feed(data)
        self._out.write(data)
        return len(data)


def check(schema: str | etree.XMLSchema, chunks: Iterable[bytes], shown_as: str = "") -> None:
    """A whole document; `InvalidXmlError` with what is wrong."""
    run = SchemaCheck(schema, shown_as)
    for chunk in chunks:
        run.feed(chunk)
    run.close()


def _rule(type_name: str) -> str:
    return type_name.removeprefix("SCHEMAV_").lower()


def _words(message: str) -> str:
    found = _ELEMENT.match(message)
    return f"element {found[1]} breaks this rule" if found else "breaks this rule"
