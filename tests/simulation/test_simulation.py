"""A few fixed seeds of every class, replayed byte for byte; and planted mistakes, each found. See `__main__`."""

import contextlib

import pytest

from tests.simulation.campaign import KINDS, simulate
from tests.simulation.invariants import BrokenInvariantError
from tests.simulation.planted import PLANTED

PEOPLE = 60
DELIVERIES = 300


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_repeated_or_stale(kind: str, seed: int) -> None:
    figures = simulate(seed, kind, DELIVERIES, PEOPLE)
    assert figures.counts["applied"] >= DELIVERIES
    assert figures.faults.total() > 5
    assert figures.crashes.total() > 1


def test_a_seed_replays_byte_for_byte() -> None:
    traces = {simulate(3, "B", 150, PEOPLE).trace for _ in range(2)}
    assert len(traces) == 1
    assert traces != {simulate(4, "B", 150, PEOPLE).trace}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found_within_ten_seeds(mistake: str) -> None:
    plant, kind = PLANTED[mistake]
    for seed in range(1, 10):
        with plant(), contextlib.suppress(BrokenInvariantError):
            simulate(seed, kind, DELIVERIES, PEOPLE)
            continue
        return
    pytest.fail(f"{mistake}: nine seeds did not find it")


def test_a_failure_names_its_seed() -> None:
    plant, kind = PLANTED["marked before sending"]
    with plant(), pytest.raises(BrokenInvariantError) as caught:
        for seed in range(1, 10):
            simulate(seed, kind, DELIVERIES, PEOPLE)
    assert any(note.startswith("replay: python -m tests.simulation --seed") for note in caught.value.__notes__)
