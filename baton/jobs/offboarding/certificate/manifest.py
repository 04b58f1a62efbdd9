"""The manifest of a certificate: its form, and the bytes that are signed.

A manifest is one line of JSON with a line feed at its end::

    {"document":{…},"format":"baton-certificate-1","signature":"<128 hex digits>"}

in canonical form: keys sorted, no white space, UTF-8, only what must be escaped is escaped, no number but integers.
The signature is Ed25519 over these bytes, one after another: ``00 62 61 74 6f 6e`` (a zero byte and "baton"), the
length of the domain in 2 bytes and the domain ``certificate-1``, the length of the document in 8 bytes and the
document; lengths are big-endian. Statements are signed in the same way with the domain ``statement-1``. The parts of a
document are the classes below, field by field; instants are ISO 8601 in UTC, digests and signatures lower-case hex,
what does not apply is empty text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from baton.errors import TamperedError
from baton.model.case import NO_SYSTEM, Act, ItemState, Role
from baton.model.handover import HoldingKind, Undo

FORMAT: Final = "baton-certificate-1"
DOMAIN: Final = b"certificate-1"
"""What the signature over a document is made for, and nothing else."""
LARGEST_BYTES: Final = 512 * 1024 * 1024
START: Final = b'{"document":{'
"""How every manifest begins."""
LANGUAGES: Final = ("zh", "en", "ja", "ko")

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Signature = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Number = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Part(BaseModel):
    """Base of all parts: nothing missing, nothing besides, nothing of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class HubPart(Part):
    """Who has signed."""

    name: Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f-\x9f+]{1,200}$")]
    """The name of the hub's key, which is also that of its audit log."""
    key_id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    """The short id of the public key, as it stands in the key's own text."""


class PagesPart(Part):
    """The PDF that was made with this manifest."""

    language: Literal["zh", "en", "ja", "ko"]
    digest: Digest
    """Of every byte of the PDF but the manifest in it: see `baton.jobs.offboarding.certificate.binding`."""


class CasePart(Part):
    """Whose handover it was."""

    id: str
    number: str
    name: str
    department: str
    cause: str
    policy: str
    manager: str
    salt: Digest
    """32 bytes under which the contents of this case are digested."""
    opened_by: str
    opened_at: str
    last_working_at: str
    contract_end_at: str
    pay_end_at: str
    checked_at: str
    """When every system was last asked what the leaver holds."""
    completed_at: str
    protected_until: str


class ContentPart(Part):
    """What an item is: that which a successor accepts. With the case's salt it has the item's digest."""

    kind: str
    id: str
    title: str
    about: str
    """``kind/id`` of what it belongs to in the same system."""
    facts: dict[str, Annotated[list[str], Field(min_length=2, max_length=2)]]
    """Name -> type and text of the value."""
    amount: str
    by_hand: str


class VersionPart(Part):
    """One version of an item."""

    version: Number
    digest: Digest
    seen_at: str


class ReadBackPart(Part):
    """What proves that an item has left the leaver."""

    effect: Annotated[str, Field(pattern=r"^(|[0-9a-f]{64})$")]
    """The key of the newest effect about it, which moved it, took it away, or was refused when it was to bring it back.

    Empty where it was gone when looked at.
    """
    code: str
    holder: str
    """The external id of who holds it now, as the system says; empty for what nobody holds any more."""
    given_to: str
    """The external id of whom it was given to."""
    asked_at: str


class ItemPart(Part):
    """One item of the checklist, as it ended."""

    item: Number
    system: str
    content: ContentPart
    version: Number
    digest: Digest
    state: ItemState
    code: str
    undo: Undo
    holder_id: str
    """The leaver's external id in that system."""
    successor: str
    accepted_version: Count
    accepted_by: str
    approved_by: str
    read_back: ReadBackPart | None
    versions: list[VersionPart]
    """All of them; the last one is the item's."""

    @property
    def kind(self) -> HoldingKind:
        """What sort of thing it is; `HoldingKind.OTHER` for a kind that this version does not know."""
        known = {kind.value: kind for kind in HoldingKind}
        return known.get(self.content.kind, HoldingKind.OTHER)

    @property
    def not_asked(self) -> bool:
        """Whether its system was taken out of ``systems.yaml``: what has become of it there, nobody has asked."""
        return self.state is ItemState.GONE and self.code == NO_SYSTEM


class StatementPart(Part):
    """Something a person said. All but the signature is what was signed, in the same canonical form."""

    case: str
    item: Number | None
    version: Count
    digest: Annotated[str, Field(pattern=r"^(|[0-9a-f]{64})$")]
    act: Act
    person: str
    role: Role
    at: str
    text: str
    signature: Signature

    @property
    def signed(self) -> bytes:
        """The bytes under the signature."""
        return canonical(self.model_dump(mode="json", exclude={"signature"}))


class SummaryPart(Part):
    """What the items come to, for a quick look. A verifier works it out again."""

    items: Count
    states: dict[str, Count]
    kinds: dict[str, Count]
    left: list[Number]
    """Items that were decided not to be passed on."""
    gone: list[Number]
    """Items that left the leaver by no doing of the hub, and those with the code ``no_system``: not asked about."""
    irreversible: list[Number]
    """Items that were passed on and can never be taken back."""


class AuditPart(Part):
    """Where the audit log stood."""

    entries: Count
    root: Digest
    at: str
    note: str
    """The signed checkpoint itself."""


class Document(Part):
    """Everything under the signature."""

    issued_at: str
    issued_by: str
    hub: HubPart
    pages: PagesPart
    case: CasePart
    people: dict[str, str]
    """Employee number -> name, of the employees who are named below."""
    items: list[ItemPart]
    statements: list[StatementPart]
    obstacles: Annotated[list[str], Field(max_length=0)]
    """None: a case with an obstacle cannot be completed."""
    summary: SummaryPart
    audit: AuditPart

    @property
    def completed_by(self) -> str:
        """Who has completed the case."""
        return next((said.person for said in reversed(self.statements) if said.act is Act.COMPLETE), "")

    @property
    def signed(self) -> bytes:
        """The bytes under the signature."""
        return canonical(self.model_dump(mode="json"))


@dataclass(frozen=True, slots=True)
class Manifest:
    """A document with the hub's signature."""

    document: Document
    signature: str

    def to_bytes(self) -> bytes:
        """The one line, its line feed included."""
        whole = {"document": self.document.model_dump(mode="json"), "format": FORMAT, "signature": self.signature}
        return canonical(whole) + b"\n"


class _Envelope(Part):
    document: Document
    format: Literal["baton-certificate-1"]
    signature: Signature


def canonical(value: Mapping[str, Any]) -> bytes:
    """The one spelling of a JSON value."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def parse(data: bytes) -> Manifest:
    """The manifest in these bytes; `TamperedError` unless writing it again gives the very same bytes."""
    try:
        envelope = _Envelope.model_validate_json(data)
    except ValidationError as error:
        raise TamperedError(f"this is not a manifest: {_first(error)}", code="malformed") from None
    manifest = Manifest(envelope.document, envelope.signature)
    if manifest.to_bytes() != data:
        raise TamperedError("the manifest is not spelt as the hub spells it", code="malformed")
    return manifest


def _first(error: ValidationError) -> str:
    details: Sequence[Any] = error.errors(include_input=False, include_url=False)
    place = ".".join(str(step) for step in details[0]["loc"]) or "the whole file"
    return f"{place}: {details[0]['msg']}"
