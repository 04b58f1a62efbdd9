"""The auditor's own verifier of the audit log: an export, the public keys, checkpoints they have kept.

``python3 audit_verify.py EXPORT AUDIT_PUB CHECKPOINT...`` prints ``ok`` and ends with 0, or what is wrong and 1; 2
where the call itself is wrong. It knows the documented formats, needs ``cryptography`` and nothing of the hub, and may
be copied anywhere. A tree is built here as RFC 9162 defines it, by halves, and not the way the hub builds it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LONGEST_LINE = 256 * 1024


class NotProvenError(Exception):
    """Something does not hold."""


class Tree:
    """The hashes of a log's entries, and the root over any of its beginnings."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves
        self._perfect: dict[tuple[int, int], bytes] = {}

    def root(self, size: int) -> bytes:
        """The root of the first ``size`` entries."""
        return hashlib.sha256(b"").digest() if size == 0 else self._over(0, size)

    def _over(self, start: int, count: int) -> bytes:
        if count == 1:
            return self.leaves[start]
        whole = count & (count - 1) == 0
        if whole and (start, count) in self._perfect:
            return self._perfect[start, count]
        half = 1 << ((count - 1).bit_length() - 1)
        found = hashlib.sha256(b"\x01" + self._over(start, half) + self._over(start + half, count - half)).digest()
        if whole:
            self._perfect[start, count] = found
        return found


def leaves_of(export: bytes) -> list[bytes]:
    """The hash of every entry; `NotProvenError` for one that is out of place, malformed or not what its line says."""
    leaves = []
    for number, line in enumerate(export.split(b"\n")[:-1] if export.endswith(b"\n") else [*export.split(b"\n")]):
        try:
            said = json.loads(line.decode("utf-8"))
            entry, stated = said["entry"], said["leaf"]
            text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
        except (ValueError, KeyError, TypeError, RecursionError):
            raise NotProvenError(f"line {number + 1} cannot be read") from None
        if len(line) > LONGEST_LINE or line != b'{"entry":' + text + b',"leaf":"' + str(stated).encode() + b'"}':
            raise NotProvenError(f"line {number + 1} is not spelt as a log spells its lines")
        if not isinstance(entry, dict) or type(entry.get("seq")) is not int or entry["seq"] != number:
            raise NotProvenError(f"line {number + 1} is not entry {number}")
        leaf = hashlib.sha256(b"\x00" + text).digest()
        if leaf.hex() != stated:
            raise NotProvenError(f"entry {number} was changed")
        leaves.append(leaf)
    return leaves


def key_for(note_name: str, note_key: str, at: datetime, keys: str) -> bytes:
    """The public key of that name and id in ``audit.pub``; `NotProvenError` when none, or it signed no more by then.

    The first line is the key in use; each of the others is followed by the moment when it was replaced.
    """
    for place, line in enumerate(keys.strip().split("\n")):
        key, _, replaced = line.strip().partition(" ")
        try:
            name, key_id, encoded = key.split("+", 2)
            public = base64.b64decode(encoded, validate=True)
            until = datetime.fromisoformat(replaced) if place else None
        except (ValueError, binascii.Error):
            raise NotProvenError("the file of public keys cannot be read") from None
        if (name, key_id) == (note_name, note_key):
            if until is not None and at > until:
                raise NotProvenError(
                    f"key {key_id} was replaced on {until:%Y-%m-%d}, before a checkpoint was signed with it"
                )
            return public[1:]
    raise NotProvenError("a checkpoint is not of this log and key")


def signed_of(note: bytes, keys: str) -> tuple[int, bytes]:
    """Size and root that a checkpoint signs, or `NotProvenError` when none of these keys has signed it."""
    try:
        text, _, signatures = note.decode("utf-8").rpartition("\n\n")
        origin, size, root, dated = text.split("\n")
        (signature,) = [line for line in signatures.split("\n") if line]
        dash, signer, value = signature.split(" ")
        raw, digest = base64.b64decode(value, validate=True), base64.b64decode(root, validate=True)
        entries, at = int(size), datetime.fromisoformat(dated.removeprefix("at "))
    except (ValueError, binascii.Error):
        raise NotProvenError("a checkpoint cannot be read") from None
    if (dash, signer) != ("—", origin) or not dated.startswith("at ") or at.tzinfo is None:
        raise NotProvenError("a checkpoint is not of this log and key")
    public = key_for(signer, raw[:4].hex(), at, keys)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], f"{text}\n".encode())
    except (InvalidSignature, ValueError):
        raise NotProvenError("the signature of a checkpoint does not hold") from None
    return entries, digest


def examine(export: bytes, keys: str, notes: Sequence[bytes]) -> int:
    """How many entries are proven; raises `NotProvenError`."""
    if not notes:
        raise NotProvenError("without a checkpoint nothing is proven")
    tree, proven = Tree(leaves_of(export)), 0
    for note in notes:
        size, root = signed_of(note, keys)
        if size > len(tree.leaves):
            raise NotProvenError(f"the log has {len(tree.leaves)} entries, {size} were signed")
        if tree.root(size) != root:
            raise NotProvenError(f"the first {size} entries are not those that were signed")
        proven = max(proven, size)
    return proven


def main(arguments: Sequence[str]) -> int:
    """The command."""
    if len(arguments) < 2:
        sys.stderr.write("usage: audit_verify.py EXPORT AUDIT_PUB CHECKPOINT...\n")
        return 2
    export, keys, *notes = map(Path, arguments)
    try:
        proven = examine(export.read_bytes(), keys.read_text("utf-8"), [note.read_bytes() for note in notes])
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 2
    except NotProvenError as wrong:
        sys.stdout.write(f"{wrong}\n")
        return 1
    sys.stdout.write(f"ok: {proven} entries proven\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
