"""The header of a sealed file: its one legal spelling, its bounds, and what it binds."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, Final

from baton.errors import TamperedError

MAGIC: Final = b"HPF1"
SIGNATURE_BYTES: Final = 64
HEADER_LIMIT_BYTES: Final = 65_536
WRAP_LIMIT: Final = 16

# Every string is printable ASCII without quote and backslash: JSON then has no escapes and one canonical form.
_TEXT: Final = re.compile(r"[ !#-\[\]-~]*")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_STAMP: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_LENGTH_LIMIT: Final = 2**52 - 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """The immutable part of a header: what the sender signed about the file besides its bytes."""

    content_type: str
    name: str
    sender: str
    recipient: str
    created: str
    """UTC, ``YYYY-MM-DDThh:mm:ssZ``."""
    plaintext_sha256: str
    plaintext_length: int
    signer: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts: list[Any] = [
            self.content_type,
            self.name,
            self.sender,
            self.recipient,
            self.created,
            self.plaintext_sha256,
        ]
        texts += [self.signer, *self.facts.keys(), *self.facts.values()]
        if not all(isinstance(text, str) and _TEXT.fullmatch(text) for text in texts):
            raise ValueError("a header holds printable ASCII without quotes and backslashes only")
        if not _DIGEST.fullmatch(self.plaintext_sha256) or not _STAMP.fullmatch(self.created):
            raise ValueError("the digest or the time stamp is not well-formed")
        if type(self.plaintext_length) is not int or not 0 <= self.plaintext_length <= _LENGTH_LIMIT:
            raise ValueError("the plaintext length is out of bounds")

    @property
    def context(self) -> bytes:
        """What the payload, the wraps and the signature are bound to: ``"hpf1"`` and the SHA-256 of this part."""
        return b"hpf1" + hashlib.sha256(_canonical(asdict(self))).digest()


@dataclass(frozen=True, slots=True)
class Wrap:
    """The data key as one reader can open it: Base64, the algorithm, and which of the reader's keys."""

    alg: str
    kid: str
    wrapped: str

    def __post_init__(self) -> None:
        texts: tuple[Any, ...] = (self.alg, self.kid, self.wrapped)
        if not all(isinstance(text, str) and text and _TEXT.fullmatch(text) for text in texts):
            raise ValueError("a wrap holds printable ASCII only")
        try:
            plain = base64.b64decode(self.wrapped, validate=True)
        except binascii.Error:
            raise ValueError("a wrapped key is not Base64") from None
        if base64.b64encode(plain).decode() != self.wrapped:
            raise ValueError("a wrapped key is not in its one Base64 spelling")


@dataclass(frozen=True, slots=True)
class Header:
    """A whole header. ``mac`` (hex) proves, under the data key, that the list of wraps was written by who knew it."""

    envelope: Envelope
    wraps: tuple[Wrap, ...]
    mac: str

    @property
    def wraps_bytes(self) -> bytes:
        """The list of wraps as the MAC covers it."""
        return _canonical([asdict(wrap) for wrap in self.wraps])


def write_header(header: Header) -> bytes:
    """Magic, length and canonical JSON. Raises ValueError for a header no reader would accept."""
    body = _canonical(
        {
            "immutable": asdict(header.envelope),
            "mac": header.mac,
            "wraps": [asdict(wrap) for wrap in header.wraps],
        }
    )
    kids = {wrap.kid for wrap in header.wraps}
    if len(body) > HEADER_LIMIT_BYTES or not 1 <= len(header.wraps) <= WRAP_LIMIT or len(kids) != len(header.wraps):
        raise ValueError(f"a header has 1 to {WRAP_LIMIT} readers of different kid and at most {HEADER_LIMIT_BYTES} B")
    return MAGIC + len(body).to_bytes(4, "big") + body


def read_header(source: BinaryIO) -> tuple[Header, int]:
    """The header at the source's position, and where the payload begins. Raises `TamperedError`.

    Well-formed only: nothing in it is proved before the signature is checked and the data key is opened.
    """
    start = source.read(8)
    length = int.from_bytes(start[4:], "big")
    if len(start) != 8 or start[:4] != MAGIC or not 0 < length <= HEADER_LIMIT_BYTES:
        raise tampered()
    body = source.read(length)
    try:
        header = _parse(json.loads(body.decode("ascii")))
        if write_header(header) != start + body:
            raise tampered()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise tampered() from None
    return header, source.tell()


def tampered() -> TamperedError:
    """The one error for everything that can be wrong with a sealed file."""
    return TamperedError(
        "the sealed file does not verify: damaged, incomplete, changed, from another sender or for another reader",
        code="sealed_file",
        remedy="do not use it; have it sent again, and tell the sender if that does not help",
    )


def _parse(document: Any) -> Header:
    wraps = tuple(Wrap(**wrap) for wrap in document["wraps"])
    if not _DIGEST.fullmatch(document["mac"]):
        raise ValueError("the MAC is not well-formed")
    return Header(Envelope(**document["immutable"]), wraps, document["mac"])


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
