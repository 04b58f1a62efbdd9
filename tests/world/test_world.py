"""A fixed seed of the one world, another replayed byte for byte, and planted mistakes. See `__main__` and `planted`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.world.campaign import simulate
from tests.world.planted import find

SHORT = 1


def test_all_four_jobs_on_one_store_break_no_invariant() -> None:
    figures = simulate(1, 8)
    assert figures.faults.total() > 1
    assert figures.counts["written to accounts"] > 20
    assert figures.counts["lines booked"] > 5


def test_a_seed_replays_byte_for_byte() -> None:
    traces = {simulate(2, SHORT).trace for _ in range(2)}
    assert len(traces) == 1


@pytest.mark.parametrize("mistake", ["answered before stored", "gate lets everything through"])
def test_a_planted_mistake_is_found_within_ten_seeds_and_its_seed_is_named(mistake: str) -> None:
    found = find(mistake, range(1, 10), 8)
    assert found is not None
    assert found.__notes__[0].startswith("replay: python -m tests.world --seed ")


def test_the_campaign_finds_a_planted_mistake_in_processes_of_its_own() -> None:
    """Its processes know nothing that stands in `__main__`: looking for mistakes there, the campaign hung."""
    asked = ["--seeds", "1", "--rounds", "1", "--mistake", "answered before stored", "--processes", "1"]
    command = [sys.executable, "-m", "tests.world", *asked]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240).stdout
    assert "1 seeds, " in said
    assert "planted mistake 'answered before stored': found; replay: python -m tests.world --seed " in said
