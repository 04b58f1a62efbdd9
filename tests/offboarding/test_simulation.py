"""A few fixed seeds, replayed byte for byte; and planted mistakes that are soon found. At length:
``python -m tests.offboarding``.
"""

from __future__ import annotations

import pytest

from tests.offboarding.campaign import simulate
from tests.offboarding.planted import LONGER, PLANTED, find

ROUNDS = 15
SHORT = 3
STARTS = {
    "no expected owner": 5,
    "believed without looking": 3,
    "changed and sent": 3,
    "retracted and forgotten": 3,
    "any version accepted": 6,
}
"""Where so short a run meets it; the long campaign starts with the first seed each time."""


@pytest.mark.parametrize(("seed", "deaf_share"), [(1, 0.0), (2, 0.0), (3, 0.1)])
def test_no_client_is_lost_or_overwritten_and_every_case_ends(seed: int, deaf_share: float) -> None:
    figures = simulate(seed, ROUNDS, deaf_share)
    assert figures.ended.total() == 3
    assert figures.moves > 5
    assert figures.by_others > 5
    assert figures.faults.total() > 5
    assert figures.crashes.total() > 0


def test_a_seed_replays_byte_for_byte() -> None:
    traces = {simulate(4, SHORT).trace for _ in range(2)}
    assert len(traces) == 1
    assert traces != {simulate(5, SHORT).trace}


@pytest.mark.parametrize("mistake", [name for name in PLANTED if name != "wrong items taken back"])
def test_a_planted_mistake_is_found_within_ten_seeds_and_its_seed_is_named(mistake: str) -> None:
    found = find(mistake, range(STARTS.get(mistake, 1), 10), LONGER.get(mistake, ROUNDS))
    assert found is not None
    assert found.__notes__[0].startswith("replay: python -m tests.offboarding --only simulation --seed ")
