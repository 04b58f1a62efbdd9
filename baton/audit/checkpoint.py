"""Signed checkpoints: what the log was at one moment, kept where whoever can rewrite the database cannot reach.

A checkpoint is a C2SP signed note (tlog-checkpoint), text that a person can print and another tool can check::

    baton.example/audit                                  origin: which log
    1234                                                 size: number of entries
    qUeI0LJ7…=                                           root of the tree of that size, base64
    at 2026-11-22T06:25:37.000000Z                       when it was signed (our extension line)

    — baton.example/audit Az3grl…=                       base64(4 bytes key id || Ed25519 signature)

The key id is the first 4 bytes of SHA-256(name || 0x0A || 0x01 || public key). Public keys travel as
``name+<key id, hex>+base64(0x01 || key)``, private ones as ``PRIVATE+KEY+name+<key id>+base64(0x01 || seed)``.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from baton.audit.canonical import stamp
from baton.audit.merkle import HASH_BYTES, Frontier
from baton.errors import TamperedError

LARGEST_NOTE_BYTES: Final = 16 * 1024
_ALGORITHM = b"\x01"  # Ed25519, in signed notes
_PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_AT = re.compile(r"at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)")
_SIGNATURE = re.compile(r"— ([^\s+]{1,200}) ([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log at one size. Made by `Signer` or by a `Verifier` that has checked the signature."""

    origin: str
    size: int
    root: bytes
    at: datetime

    @property
    def text(self) -> str:
        """What is signed, its final newline included."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\nat {stamp(self.at)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name. The name is also the origin of the log it signs."""

    name: str
    public_key: bytes

    def __str__(self) -> str:
        return f"{self.name}+{_key_id(self.name, self.public_key).hex()}+{_encode(_ALGORITHM + self.public_key)}"

    @property
    def key_id(self) -> str:
        """The short id of the key (8 hex digits), as it stands in its text."""
        return _key_id(self.name, self.public_key).hex()

    @classmethod
    def from_text(cls, text: str) -> Verifier:
        """From ``name+id+key``; raises `TamperedError` when the parts do not fit together."""
        name, key = _parse_key(text.strip())
        return cls(name, key)

    def open(self, note: bytes) -> Checkpoint:
        """The checkpoint in a signed note, or `TamperedError` when it is not ours, not signed or not well formed."""
        text, signatures = _split_note(note)
        own_id = _key_id(self.name, self.public_key)
        own = [value for name, value in signatures if name == self.name and value[:4] == own_id]
        if not own:
            raise TamperedError("the checkpoint is not signed with this key", code="wrong_key")
        for value in own:
            try:
                Ed25519PublicKey.from_public_bytes(self.public_key).verify(value[4:], text.encode())
            except InvalidSignature:
                raise TamperedError("the signature of the checkpoint does not hold", code="bad_signature") from None
        checkpoint = _parse_text(text)
        if checkpoint.origin != self.name:
            raise TamperedError("the checkpoint belongs to another log", code="wrong_origin")
        return checkpoint

    def require(self, domain: bytes, content: bytes, signature: bytes) -> None:
        """Raise `TamperedError` unless `Signer.vouch` has made this signature for this content."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, _vouched(domain, content))
        except InvalidSignature:
            raise TamperedError("the signature does not hold", code="bad_signature") from None


def open_note(note: bytes, keys: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint in a note signed with any of these keys; raises `TamperedError` as `Verifier.open` does."""
    refusal = TamperedError("no public key was given", code="wrong_key")
    for key in keys:
        try:
            return key.open(note)
        except TamperedError as error:
            refusal = error
            if error.code != "wrong_key":
                break
    raise refusal


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> Signer:
        """A new key for the log ``name`` (such as ``baton.example/audit``)."""
        if not _NAME.fullmatch(name):
            raise ValueError("the name of a log has no spaces and no plus sign, and at most 200 characters")
        return cls(name, os.urandom(32))

    @classmethod
    def from_text(cls, text: str) -> Signer:
        """From the text of `secret_text`; raises `TamperedError` when it is not one."""
        text = text.strip()
        if not text.startswith(_PRIVATE):
            raise TamperedError("this is not the private key of an audit log")
        name, stated, seed = _key_parts(text.removeprefix(_PRIVATE))
        signer = cls(name, seed)
        if _key_id(name, signer.verifier.public_key) != stated:
            raise TamperedError("the private key of the audit log does not fit its own id")
        return signer

    @property
    def secret_text(self) -> str:
        """The private key as text, for the vault."""
        key_id = _key_id(self.name, self.verifier.public_key).hex()
        return f"{_PRIVATE}{self.name}+{key_id}+{_encode(_ALGORITHM + self.seed)}"

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return Verifier(self.name, public.public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """The signed note. Only `CheckpointFolder.issue` may be asked for one that counts."""
        text = checkpoint.text
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        key_id = _key_id(self.name, self.verifier.public_key)
        return f"{text}\n— {self.name} {_encode(key_id + signature)}\n".encode()

    def vouch(self, domain: bytes, content: bytes) -> bytes:
        """A signature (64 bytes) over something that is no checkpoint. ``domain`` says what, and ends with a digit."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(_vouched(domain, content))


class CheckpointFolder:
    """The checkpoints of one log as files, one per size, never overwritten.

    The folder belongs on other storage than the database, best one that the hub can only add to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def notes(self) -> list[bytes]:
        """All signed notes, smallest log first."""
        return [path.read_bytes() for path in sorted(self.path.glob("checkpoint-*.txt"))]

    def newest(self, keys: Sequence[Verifier]) -> Checkpoint | None:
        """The checkpoint of the largest log; None before the first. Raises `TamperedError` as `Verifier.open` does."""
        last = max(self.path.glob("checkpoint-*.txt"), default=None)
        return None if last is None else open_note(last.read_bytes(), keys)

    def moments(self, keys: Sequence[Verifier]) -> Iterator[datetime]:
        """When each was signed, those set aside included; what none of these keys has signed is passed over."""
        for path in self.path.rglob("checkpoint-*.txt"):
            try:
                yield open_note(path.read_bytes(), keys).at
            except TamperedError:
                continue

    def issue(
        self, signer: Signer, leaves: Iterable[bytes], at: datetime, *, former: Sequence[Verifier] = ()
    ) -> Checkpoint:
        """Sign the log with these leaf hashes (all of them, in order), if every earlier checkpoint is a prefix of it.

        Raises `TamperedError` and signs nothing otherwise. A log that has not grown keeps the checkpoint it has.
        ``former`` are keys that signed before this one.
        """
        with self._locked():
            keys = (signer.verifier, *former)
            earlier = [open_note(note, keys) for note in self.notes()]
            frontier = _replay(leaves, earlier)
            if earlier and earlier[-1].size == frontier.size:
                return earlier[-1]
            checkpoint = Checkpoint(signer.name, frontier.size, frontier.root, at.astimezone(UTC))
            self._write(f"checkpoint-{frontier.size:020}.txt", signer.sign(checkpoint))
            return checkpoint

    def up_to(self, size: int, keys: Sequence[Verifier]) -> tuple[list[bytes], list[Checkpoint]]:
        """The signed notes of a log of that size or less, and the checkpoints of a larger one, smallest first.

        Raises `TamperedError` as `Verifier.open` does.
        """
        found = [(note, open_note(note, keys)) for note in self.notes()]
        fitting = [note for note, checkpoint in found if checkpoint.size <= size]
        return fitting, [checkpoint for _, checkpoint in found if checkpoint.size > size]

    def set_aside(self, size: int, keys: Sequence[Verifier], at: datetime) -> list[Checkpoint]:
        """Move the checkpoints of a larger log into a folder of their own, named by the moment; which, smallest first.

        Only after a restore: the folder then goes on from the log that was restored.
        """
        with self._locked():
            found = [(path, open_note(path.read_bytes(), keys)) for path in sorted(self.path.glob("checkpoint-*.txt"))]
            larger = [(path, checkpoint) for path, checkpoint in found if checkpoint.size > size]
            if larger:
                apart = self.path / f"set-aside-{at.astimezone(UTC):%Y%m%dT%H%M%S%f}"
                apart.mkdir()
                for path, _ in larger:
                    path.rename(apart / path.name)
        return [checkpoint for _, checkpoint in larger]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One issuer at a time, across processes: two at once could each sign a different future."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, name: str, note: bytes) -> None:
        """Appear whole or not at all, and survive a power cut once this returns."""
        descriptor, temporary = tempfile.mkstemp(dir=self.path, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(note)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
            Path(temporary).rename(self.path / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _replay(leaves: Iterable[bytes], earlier: Sequence[Checkpoint]) -> Frontier:
    """The frontier over all leaves, having met the root of every earlier checkpoint at its size."""
    expected = {checkpoint.size: checkpoint.root for checkpoint in earlier}
    frontier = Frontier()
    rest = iter(leaves)
    for size in sorted(expected):
        frontier = frontier.extend(islice(rest, size - frontier.size))
        if frontier.size != size or frontier.root != expected[size]:
            raise TamperedError(
                f"the audit log no longer matches its own checkpoint of size {size}; nothing was signed",
                code="inconsistent",
                remedy="stop, keep the database and the checkpoint files as they are, and run: baton audit verify",
            )
    return frontier.extend(rest)


def _vouched(domain: bytes, content: bytes) -> bytes:
    """Neither a checkpoint (text) nor something of another domain: both parts carry their length."""
    return b"\x00baton" + len(domain).to_bytes(2, "big") + domain + len(content).to_bytes(8, "big") + content


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise TamperedError(f"{what} is not base64", code="malformed") from None
    if _encode(data) != text:
        raise TamperedError(f"{what} is not canonical base64", code="malformed")
    return data


def _key_id(name: str, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ALGORITHM + public_key).digest()[:4]


def _key_parts(text: str) -> tuple[str, bytes, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]) or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
        raise TamperedError("this is not a key of an audit log", code="malformed")
    data = _decode(parts[2], "the key")
    if len(data) != 33 or data[:1] != _ALGORITHM:
        raise TamperedError("this is not an Ed25519 key of an audit log", code="malformed")
    return parts[0], bytes.fromhex(parts[1]), data[1:]


def _parse_key(text: str) -> tuple[str, bytes]:
    name, stated, key = _key_parts(text)
    if _key_id(name, key) != stated:
        raise TamperedError("the public key does not fit its own id", code="malformed")
    return name, key


def _split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The signed text and the signature lines as (name, key id || signature)."""
    if len(note) > LARGEST_NOTE_BYTES:
        raise TamperedError("the checkpoint is too long", code="malformed")
    try:
        text, separator, tail = note.decode().rpartition("\n\n")
    except UnicodeDecodeError:
        raise TamperedError("the checkpoint is not UTF-8", code="malformed") from None
    if not separator or not tail.endswith("\n"):
        raise TamperedError("the checkpoint has no signature block", code="malformed")
    signatures = []
    for line in tail[:-1].split("\n"):
        match = _SIGNATURE.fullmatch(line)
        value = _decode(match[2], "a signature") if match else b""
        if match is None or len(value) < 5:
            raise TamperedError("a signature line of the checkpoint is malformed", code="malformed")
        signatures.append((match[1], value))
    return text + "\n", signatures


def _parse_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 5 or lines[4]:
        raise TamperedError("the checkpoint does not have its four lines", code="malformed")
    origin, size, root, extra = lines[:4]
    at = _AT.fullmatch(extra)
    digest = _decode(root, "the root")
    if not _NAME.fullmatch(origin) or not _SIZE.fullmatch(size) or len(digest) != HASH_BYTES or at is None:
        raise TamperedError("a line of the checkpoint is malformed", code="malformed")
    try:
        signed_at = datetime.strptime(at[1], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise TamperedError("the stamp of the checkpoint is not a date", code="malformed") from None
    return Checkpoint(origin, int(size), digest, signed_at)
