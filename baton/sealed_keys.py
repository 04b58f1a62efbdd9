"""Who can open a sealed file: each kind of key wraps the data key in its own way, bound to the file it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import padding, rsa, x25519
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from baton.sealed_header import tampered

_HPKE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class Reader(Protocol):
    """Somebody a file is sealed for: wraps the data key."""

    @property
    def kid(self) -> str:
        """Which of the reader's keys."""
        ...

    @property
    def alg(self) -> str:
        """How the data key is wrapped for it."""
        ...

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """The data key as only this reader can open it."""
        ...


class Opener(Protocol):
    """The reader's own side: unwraps the data key."""

    @property
    def kid(self) -> str:
        """Which of the reader's keys."""
        ...

    @property
    def alg(self) -> str:
        """How the data key is wrapped for it."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key; raises `TamperedError`."""
        ...


@dataclass(frozen=True, slots=True)
class InternalKey:
    """A 32-byte key-encryption key of our own (AES key wrap, RFC 3394): both `Reader` and `Opener`."""

    kid: str
    key: bytes = field(repr=False)
    alg: str = "A256KW"

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """Wrap; the context is bound by the payload, not here: RFC 3394 has no room for it."""
        return aes_key_wrap(self.key, data_key)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap."""
        try:
            return aes_key_unwrap(self.key, wrapped)
        except (InvalidUnwrap, ValueError):
            raise tampered() from None


@dataclass(frozen=True, slots=True)
class X25519Reader:
    """A partner with an X25519 key (HPKE base mode, X25519 + HKDF-SHA256 + AES-256-GCM)."""

    kid: str
    key: x25519.X25519PublicKey
    alg: str = "HPKE-X25519-SHA256-A256GCM"

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """Wrap, bound to the kid and the context."""
        return _HPKE.encrypt(data_key, self.key, info=_wrap_info(self.kid, context))


@dataclass(frozen=True, slots=True)
class X25519Opener:
    """The private side of an `X25519Reader`."""

    kid: str
    key: x25519.X25519PrivateKey = field(repr=False)
    alg: str = "HPKE-X25519-SHA256-A256GCM"

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap."""
        try:
            return _HPKE.decrypt(wrapped, self.key, info=_wrap_info(self.kid, context))
        except (InvalidTag, ValueError):
            raise tampered() from None


@dataclass(frozen=True, slots=True)
class RsaReader:
    """A partner with an RSA key of 3072 bits or more (OAEP with SHA-256)."""

    kid: str
    key: rsa.RSAPublicKey
    alg: str = "RSA-OAEP-SHA256"

    def __post_init__(self) -> None:
        if self.key.key_size < 3072:
            raise ValueError("an RSA key for sealed files needs 3072 bits or more")

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """Wrap, bound to the kid and the context through the OAEP label."""
        return self.key.encrypt(data_key, _oaep(self.kid, context))


@dataclass(frozen=True, slots=True)
class RsaOpener:
    """The private side of an `RsaReader`."""

    kid: str
    key: rsa.RSAPrivateKey = field(repr=False)
    alg: str = "RSA-OAEP-SHA256"

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap."""
        try:
            return self.key.decrypt(wrapped, _oaep(self.kid, context))
        except ValueError:
            raise tampered() from None


def _wrap_info(kid: str, context: bytes) -> bytes:
    return b"hpf1 wrap" + context + kid.encode("ascii")


def _oaep(kid: str, context: bytes) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), _wrap_info(kid, context))
