"""Merkle trees in the shape of RFC 9162 §2.1.

``leaf = SHA-256(0x00 || body)``, ``node = SHA-256(0x01 || left || right)``.

All functions but `leaf_hash` work on leaf hashes. The provers (`inclusion_proof`, `consistency_proof`) follow the
recursive definition of the RFC; the verifiers (`inclusion_holds`, `consistency_holds`) follow its bit-walking
algorithms and share nothing with the provers but `node_hash`, so that one mistake cannot hide in both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from baton.errors import TamperedError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""
_SIZE_BYTES = 8


def leaf_hash(body: bytes) -> bytes:
    """The hash of one leaf. The 0x00 prefix keeps a node from ever passing as a leaf."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that a log must remember to grow: its size and the roots of its perfect subtrees, largest first.

    A tree of ``size`` leaves is one perfect subtree per set bit of ``size``, so this is at most 64 hashes, appending
    costs O(log size), and the root needs no old leaf.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Frontier:
        """The frontier after one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier after more leaf hashes."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            carry = leaf
            merges = size
            while merges & 1:  # every trailing set bit of the old size is a peak as high as the carry
                carry = node_hash(peaks.pop(), carry)
                merges >>= 1
            peaks.append(carry)
            size += 1
        return Frontier(size, tuple(peaks))

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """8 bytes size (big-endian), then the peaks, 32 bytes each, largest first."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """The inverse of `to_bytes`; raises `TamperedError` for anything else."""
        size = int.from_bytes(data[:_SIZE_BYTES], "big")
        if len(data) != _SIZE_BYTES + HASH_BYTES * size.bit_count():
            raise TamperedError("the frontier of the audit log does not have the length its size asks for")
        starts = range(_SIZE_BYTES, len(data), HASH_BYTES)
        return cls(size, tuple(data[start : start + HASH_BYTES] for start in starts))


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, level by level; a node without a right sibling moves up unchanged."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        above = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def _split(size: int) -> int:
    """The largest power of two smaller than ``size`` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf ``index`` in the tree over ``leaves``, lowest sibling first (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise ValueError("no such leaf")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(leaves[:k], index), root_of(leaves[k:])]
    return [*inclusion_proof(leaves[k:], index - k), root_of(leaves[:k])]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """The proof that the tree over the first ``first`` leaves is a prefix of the whole one (RFC 9162 §2.1.4.1)."""
    if not 0 < first <= len(leaves):
        raise ValueError("the older tree must have at least one leaf and no more than the newer")
    return _subproof(leaves, first, [])


def _subproof(leaves: Sequence[bytes], first: int, own_root: list[bytes]) -> list[bytes]:
    """``own_root`` is what stands for a subtree the older tree had complete: nothing while that is the older root."""
    if first == len(leaves):
        return own_root and [root_of(leaves)]
    k = _split(len(leaves))
    if first <= k:
        return [*_subproof(leaves[:k], first, own_root), root_of(leaves[k:])]
    return [*_subproof(leaves[k:], first - k, [b"needed"]), root_of(leaves[:k])]


def inclusion_holds(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows that ``leaf`` is leaf ``index`` of the tree of ``size`` with ``root`` (§2.1.3.2)."""
    if not 0 <= index < size or any(len(node) != HASH_BYTES for node in (leaf, root, *proof)):
        return False
    fn, sn = index, size - 1
    computed = leaf
    for node in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            computed = node_hash(node, computed)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            computed = node_hash(computed, node)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and computed == root


def consistency_holds(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Whether ``proof`` shows that the tree of ``first`` leaves is a prefix of that of ``second`` (§2.1.4.2)."""
    if not 0 < first <= second or any(len(node) != HASH_BYTES for node in (first_root, second_root, *proof)):
        return False
    if first == second:
        return not proof and first_root == second_root
    path = [first_root, *proof] if first.bit_count() == 1 else list(proof)
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for node in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(node, old), node_hash(node, new)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, node)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == first_root and new == second_root
