"""A few fixed seeds of the one world, replayed byte for byte, and planted mistakes. See `__main__` and `planted`."""

from __future__ import annotations

import pytest

from tests.world.campaign import simulate
from tests.world.planted import find

SHORT = 2


@pytest.mark.parametrize("seed", [1, 2])
def test_all_four_jobs_on_one_store_break_no_invariant(seed: int) -> None:
    figures = simulate(seed)
    assert figures.faults.total() > 1
    assert figures.counts["written to accounts"] > 20


def test_a_seed_replays_byte_for_byte() -> None:
    traces = {simulate(3, SHORT).trace for _ in range(2)}
    assert len(traces) == 1
    assert traces != {simulate(4, SHORT).trace}


@pytest.mark.parametrize("mistake", ["marked before sending", "answered before stored"])
def test_a_planted_mistake_is_found_within_ten_seeds_and_its_seed_is_named(mistake: str) -> None:
    found = find(mistake, range(1, 10), 8)
    assert found is not None
    assert found.__notes__[0].startswith("replay: python -m tests.world --seed ")
