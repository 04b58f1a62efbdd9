"""A few requests of every kind to the console's API and to the address that vendors call; very many: `tests.api`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.stores import url_of

EXAMPLES = 1
FEW = {"the console": "/api/", "vendors' calls": "/hooks/"}
"""Place -> a piece of the paths that are tried here."""
SEEN = {"the console": {"200", "404", "409", "422"}, "vendors' calls": {"200", "400", "401", "404"}}
"""What has been answered at least once, or too little was tried."""


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Of every call that is refused there is a line."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("place", FEW)
def test_the_api_answers_as_it_describes_itself(airflow_home: Path, tmp_path: Path, place: str) -> None:
    from tests.api.campaign import tried
    from tests.api.places import BEHIND_AIRFLOW

    with BEHIND_AIRFLOW[place](tmp_path, url_of(tmp_path)) as described:
        statuses = tried(described, EXAMPLES if place == "the console" else 30, seed=1, below=FEW[place])
    assert SEEN[place] <= set(statuses)
