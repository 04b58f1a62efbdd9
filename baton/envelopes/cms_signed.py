"""CMS SignedData with its content inside: written piece by piece, read whole (RFC 5652)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives import hashes

from baton.envelopes import der
from baton.envelopes.cms_keys import SHA256_ID, Signatory, Trusted
from baton.envelopes.der import CONSTRUCTED, CONTEXT, END, INDEFINITE, integer, oid, sequence

_DATA: Final = oid("1.2.840.113549.1.7.1")
_SIGNED_DATA: Final = oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = oid("1.2.840.113549.1.9.4")
_SIGNING_TIME: Final = oid("1.2.840.113549.1.9.5")
_OPEN_SEQUENCE: Final = bytes([der.SEQUENCE]) + INDEFINITE
_OPEN_0: Final = bytes([CONTEXT | CONSTRUCTED]) + INDEFINITE
_OPEN_OCTETS: Final = bytes([der.OCTETS | CONSTRUCTED]) + INDEFINITE
_GENERALIZED_TIME: Final = 0x18


@dataclass(frozen=True, slots=True)
class DigestKind:
    """A digest and how CMS names it."""

    algorithm: hashes.HashAlgorithm
    identifier: bytes
    """AlgorithmIdentifier without parameters (DER); with NULL as parameters is the same."""

    def new(self) -> hashes.Hash:
        """An empty one."""
        return hashes.Hash(self.algorithm)

    def is_named(self, node: der.Node) -> bool:
        """Whether an AlgorithmIdentifier means this digest."""
        named, *parameters = node.items(der.SEQUENCE, 1, 2)
        plain = not parameters or parameters[0].raw == der.element(der.NULL)
        return plain and sequence(named.raw) == self.identifier


_CERTIFICATES, _CRLS = CONTEXT | CONSTRUCTED, CONTEXT | CONSTRUCTED | 1
_BESIDE: Final = ((), (_CERTIFICATES,), (_CRLS,), (_CERTIFICATES, _CRLS))
"""What may stand between the content and its signature, by tag."""
SHA256: Final = DigestKind(hashes.SHA256(), SHA256_ID)
SM3: Final = DigestKind(hashes.SM3(), sequence(oid("1.2.156.10197.1.401")))


def signed(pieces: Iterable[bytes], kind: DigestKind, signatory: Signatory, moment: datetime) -> Iterator[bytes]:
    """The content with its signature behind it."""
    yield b"".join(
        (
            _OPEN_SEQUENCE,
            _SIGNED_DATA,
            _OPEN_0,
            _OPEN_SEQUENCE,
            integer(1),
            der.set_of([kind.identifier]),
            _OPEN_SEQUENCE,
            _DATA,
            _OPEN_0,
            _OPEN_OCTETS,
        )
    )
    digest = kind.new()
    for piece in pieces:
        digest.update(piece)
        yield bytes([der.OCTETS]) + der.length(len(piece))
        yield piece
    attributes = _attributes(digest.finalize(), moment)
    yield b"".join(
        (
            END + END + END,
            der.element(CONTEXT | CONSTRUCTED, signatory.certificate),
            der.set_of([_signer(kind, signatory, attributes)]),
            END + END + END,
        )
    )


def verified(data: bytes, kind: DigestKind, trusted: Sequence[Trusted]) -> bytes:
    """The content of a whole signed file, once one of these parties proves to have signed it. Raises ValueError.

    Exactly one signature is expected; certificates in the file are not looked at.
    """
    named, wrapper = der.read(data).items(der.SEQUENCE, 2, 2)
    (body,) = wrapper.items(CONTEXT | CONSTRUCTED, 1, 1)
    _, digests, inner, *rest = body.items(der.SEQUENCE, 4)
    content_type, held = inner.items(der.SEQUENCE, 2, 2)
    if (named.raw, content_type.raw) != (_SIGNED_DATA, _DATA):
        raise der.MalformedError("not signed data")
    (content,) = (node.octets() for node in held.items(CONTEXT | CONSTRUCTED, 1, 1))
    *beside, signers = rest
    if tuple(node.tag for node in beside) not in _BESIDE:  # nothing is passed over: nobody has signed it
        raise der.MalformedError("something that has no place there")
    (signer,) = signers.items(der.SET, 1, 1)
    digests.of(der.SET)
    _, identity, digest_id, attributes, algorithm, signature = signer.items(der.SEQUENCE, 6, 7)[:6]
    if not kind.is_named(digest_id) or not attributes.definite:
        raise der.MalformedError("another digest")
    message = bytes([der.SET]) + attributes.of(CONTEXT | CONSTRUCTED).raw[1:]
    parties = [party for party in trusted if party.identity == identity.raw]
    if not any(party.verify(algorithm.raw, signature.octets(), message) for party in parties):
        raise ValueError("not signed by anybody we trust")
    said = _single_values(attributes)
    digest = kind.new()
    digest.update(content)
    well = compare_digest(said.get(_MESSAGE_DIGEST, b""), der.element(der.OCTETS, digest.finalize()))
    if not well or said.get(_CONTENT_TYPE) != _DATA:
        raise ValueError("another content was signed")
    return content


def _attributes(digest: bytes, moment: datetime) -> list[bytes]:
    return [
        sequence(_CONTENT_TYPE, der.set_of([_DATA])),
        sequence(_SIGNING_TIME, der.set_of([_time(moment)])),
        sequence(_MESSAGE_DIGEST, der.set_of([der.element(der.OCTETS, digest)])),
    ]


def _time(moment: datetime) -> bytes:
    utc = moment.astimezone(UTC)
    if utc.year < 2050:
        return der.element(der.UTC_TIME, utc.strftime("%y%m%d%H%M%SZ").encode())
    return der.element(_GENERALIZED_TIME, utc.strftime("%Y%m%d%H%M%SZ").encode())


def _signer(kind: DigestKind, signatory: Signatory, attributes: list[bytes]) -> bytes:
    message = der.set_of(attributes)
    return sequence(
        integer(1),
        signatory.identity,
        kind.identifier,
        bytes([CONTEXT | CONSTRUCTED]) + message[1:],
        signatory.algorithm,
        der.element(der.OCTETS, signatory.sign(message)),
    )


def _single_values(attributes: der.Node) -> dict[bytes, bytes]:
    """The signed attributes that have one value each. Raises ValueError for one that is there twice."""
    found: dict[bytes, bytes] = {}
    for attribute in attributes.children:
        name, values = attribute.items(der.SEQUENCE, 2, 2)
        if name.raw in found:
            raise der.MalformedError("an attribute that is there twice")
        several = values.of(der.SET).children
        found[name.raw] = several[0].raw if len(several) == 1 else b""
    return found
