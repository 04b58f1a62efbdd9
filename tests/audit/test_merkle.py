"""The tree against the published vectors, against the RFC's own recursive definition, and against forgers."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_holds,
    consistency_proof,
    inclusion_holds,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from baton.errors import TamperedError

# The inputs and results that Certificate Transparency's reference implementations are tested with (RFC 6962 tree).
INPUTS = [
    bytes.fromhex(h)
    for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(body) for body in INPUTS]


def naive_root(bodies: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, word for word."""
    n = len(bodies)
    if n == 0:
        return hashlib.sha256(b"").digest()
    if n == 1:
        return hashlib.sha256(b"\x00" + bodies[0]).digest()
    k = 1
    while k * 2 < n:
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(bodies[:k]) + naive_root(bodies[k:])).digest()


def test_empty_root_is_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of([]) == EMPTY_ROOT == Frontier().root


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]
    assert Frontier().extend(LEAVES[:size]).root.hex() == ROOTS[size - 1]


def test_published_proofs() -> None:
    assert [node.hex() for node in inclusion_proof(LEAVES, 5)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [node.hex() for node in consistency_proof(LEAVES, 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(st.lists(st.binary(max_size=6), max_size=70))
def test_roots_agree_with_the_definition(bodies: list[bytes]) -> None:
    leaves = [leaf_hash(body) for body in bodies]
    expected = naive_root(bodies)
    assert root_of(leaves) == expected
    frontier = Frontier()
    for leaf in leaves:
        frontier = Frontier.from_bytes(frontier.append(leaf).to_bytes())
    assert frontier.root == expected
    assert len(frontier.peaks) == len(leaves).bit_count()


def test_every_proof_up_to_33_leaves_holds_and_only_for_its_own_claim() -> None:
    leaves = [leaf_hash(bytes([i])) for i in range(33)]
    checked = 0
    for size in range(1, 34):
        tree, root = leaves[:size], root_of(leaves[:size])
        for index in range(size):
            proof = inclusion_proof(tree, index)
            assert inclusion_holds(leaves[index], index, size, proof, root)
            assert not inclusion_holds(leaves[index], index + 1, size, proof, root)
            assert not inclusion_holds(leaves[index], index, size, [*proof, root], root)
            checked += 1
        for first in range(1, size + 1):
            proof = consistency_proof(tree, first)
            assert consistency_holds(first, size, proof, root_of(leaves[:first]), root)
            assert first == 1 or not consistency_holds(first - 1, size, proof, root_of(leaves[: first - 1]), root)
            checked += 1
    assert checked == 2 * sum(range(34))


def forgeries() -> list[tuple[str, bool]]:
    """50 forged proofs, each with what the verifier said."""
    rng = random.Random(50)
    tried: list[tuple[str, bool]] = []
    while len(tried) < 50:
        size = rng.randrange(2, 60)
        leaves = [leaf_hash(rng.randbytes(8)) for _ in range(size)]
        index, first = rng.randrange(size), rng.randrange(1, size)
        root, old = root_of(leaves), root_of(leaves[:first])
        path, proof = inclusion_proof(leaves, index), consistency_proof(leaves, first)
        other = leaf_hash(b"forged")
        rewritten = [*leaves[: first - 1], other, *leaves[first:]]
        swapped = [*path[:-2], path[-1], path[-2]] if len(path) > 1 and path[-1] != path[-2] else [other, *path[1:]]
        tried += [
            ("another leaf", inclusion_holds(other, index, size, path, root)),
            ("another place", inclusion_holds(leaves[index], (index + 1) % size, size, path, root)),
            ("short path", inclusion_holds(leaves[index], index, size, path[:-1], root)),
            ("long path", inclusion_holds(leaves[index], index, size, [*path, other], root)),
            ("swapped path", inclusion_holds(leaves[index], index, size, swapped, root)),
            ("inner node as leaf", inclusion_holds(root, 0, 1, path[:1], root)),
            ("rewritten history", consistency_holds(first, size, consistency_proof(rewritten, first), old, root_of(rewritten))),
            ("short proof", consistency_holds(first, size, proof[:-1], old, root)),
            ("long proof", consistency_holds(first, size, [*proof, other], old, root)),
            ("empty old tree", consistency_holds(0, size, proof, EMPTY_ROOT, root)),
        ]  # fmt: skip
    return tried[:50]


def test_no_forged_proof_is_accepted() -> None:
    tried = forgeries()
    assert len(tried) == 50
    assert [name for name, accepted in tried if accepted] == []


def test_an_inner_node_cannot_pass_as_a_leaf() -> None:
    """Without the prefixes the second pre-image would be free: body = left || right."""
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != root_of(LEAVES[:2])


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 7, b"\0" * 9, (3).to_bytes(8, "big") + b"x" * 32, (1).to_bytes(8, "big") + b"x" * 33]
)
def test_a_damaged_frontier_is_refused(data: bytes) -> None:
    with pytest.raises(TamperedError):
        Frontier.from_bytes(data)
