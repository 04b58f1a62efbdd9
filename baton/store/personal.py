"""Personal columns at rest: sealed to their place, found by blind index, compared by digest.

**Sealing** is AES-256-GCM with the value's place as associated data, so that a ciphertext moved to another row, column
or version, or set back to an older one, does not open. GCM alone does not commit to its key: one ciphertext can be
made to open under two. Each key is therefore split with HKDF-SHA-256 into an encryption key and a commitment that is
stored and compared. A sealed value is::

    1 byte   format, 0x01
    4 bytes  key version, big-endian
    16 bytes commitment of that key
    12 bytes nonce, random
    n bytes  ciphertext
    16 bytes GCM tag

**Rotation** adds a key version and makes it the active one; older versions still open what they sealed until it has
been sealed again. With random nonces one version must seal fewer than 2^32 values; rotate long before.

**The blind-index key and the digest key do not rotate** with it. A sealed value says which key it needs; an index or a
digest cannot, since it is only ever compared for equality with a newly made one: with a new key every look-up would
miss, every value would seem changed, and the whole company would be written again. They are independent random keys,
entries of their own in the keyring, so that rotating (or losing) the encryption key tells nothing about them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from baton.errors import ConfigurationError, Fault, TamperedError
from baton.model.account import Scalar

_FORMAT: Final = b"\x01"
_KEY_BYTES: Final = 32
_VERSION_BYTES: Final = 4
_COMMITMENT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEAD_BYTES: Final = len(_FORMAT) + _VERSION_BYTES + _COMMITMENT_BYTES
_LARGEST_VERSION: Final = 2 ** (8 * _VERSION_BYTES) - 1
_INDEX_BYTES: Final = 16
_LONGEST_DECIMAL: Final = 100


def searchable(value: str) -> str:
    """Text as it should go into `Keyring.blind_index`: full-width digits and blanks around it make no difference."""
    return unicodedata.normalize("NFKC", value).strip()


@dataclass(frozen=True, slots=True)
class _SealingKey:
    """One key version, split by use."""

    cipher: AESGCM
    commitment: bytes

    @classmethod
    def derive(cls, key: bytes) -> _SealingKey:
        material = HKDF(
            algorithm=SHA256(),
            length=_KEY_BYTES + _COMMITMENT_BYTES,
            salt=None,
            info=b"baton personal column v1: 32 bytes encryption key, 16 bytes commitment",
        ).derive(key)
        return cls(AESGCM(material[:_KEY_BYTES]), material[_KEY_BYTES:])


@dataclass(frozen=True)
class Keyring:
    """The keys of one hub. Thread-safe; its text form belongs in the vault, apart from the database."""

    active: int
    encryption_keys: Mapping[int, bytes] = field(repr=False)
    """32 bytes per version, 1 … 2^32-1."""
    index_key: bytes = field(repr=False)
    digest_key: bytes = field(repr=False)
    newer: Callable[[int], Keyring | None] | None = field(default=None, repr=False, compare=False)
    """Gives a keyring that knows a version this one does not: another process may have rotated meanwhile."""
    _sealing: Mapping[int, _SealingKey] = field(init=False, repr=False, compare=False)
    MARK_BYTES: ClassVar[int] = len(_FORMAT) + _VERSION_BYTES
    """Format and key version: how a sealed value begins, for all to see."""

    def __post_init__(self) -> None:
        if self.active not in self.encryption_keys:
            raise ValueError("the active key version is not among the keys")
        if not all(0 < version <= _LARGEST_VERSION for version in self.encryption_keys):
            raise ValueError("a key version is out of range")
        keys = [*self.encryption_keys.values(), self.index_key, self.digest_key]
        if any(len(key) != _KEY_BYTES for key in keys) or len(set(keys)) != len(keys):
            raise ValueError("all keys must be 32 bytes long and different from each other")
        object.__setattr__(self, "encryption_keys", MappingProxyType(dict(self.encryption_keys)))
        sealing = {version: _SealingKey.derive(key) for version, key in self.encryption_keys.items()}
        object.__setattr__(self, "_sealing", sealing)

    @classmethod
    def generate(cls) -> Keyring:
        """A new keyring with key version 1."""
        return cls(1, {1: os.urandom(_KEY_BYTES)}, os.urandom(_KEY_BYTES), os.urandom(_KEY_BYTES))

    @classmethod
    def load(cls, source: str) -> Keyring:
        """From the text of `to_text`.

        ``{"format":1,"active":2,"encryption":{"1":…,"2":…},"blind_index":…,"digest":…}``, every key 32 bytes in base64.
        Raises `ConfigurationError`, which never repeats what it read.
        """
        try:
            return _parse(json.loads(source))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            what = str(error) if type(error) is ValueError else "it is damaged"
            message = f"the keyring for personal columns cannot be read: {what}; put the copy of it back"
            fault = Fault("keyring", "keyring", message)
            raise ConfigurationError([fault]) from None

    def to_text(self) -> str:
        """The keyring as JSON, for the vault and nowhere else."""
        encryption = {str(version): _encode(key) for version, key in sorted(self.encryption_keys.items())}
        keys = {"blind_index": _encode(self.index_key), "digest": _encode(self.digest_key)}
        return json.dumps({"format": 1, "active": self.active, "encryption": encryption, **keys})

    def rotate(self) -> Keyring:
        """A keyring that seals with a new key version and still opens all older ones."""
        version = max(self.encryption_keys) + 1
        keys = {**self.encryption_keys, version: os.urandom(_KEY_BYTES)}
        return Keyring(version, keys, self.index_key, self.digest_key)

    def retire(self, version: int) -> Keyring:
        """A keyring without an old key version; what is still sealed with it is lost. The active one stays."""
        if version == self.active or version not in self.encryption_keys:
            raise ValueError("only an older key version that is there can be retired")
        keys = {number: key for number, key in self.encryption_keys.items() if number != version}
        return Keyring(self.active, keys, self.index_key, self.digest_key)

    def seal(self, plaintext: bytes, *, table: str, row: str | int, column: str, version: int) -> bytes:
        """Encrypt a value for one place: ``version`` is the version of the row, so an old value cannot come back."""
        key = self._sealing[self.active]
        head = self.mark + key.commitment
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + key.cipher.encrypt(nonce, plaintext, _place(head, table, row, column, version))

    def open(self, sealed: bytes, *, table: str, row: str | int, column: str, version: int) -> bytes:
        """The value, or `TamperedError`: the same one for a wrong place, a wrong key and any changed byte."""
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        named = int.from_bytes(head[1 : 1 + _VERSION_BYTES], "big")
        if named not in self._sealing and self.newer is not None and head[:1] == _FORMAT:
            renewed = self.newer(named)
            if renewed is not None:
                return renewed.open(sealed, table=table, row=row, column=column, version=version)
        key = self._sealing.get(named)
        fits = (
            head[:1] == _FORMAT
            and len(rest) >= _NONCE_BYTES + _TAG_BYTES
            and key is not None
            and hmac.compare_digest(head[1 + _VERSION_BYTES :], key.commitment)
        )
        if not fits or key is None:
            raise _does_not_open()
        try:
            place = _place(head, table, row, column, version)
            return key.cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place)
        except InvalidTag:
            raise _does_not_open() from None

    @property
    def mark(self) -> bytes:
        """How everything begins that the active key has sealed."""
        return _FORMAT + self.active.to_bytes(_VERSION_BYTES, "big")

    def key_version(self, sealed: bytes) -> int:
        """The key version a sealed value names, to find what is to be sealed again after a rotation."""
        if sealed[:1] != _FORMAT or len(sealed) < _HEAD_BYTES:
            raise _does_not_open()
        return int.from_bytes(sealed[1 : 1 + _VERSION_BYTES], "big")

    def blind_index(self, value: str, column: str) -> bytes:
        """16 bytes that are equal for equal values of one column. The caller normalises first (see `searchable`)."""
        return self._mac(self.index_key, _tagged(column), _tagged(value))[:_INDEX_BYTES]

    def field_digest(self, value: Scalar, context: str) -> bytes:
        """32 bytes that change when a value changes, without keeping the value.

        ``context`` names the person and the field: few possible values (a grade, a salary) must not look alike
        across people. Text is compared in NFC, decimals by value, instants in UTC; types never equal each other.
        """
        return self._mac(self.digest_key, _tagged(context), _scalar(value))

    def text_digests(self, texts: Iterable[str], context: str) -> list[bytes]:
        """The `field_digest` of each of very many texts of one context."""
        key, tagged = self.digest_key, _tagged(context)
        return [hmac.digest(key, tagged + _scalar(text), "sha256") for text in texts]

    @staticmethod
    def _mac(key: bytes, *parts: bytes) -> bytes:
        return hmac.digest(key, b"".join(parts), "sha256")


def _does_not_open() -> TamperedError:
    return TamperedError(
        "a sealed personal value does not open",
        code="sealed",
        remedy="it was moved, changed or set back, or its key version was retired: compare with a backup",
    )


def _place(head: bytes, table: str, row: str | int, column: str, version: int) -> bytes:
    return head + _name(table) + _scalar(row) + _name(column) + _version(version)


def _tagged(text: str, tag: bytes = b"s") -> bytes:
    """Type tag, length, bytes: neighbours cannot run into each other."""
    data = text.encode()
    return tag + len(data).to_bytes(8, "big") + data


@lru_cache(maxsize=256)
def _name(table_or_column: str) -> bytes:
    """There are few of them, and a page of a long list opens thousands of values."""
    return _tagged(table_or_column)


@lru_cache(maxsize=256)
def _version(number: int) -> bytes:
    return _scalar(number)


def _scalar(value: Scalar) -> bytes:
    """The canonical, type-tagged form of a field value."""
    match value:
        case None:
            return _tagged("", b"n")
        case bool():
            return _tagged("1" if value else "0", b"b")
        case str():
            return _tagged(unicodedata.normalize("NFC", value))
        case int():
            return _tagged(str(value), b"i")
        case Decimal():
            return _tagged(_fixed(value), b"d")
        case datetime():
            if value.tzinfo is None:
                raise ValueError("an instant without a time zone has no digest")
            return _tagged(value.astimezone(UTC).isoformat(timespec="microseconds"), b"t")
        case date():
            return _tagged(value.isoformat(), b"D")
    raise ValueError(f"a {type(value).__name__} has no digest")


def _fixed(value: Decimal) -> str:
    """A decimal in fixed notation without trailing zeros: 1.50 and 1.5 are one value, -0 is 0."""
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST_DECIMAL:
        raise ValueError("a decimal that is not a plain number has no digest")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _parse(found: Any) -> Keyring:
    if set(found) != {"format", "active", "encryption", "blind_index", "digest"} or found["format"] != 1:
        raise ValueError("its entries are not format (1), active, encryption, blind_index and digest")
    if type(found["active"]) is not int or any(str(int(version)) != version for version in found["encryption"]):
        raise ValueError("a key version is not a number")
    encryption = {int(version): _decode(key) for version, key in found["encryption"].items()}
    return Keyring(found["active"], encryption, _decode(found["blind_index"]), _decode(found["digest"]))


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("a key is not base64") from None
