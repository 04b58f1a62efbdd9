"""The sealed file: encrypted for its readers, signed by its sender, bound to what its header says.

::

    "HPF1" | u32 header length | header (canonical JSON) | payload (Cobblestone-256) | Ed25519 signature (64 bytes)

    header = {"immutable": {…}, "mac": …, "wraps": [{"alg": …, "kid": …, "wrapped": …}, …]}

The payload is AES-256-GCM in 16 KiB chunks under a fresh data key whose context is the digest of the immutable part,
so neither can be exchanged for another's. The data key is wrapped once per reader. The wraps stand outside the
signature, so keys rotate without touching data, and under a MAC by the data key, so no byte of a file is unprotected.
``docs/file-format.md`` has every detail needed to write another implementation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from baton.errors import TamperedError
from baton.sealed_header import SIGNATURE_BYTES, Envelope, Header, Wrap, read_header, tampered, write_header
from baton.sealed_keys import InternalKey, Opener, Reader, RsaOpener, RsaReader, X25519Opener, X25519Reader

__all__ = [
    "Envelope",
    "InternalKey",
    "Label",
    "Opener",
    "Reader",
    "RsaOpener",
    "RsaReader",
    "Signer",
    "X25519Opener",
    "X25519Reader",
    "inspect_sealed",
    "open_sealed",
    "open_to_file",
    "rewrap",
    "seal",
    "seal_pieces",
]

_BLOCK_BYTES: Final = 1024 * 1024
_ROOM_BYTES: Final = 2 * 16_384
"""What a piece may give beyond its length and its tags (16 bytes in 16 KiB): the chunk begun before, and the start."""


@dataclass(frozen=True, slots=True)
class Label:
    """What the sender says about a file before it is sealed. Readable by anyone: never personal data."""

    content_type: str
    name: str
    """The file name or message id; a reader compares it with the name the file was found under."""
    sender: str
    recipient: str
    created: datetime
    facts: Mapping[str, str] = field(default_factory=dict)
    """Counts, control totals, digests."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who vouches for a file."""

    kid: str
    key: Ed25519PrivateKey = field(repr=False)


def seal(source: BinaryIO, target: BinaryIO, *, label: Label, readers: Sequence[Reader], signer: Signer) -> Envelope:
    """Seal all of ``source`` (read twice, so seekable) into ``target`` and return what the header says about it.

    Raises `TamperedError` when the source changes between the two readings; ``target`` is then worthless.
    """
    return seal_pieces(_FromHere(source), target, label=label, readers=readers, signer=signer)


def seal_pieces(
    plain: Iterable[bytes], target: BinaryIO, *, label: Label, readers: Sequence[Reader], signer: Signer
) -> Envelope:
    """Seal what ``plain`` gives, without a copy of it anywhere: it is iterated twice, for its digest and for its bytes.

    Raises ValueError for what can be iterated only once, and `TamperedError` when the second time gives other bytes;
    ``target`` is then worthless.
    """
    if iter(plain) is plain:
        raise ValueError("the content is iterated twice; hand in something that begins anew each time")
    digest, length = _digest(plain)
    envelope = Envelope(
        content_type=label.content_type,
        name=label.name,
        sender=label.sender,
        recipient=label.recipient,
        created=label.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        plaintext_sha256=digest.hex(),
        plaintext_length=length,
        signer=signer.kid,
        facts=dict(label.facts),
    )
    context = envelope.context
    data_key = Cobblestone256Encryptor.generate_key()
    target.write(write_header(_header(envelope, data_key, readers)))

    payload, again = hashlib.sha256(), hashlib.sha256()

    def read(piece: bytes) -> bytes:
        again.update(piece)
        return piece

    def put(ciphertext: bytes | memoryview) -> None:
        payload.update(ciphertext)
        target.write(ciphertext)

    encrypt_chunks(map(read, plain), data_key, context, put)
    if again.digest() != digest:
        raise TamperedError("the file changed while it was being sealed", remedy="seal a file nobody writes to")
    target.write(signer.key.sign(_signed(context, payload.digest())))
    return envelope


def encrypt_chunks(
    plain: Iterable[bytes], data_key: bytes, context: bytes, put: Callable[[bytes | memoryview], object]
) -> None:
    """The payload, handed to ``put`` as it comes; what is handed over is good during the call only."""
    encryptor = Cobblestone256Encryptor(data_key, context)
    buffer = bytearray()  # one for all pieces: new memory for each costs more than the encryption
    for piece in plain:
        most = len(piece) + len(piece) // 1024 + _ROOM_BYTES
        if len(buffer) < most:
            buffer = bytearray(most)
        put(memoryview(buffer)[: encryptor.update_into(piece, buffer)])
    put(encryptor.finalize())


def decrypt_chunks(payload: Iterable[bytes], data_key: bytes, context: bytes, put: Callable[[bytes], object]) -> None:
    """What `encrypt_chunks` made, each chunk handed to ``put`` once it is verified.

    `TamperedError` where one is not, and for a key of another length.
    """
    try:
        decryptor = Cobblestone256Decryptor(data_key, context)
    except ValueError:
        raise tampered() from None
    try:
        for block in payload:
            put(decryptor.update(block))
        put(decryptor.finalize())
    except InvalidTag:
        raise tampered() from None


def inspect_sealed(source: BinaryIO, *, trusted: Mapping[str, Ed25519PublicKey]) -> Envelope:
    """Check the signature over the header's immutable part and the ciphertext, without any decryption key."""
    return _verified(source, trusted)[0].envelope


def open_sealed(
    source: BinaryIO, target: BinaryIO, *, opener: Opener, trusted: Mapping[str, Ed25519PublicKey]
) -> Envelope:
    """Open ``source`` (seekable) into ``target``.

    The sender's signature is checked before anything is decrypted, and every chunk before it is written. Still, only a
    normal return means that *all* of it is there: write to a temporary file and publish that afterwards
    (`open_to_file` does). Raises `TamperedError`, the same for every fault.
    """
    header, offset, payload_bytes, signature = _verified(source, trusted)
    context = header.envelope.context
    source.seek(offset)
    payload, plaintext, length = hashlib.sha256(), hashlib.sha256(), 0

    def read(block: bytes) -> bytes:
        payload.update(block)
        return block

    def put(clear: bytes) -> None:
        nonlocal length
        plaintext.update(clear)
        length += target.write(clear)

    decrypt_chunks(map(read, _blocks(source, payload_bytes)), _data_key(header, opener), context, put)
    # Again over what was really read this time: the file may have changed since the first reading.
    _verify(trusted[header.envelope.signer], signature, _signed(context, payload.digest()))
    if plaintext.hexdigest() != header.envelope.plaintext_sha256 or length != header.envelope.plaintext_length:
        raise tampered()
    return header.envelope


def open_to_file(source: BinaryIO, path: Path, *, opener: Opener, trusted: Mapping[str, Ed25519PublicKey]) -> Envelope:
    """Open ``source`` into a new file at ``path``, which appears complete and verified or not at all.

    The file is readable by its owner only. Raises `TamperedError`, or FileExistsError when ``path`` exists.
    """
    handle, name = tempfile.mkstemp(prefix=".opening-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as target:
            envelope = open_sealed(source, target, opener=opener, trusted=trusted)
            target.flush()
            os.fsync(target.fileno())
        os.link(name, path)  # unlike rename, a link never replaces what is there
    finally:
        Path(name).unlink()
    return envelope


def rewrap(source: BinaryIO, target: BinaryIO, *, opener: Opener, readers: Sequence[Reader]) -> Envelope:
    """Copy a sealed file with its data key wrapped for ``readers`` instead; payload and signature stay as they are.

    The payload is not checked (it still carries its signature). Raises `TamperedError` when the header does not hold.
    """
    header, _ = read_header(source)
    target.write(write_header(_header(header.envelope, _data_key(header, opener), readers)))
    target.writelines(_blocks(source))
    return header.envelope


def _header(envelope: Envelope, data_key: bytes, readers: Sequence[Reader]) -> Header:
    wraps = tuple(
        Wrap(alg=reader.alg, kid=reader.kid, wrapped=base64.b64encode(reader.wrap(data_key, envelope.context)).decode())
        for reader in readers
    )
    unproved = Header(envelope, wraps, mac="")
    return Header(envelope, wraps, mac=_mac(data_key, unproved))


def _data_key(header: Header, opener: Opener) -> bytes:
    """The data key, once the MAC over the wraps holds."""
    for wrap in header.wraps:
        if (wrap.kid, wrap.alg) == (opener.kid, opener.alg):
            data_key = opener.unwrap(base64.b64decode(wrap.wrapped), header.envelope.context)
            if len(data_key) == 32 and hmac.compare_digest(_mac(data_key, header), header.mac):
                return data_key
    raise tampered()


def _mac(data_key: bytes, header: Header) -> str:
    key = HKDFExpand(hashes.SHA512(), 32, b"hpf1 wraps").derive(data_key)
    return hmac.digest(key, header.wraps_bytes, "sha256").hex()


def _verified(source: BinaryIO, trusted: Mapping[str, Ed25519PublicKey]) -> tuple[Header, int, int, bytes]:
    """The header, where the payload begins and how long it is, and the signature, which holds."""
    header, offset = read_header(source)
    key = trusted.get(header.envelope.signer)
    payload_bytes = source.seek(0, os.SEEK_END) - offset - SIGNATURE_BYTES
    if key is None or payload_bytes < 0:
        raise tampered()
    source.seek(offset)
    digest, _ = _digest(_blocks(source, payload_bytes))
    signature = source.read(SIGNATURE_BYTES)
    _verify(key, signature, _signed(header.envelope.context, digest))
    return header, offset, payload_bytes, signature


def _verify(key: Ed25519PublicKey, signature: bytes, message: bytes) -> None:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        raise tampered() from None


def _signed(context: bytes, payload_digest: bytes) -> bytes:
    return b"hpf1 signature" + context + payload_digest


def _blocks(source: BinaryIO, limit: int | None = None) -> Iterator[bytes]:
    """The rest of the source, or exactly ``limit`` bytes of it when it has them."""
    left = limit
    while left is None or left > 0:
        block = source.read(_BLOCK_BYTES if left is None else min(_BLOCK_BYTES, left))
        if not block:
            return
        if left is not None:
            left -= len(block)
        yield block


class _FromHere:
    """The blocks of a seekable source from where it stands now, each time it is iterated."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._start = source, source.tell()

    def __iter__(self) -> Iterator[bytes]:
        self._source.seek(self._start)
        return _blocks(self._source)


def _digest(blocks: Iterable[bytes]) -> tuple[bytes, int]:
    digest, length = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        length += len(block)
    return digest.digest(), length
