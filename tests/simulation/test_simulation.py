"""A few fixed seeds of every class, replayed byte for byte; and planted mistakes, each found. See `__main__`."""

from collections import Counter

import pytest

from tests.simulation.campaign import KINDS, simulate
from tests.simulation.invariants import BrokenInvariantError
from tests.simulation.planted import PLANTED, WEATHERS

PEOPLE = 60
DELIVERIES = 100
CLEAN_DELIVERIES = 250


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_repeated_or_stale(kind: str, seed: int) -> None:
    figures = simulate(seed, kind, CLEAN_DELIVERIES, PEOPLE)
    assert figures.counts["applied"] >= CLEAN_DELIVERIES
    assert figures.faults.total() >= 5
    assert figures.crashes.total() >= 1


def test_a_seed_replays_byte_for_byte() -> None:
    traces = {simulate(3, "A", 80, PEOPLE).trace for _ in range(2)}
    assert len(traces) == 1
    assert traces != {simulate(4, "A", 80, PEOPLE).trace}


@pytest.mark.parametrize("name", WEATHERS)
def test_the_weather_in_which_mistakes_are_met_breaks_nothing_by_itself(name: str) -> None:
    with WEATHERS[name]():
        faults = sum((simulate(seed, "A", DELIVERIES, PEOPLE).faults for seed in (1, 3)), Counter())
    assert faults.total() > 5


def _failure(mistake: str) -> BrokenInvariantError | None:
    """What the first seed says that finds it."""
    plant, kind = PLANTED[mistake]
    for seed in range(1, 10):
        try:
            with plant():
                simulate(seed, kind, DELIVERIES, PEOPLE)
        except BrokenInvariantError as error:
            return error
    return None


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found_within_ten_seeds_and_its_seed_is_named(mistake: str) -> None:
    error = _failure(mistake)
    assert error is not None
    assert error.__notes__[0].startswith("replay: python -m tests.simulation --seed ")
