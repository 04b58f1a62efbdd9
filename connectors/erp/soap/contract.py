"""The ERP's contract as local files: loaded by digest, never from the network, and checked against the settings.

zeep reads types but not facets (lengths, patterns), and a value it cannot read becomes None with a log line. So the
same local schemas are also compiled by libxml2, and every message is validated with them on its way out and in.
"""

# zeep annotates its classes but not their constructors.
# mypy: allow-untyped-calls

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import zeep
import zeep.exceptions
from lxml import etree
from zeep.transports import Transport
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import SoapBinding

from baton.sdk import HaltError

_BASE: Final = "file:///contract/"
"""Names the files inside zeep and libxml2. No such folder is ever read: `LocalFiles.load` is the only way to bytes."""
_WSDL: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
LARGEST_FILE_BYTES: Final = 32 * 1024 * 1024

ZEEP_SETTINGS: Final[Mapping[str, bool]] = {
    "strict": True,
    "forbid_dtd": True,
    "forbid_entities": True,
    "forbid_external": True,
    "xml_huge_tree": False,
}


class LocalFiles:
    """The WSDL and its schemas, read once and held by name. A file whose digest differs is never parsed."""

    def __init__(self, wsdl: Path, digests: Mapping[str, str]) -> None:
        self.main = wsdl.name
        self._files: dict[str, bytes] = {}
        for name, digest in sorted(digests.items()):
            self._files[name] = self._read(wsdl.with_name(name), digest)

    @staticmethod
    def _read(path: Path, digest: str) -> bytes:
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_FILE_BYTES + 1)
        except OSError as error:
            raise HaltError(
                f"{path.name} cannot be read ({error.strerror})",
                code="wsdl_missing",
                remedy="put the file beside the WSDL, or take it out of sha256",
            ) from None
        if len(content) > LARGEST_FILE_BYTES or hashlib.sha256(content).hexdigest() != digest:
            raise HaltError(
                f"{path.name} is not the file whose SHA-256 is in the settings",
                code="wsdl_digest",
                remedy="compare it with the ERP's own; when the change is meant, put its new digest into sha256",
            )
        return content

    def load(self, url: str) -> bytes:
        """The bytes of a listed file; raises `HaltError` for everything else, remote locations included."""
        name = url.removeprefix(_BASE)
        if not url.startswith(_BASE) or name not in self._files:
            raise HaltError(
                "the WSDL or one of its schemas imports a file that sha256 does not list",
                code="wsdl_import",
                remedy="keep a local copy of every imported schema, make its schemaLocation a plain file name, list it",
            )
        return self._files[name]


class _Resolver(etree.Resolver):  # type: ignore[misc] # lxml has no types
    """Gives libxml2 the listed files and nothing else."""

    def __init__(self, files: LocalFiles) -> None:
        self._files = files
        self.refusal: HaltError | None = None

    def resolve(self, url: str, public_id: str | None, context: Any) -> Any:
        if url == _BASE:
            return None
        try:
            return self.resolve_string(self._files.load(url), context, base_url=url)
        except HaltError as error:
            self.refusal = error
            return self.resolve_string(b"<refused/>", context)


class _LocalTransport(Transport):
    """Loads the contract; cannot send."""

    def __init__(self, files: LocalFiles) -> None:
        super().__init__(timeout=1, operation_timeout=1)
        self.session.adapters.clear()
        self._files = files

    def load(self, url: str) -> bytes:
        return self._files.load(url)


class Contract:
    """The parsed WSDL and the compiled schemas. Read-only after construction, so threads share one."""

    def __init__(self, files: LocalFiles, binding: str | None) -> None:
        try:
            transport: Any = _LocalTransport(files)  # zeep's annotation asks for the class, its code for an instance
            self.document = Document(_BASE + files.main, transport, settings=zeep.Settings(**ZEEP_SETTINGS))
            self._schema = _compiled(files)
        except (zeep.exceptions.Error, etree.LxmlError, ValueError, LookupError, NotImplementedError) as error:
            raise HaltError(
                f"the WSDL cannot be used ({type(error).__name__})",
                code="wsdl_unusable",
                remedy="check it with another tool; only document/literal SOAP over HTTP is spoken",
            ) from error
        self.binding = self._chosen(binding)
        self._lock = threading.Lock()

    def _chosen(self, wanted: str | None) -> Any:
        bindings = {
            name: binding
            for name, binding in self.document.bindings.items()
            if isinstance(binding, SoapBinding) and wanted in (None, name)
        }
        if len(bindings) != 1:
            raise HaltError(
                f"the WSDL has {len(bindings)} SOAP bindings that fit instead of one",
                code="wsdl_binding",
                remedy=f"set binding to one of: {', '.join(self.document.bindings)}",
            )
        return next(iter(bindings.values()))

    def element(self, operation: str, *, reply: bool) -> Any | None:
        """The request or response element of an operation, None when there is no such document-style operation."""
        found = self.binding.all().get(operation)
        message = None if found is None else (found.output if reply else found.input)
        return None if message is None else getattr(message, "body", None)

    def violation(self, payload: Any) -> str | None:
        """Where and how a message breaks the schema, without any of its values; None when it is valid."""
        with self._lock:  # the error log belongs to the compiled schema
            if self._schema.validate(payload):
                return None
            error = self._schema.error_log[0]
            place = str(error.path or "").rpartition("/")[2] or "message"
            return f"{place.partition(':')[2] or place}: {error.type_name.removeprefix('SCHEMAV_').lower()}"


def _compiled(files: LocalFiles) -> etree.XMLSchema:
    """All schemas of the WSDL as one libxml2 schema."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    definitions = etree.fromstring(files.load(_BASE + files.main), parser)
    inline = definitions.findall(f"{_WSDL}types/{_XSD}schema")
    if len(inline) != 1:
        raise HaltError(
            "the WSDL must have exactly one schema inside it (which may import others)",
            code="wsdl_unusable",
            remedy="move the schemas into files of their own and import them",
        )
    resolver = _Resolver(files)
    parser.resolvers.add(resolver)
    tree = etree.fromstring(etree.tostring(inline[0]), parser, base_url=_BASE).getroottree()
    try:
        return etree.XMLSchema(tree)
    except etree.XMLSchemaParseError:
        if resolver.refusal is not None:
            raise resolver.refusal from None
        raise
