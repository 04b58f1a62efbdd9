"""The ciphers that CMS content is encrypted with, and how each stands in the file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from secrets import token_bytes
from typing import ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM

from baton.envelopes import der
from baton.envelopes.der import Node, integer, oid, sequence

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_MOST_UNDER_ONE_NONCE: Final = 2**36 - 32
"""Bytes: beyond this GCM repeats its counter (NIST SP 800-38D)."""


class Encrypting(ABC):
    """One file being encrypted."""

    def __init__(self, algorithm: bytes) -> None:
        self.algorithm = algorithm
        """AlgorithmIdentifier with the parameters of this file (DER)."""

    @abstractmethod
    def update(self, piece: bytes) -> bytes | memoryview:
        """More of the content, encrypted; good until the next call."""

    @abstractmethod
    def end(self) -> bytes:
        """The rest."""

    def mac(self) -> bytes:
        """What follows the encrypted content in the file (DER): nothing where there is no tag."""
        return b""


class ContentCipher(ABC):
    """A cipher and how CMS names it."""

    def __init__(self, dotted: str, key_bytes: int, make: Callable[[bytes], AES | SM4]) -> None:
        self.oid, self.key_bytes, self._make = oid(dotted), key_bytes, make

    envelope: ClassVar[bytes]
    """OID of the content type (DER): with a tag AuthEnvelopedData, without one EnvelopedData."""

    @abstractmethod
    def encrypting(self, data_key: bytes) -> Encrypting:
        """Begin a file; nonce and the like are drawn here."""

    @abstractmethod
    def decrypt(self, data_key: bytes, parameters: Node, content: bytes, rest: tuple[Node, ...]) -> bytes:
        """The whole content, once its tag holds (where there is one). Raises ValueError."""


class GcmCipher(ContentCipher):
    """Galois/counter mode with nonces of 12 and tags of 16 bytes, and no others."""

    envelope = oid("1.2.840.113549.1.9.16.1.23")

    def encrypting(self, data_key: bytes) -> Encrypting:
        """Begin."""
        nonce = token_bytes(_NONCE_BYTES)
        parameters = sequence(der.element(der.OCTETS, nonce), integer(_TAG_BYTES))
        return _EncryptingGcm(sequence(self.oid, parameters), Cipher(self._make(data_key), GCM(nonce)).encryptor())

    def decrypt(self, data_key: bytes, parameters: Node, content: bytes, rest: tuple[Node, ...]) -> bytes:
        """Decrypt; a short tag would be a forger's friend and is refused before anything is tried."""
        nonce, tag_bytes = parameters.items(der.SEQUENCE, 2, 2)
        attributes, tag = _attributes_and_tag(rest)
        if tag_bytes.number != _TAG_BYTES:
            raise der.MalformedError("a tag of another size")
        return self.unlocked(data_key, nonce.octets(), content, tag, attributes)

    def unlocked(self, data_key: bytes, nonce: bytes, content: bytes, tag: bytes, beside: bytes = b"") -> bytes:
        """The plain content, when the tag holds over it and what is authenticated ``beside`` it. Raises ValueError."""
        if len(nonce) != _NONCE_BYTES or len(tag) != _TAG_BYTES:
            raise der.MalformedError("a nonce or a tag of another size")
        decryptor = Cipher(self._make(data_key), GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(beside)
        try:
            return decryptor.update(content) + decryptor.finalize()
        except InvalidTag:
            raise ValueError("the tag does not hold") from None


class CbcCipher(ContentCipher):
    """Cipher block chaining with PKCS #7 padding. It proves nothing: only for what is signed inside."""

    envelope = oid("1.2.840.113549.1.7.3")

    def encrypting(self, data_key: bytes) -> Encrypting:
        """Begin."""
        vector = token_bytes(16)
        encryptor = Cipher(self._make(data_key), CBC(vector)).encryptor()
        return _EncryptingCbc(sequence(self.oid, der.element(der.OCTETS, vector)), encryptor)

    def decrypt(self, data_key: bytes, parameters: Node, content: bytes, rest: tuple[Node, ...]) -> bytes:
        """Decrypt."""
        if rest or len(parameters.octets()) != 16:
            raise der.MalformedError("not the parameters of this cipher")
        decryptor = Cipher(self._make(data_key), CBC(parameters.octets())).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        return unpadder.update(decryptor.update(content) + decryptor.finalize()) + unpadder.finalize()


class _EncryptingGcm(Encrypting):
    def __init__(self, algorithm: bytes, encryptor: CipherContext) -> None:
        super().__init__(algorithm)
        self._encryptor, self._length = encryptor, 0
        self._buffer = bytearray()  # one for all pieces: new memory for each costs more than the encryption

    def update(self, piece: bytes) -> memoryview:
        self._length += len(piece)
        if self._length > _MOST_UNDER_ONE_NONCE:
            raise ValueError("a file of 64 GiB or more cannot be sealed under one key")
        if len(self._buffer) < len(piece) + _TAG_BYTES:
            self._buffer = bytearray(len(piece) + _TAG_BYTES)
        return memoryview(self._buffer)[: self._encryptor.update_into(piece, self._buffer)]

    def end(self) -> bytes:
        return self._encryptor.finalize()

    def mac(self) -> bytes:
        tag: bytes = self._encryptor.tag  # type: ignore[attr-defined]  # an AEAD context; the stubs name the base
        return der.element(der.OCTETS, tag)


class _EncryptingCbc(Encrypting):
    def __init__(self, algorithm: bytes, encryptor: CipherContext) -> None:
        super().__init__(algorithm)
        self._encryptor, self._padder = encryptor, padding.PKCS7(128).padder()

    def update(self, piece: bytes) -> bytes:
        return self._encryptor.update(self._padder.update(piece))

    def end(self) -> bytes:
        return self._encryptor.update(self._padder.finalize()) + self._encryptor.finalize()


def _attributes_and_tag(rest: tuple[Node, ...]) -> tuple[bytes, bytes]:
    """What is authenticated beside the content (its DER as a SET), and the tag."""
    if len(rest) == 2 and rest[0].definite:
        attributes = rest[0].of(der.CONTEXT | der.CONSTRUCTED | 1).raw
        return bytes([der.SET]) + attributes[1:], rest[1].octets()
    if len(rest) != 1:
        raise der.MalformedError("more or fewer elements than expected")
    return b"", rest[0].octets()


AES256_GCM: Final = GcmCipher("2.16.840.1.101.3.4.1.46", 32, AES)
SM4_GCM: Final = GcmCipher("1.2.156.10197.1.104.8", 16, SM4)
SM4_CBC: Final = CbcCipher("1.2.156.10197.1.104.2", 16, SM4)
