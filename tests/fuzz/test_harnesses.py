"""The harnesses themselves, without a fuzzer: their seeds are taken, and a few hundred damaged ones are refused well."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.harnesses import HARNESSES
from tests.fuzz.instrumented import MODULES


@pytest.mark.parametrize("name", HARNESSES)
def test_damaged_seeds_are_refused_as_the_family_refuses(name: str) -> None:
    harness = HARNESSES[name]
    chance = random.Random(name)
    seeds = list(harness.seeds())
    assert len(seeds) > 1
    for seed in seeds:
        harness.feed(seed)
    for _ in range(100):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(1, len(data))
            data[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(4))
        harness.feed(bytes(data))


def test_every_harness_is_instrumented() -> None:
    assert set(MODULES) == set(HARNESSES)
