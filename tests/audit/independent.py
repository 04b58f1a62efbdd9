"""The auditor's own script: an export, a public key, old checkpoints; knows the documented formats and nothing else.

``python independent.py EXPORT AUDIT_PUB CHECKPOINT...`` prints ``ok`` and ends with 0, or what is wrong and 1. It
imports nothing of the hub. A tree is built here as RFC 9162 defines it, by halves, and not the way the hub builds it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LONGEST_LINE = 256 * 1024


class Wrong(Exception):
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
    """The hash of every entry, or `Wrong` for one that is out of place, malformed, or not what its line says it is."""
    leaves = []
    for number, line in enumerate(export.split(b"\n")[:-1] if export.endswith(b"\n") else [*export.split(b"\n")]):
        try:
            said = json.loads(line.decode("utf-8"))
            entry, stated = said["entry"], said["leaf"]
            text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Wrong(f"line {number + 1} cannot be read") from None
        if len(line) > LONGEST_LINE or line != b'{"entry":' + text + b',"leaf":"' + str(stated).encode() + b'"}':
            raise Wrong(f"line {number + 1} is not spelt as a log spells its lines")
        if not isinstance(entry, dict) or type(entry.get("seq")) is not int or entry["seq"] != number:
            raise Wrong(f"line {number + 1} is not entry {number}")
        leaf = hashlib.sha256(b"\x00" + text).digest()
        if leaf.hex() != stated:
            raise Wrong(f"entry {number} was changed")
        leaves.append(leaf)
    return leaves


def signed_of(note: bytes, key_text: str) -> tuple[int, bytes]:
    """Size and root that a checkpoint signs, or `Wrong` when this key has not signed it."""
    try:
        name, key_id, encoded = key_text.strip().split("+", 2)
        text, _, signatures = note.decode("utf-8").rpartition("\n\n")
        origin, size, root, at = text.split("\n")
        (signature,) = [line for line in signatures.split("\n") if line]
        dash, signer, value = signature.split(" ")
        raw, public = base64.b64decode(value, validate=True), base64.b64decode(encoded, validate=True)
        digest = base64.b64decode(root, validate=True)
    except (ValueError, binascii.Error):
        raise Wrong("a checkpoint cannot be read") from None
    if (dash, signer, origin, raw[:4].hex()) != ("—", name, name, key_id) or not at.startswith("at "):
        raise Wrong("a checkpoint is not of this log and key")
    try:
        Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], f"{text}\n".encode())
    except (InvalidSignature, ValueError):
        raise Wrong("the signature of a checkpoint does not hold") from None
    return int(size), digest


def examine(export: bytes, key_text: str, notes: Sequence[bytes]) -> int:
    """How many entries are proven; raises `Wrong`."""
    if not notes:
        raise Wrong("without a checkpoint nothing is proven")
    tree, proven = Tree(leaves_of(export)), 0
    for note in notes:
        size, root = signed_of(note, key_text)
        if size > len(tree.leaves):
            raise Wrong(f"the log has {len(tree.leaves)} entries, {size} were signed")
        if tree.root(size) != root:
            raise Wrong(f"the first {size} entries are not those that were signed")
        proven = max(proven, size)
    return proven


def main(arguments: Sequence[str]) -> int:
    """The command."""
    export, key, *notes = map(Path, arguments)
    try:
        first_key = key.read_text("utf-8").splitlines()[0]
        proven = examine(export.read_bytes(), first_key, [note.read_bytes() for note in notes])
    except Wrong as wrong:
        sys.stdout.write(f"{wrong}\n")
        return 1
    sys.stdout.write(f"ok: {proven} entries proven\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
