"""The sealed file as the bank would write its own code for it: from docs/file-format.md, with basic primitives only.

Whole files in memory, one X25519 reader, one signer: what a bank's back office needs, and no line of the hub's code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_CHUNK: Final = 16384
_ALG: Final = "HPKE-X25519-SHA256-A256GCM"
_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class NotTrustedError(Exception):
    """Not signed by the customer."""


class NotReadableError(Exception):
    """Not a file we can decrypt."""


def unpack(data: bytes, key: X25519PrivateKey, senders: Mapping[str, Ed25519PublicKey]) -> tuple[dict[str, Any], bytes]:
    """The immutable header and the content."""
    try:
        end = 8 + int.from_bytes(data[4:8], "big")
        header, payload = json.loads(data[8:end]), data[end:-64]
        immutable = header["immutable"]
        if data[:4] != b"HPF1" or _canonical(header) != data[8:end] or len(payload) < 72:
            raise NotReadableError
    except (ValueError, KeyError, TypeError):
        raise NotReadableError from None
    context = b"hpf1" + hashlib.sha256(_canonical(immutable)).digest()
    try:
        message = b"hpf1 signature" + context + hashlib.sha256(payload).digest()
        senders[immutable["signer"]].verify(data[-64:], message)
    except (KeyError, InvalidSignature):
        raise NotTrustedError from None
    try:
        data_key = _data_key(header, key, context)
        plain = _decrypt(payload, data_key, context)
    except (InvalidTag, ValueError):
        raise NotReadableError from None
    if hashlib.sha256(plain).hexdigest() != immutable["plaintext_sha256"]:
        raise NotReadableError
    return immutable, plain


def pack(
    plain: bytes,
    immutable: dict[str, Any],
    *,
    reader: tuple[str, X25519PublicKey],
    signer: tuple[str, Ed25519PrivateKey],
) -> bytes:
    """A sealed file. ``immutable`` lacks the digest, the length and the signer, which are filled in."""
    immutable = {
        **immutable,
        "plaintext_sha256": hashlib.sha256(plain).hexdigest(),
        "plaintext_length": len(plain),
        "signer": signer[0],
    }
    context = b"hpf1" + hashlib.sha256(_canonical(immutable)).digest()
    data_key, (kid, public) = os.urandom(32), reader
    wrapped = _SUITE.encrypt(data_key, public, info=b"hpf1 wrap" + context + kid.encode())
    wraps = [{"alg": _ALG, "kid": kid, "wrapped": base64.b64encode(wrapped).decode()}]
    header = _canonical({"immutable": immutable, "mac": _mac(data_key, wraps), "wraps": wraps})
    salt = os.urandom(24)
    aead, nonce, commitment = _derived(data_key, salt, context)
    chunks = [plain[at : at + _CHUNK] for at in range(0, len(plain) - len(plain) % _CHUNK + 1, _CHUNK)]
    body = [aead.encrypt((nonce ^ n).to_bytes(12, "big"), chunk, None) for n, chunk in enumerate(chunks)]
    payload = salt + commitment + b"".join(body)
    signature = signer[1].sign(b"hpf1 signature" + context + hashlib.sha256(payload).digest())
    return b"HPF1" + len(header).to_bytes(4, "big") + header + payload + signature


def _data_key(header: dict[str, Any], key: X25519PrivateKey, context: bytes) -> bytes:
    for wrap in header["wraps"]:
        if wrap["alg"] == _ALG:
            info = b"hpf1 wrap" + context + str(wrap["kid"]).encode()
            data_key = _SUITE.decrypt(base64.b64decode(wrap["wrapped"]), key, info=info)
            if hmac.compare_digest(_mac(data_key, header["wraps"]), header["mac"]):
                return data_key
    raise ValueError("no wrap for us")


def _decrypt(payload: bytes, data_key: bytes, context: bytes) -> bytes:
    aead, nonce, commitment = _derived(data_key, payload[:24], context)
    body = payload[56:]
    chunks = [body[at : at + _CHUNK + 16] for at in range(0, len(body), _CHUNK + 16)]
    if commitment != payload[24:56] or len(chunks[-1]) == _CHUNK + 16:
        raise ValueError("another key, or cut off")
    return b"".join(aead.decrypt((nonce ^ n).to_bytes(12, "big"), chunk, None) for n, chunk in enumerate(chunks))


def _derived(data_key: bytes, salt: bytes, context: bytes) -> tuple[AESGCM, int, bytes]:
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salt + context
    block = HKDFExpand(hashes.SHA512(), 76, info).derive(data_key)
    return AESGCM(block[:32]), int.from_bytes(block[32:44], "big"), block[44:]


def _mac(data_key: bytes, wraps: list[dict[str, str]]) -> str:
    key = HKDFExpand(hashes.SHA512(), 32, b"hpf1 wraps").derive(data_key)
    return hmac.digest(key, _canonical(wraps), "sha256").hex()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
