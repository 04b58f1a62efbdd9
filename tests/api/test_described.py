"""A few requests of every kind to the JSON API; ``python -m tests.api`` makes very many, to the pages as well.

The same of what stands behind Airflow: `tests.airflow.test_described_console`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.campaign import tried
from tests.api.places import WITHOUT_AIRFLOW
from tests.rig.stores import url_of

EXAMPLES = 2


FEW = {"pay runs": "/api/", "personal links": "/api/cases/{case_id}/items"}
"""Place -> a piece of the paths that are tried here: making requests of a description takes its time."""


@pytest.mark.parametrize("place", WITHOUT_AIRFLOW)
def test_the_api_answers_as_it_describes_itself(place: str, tmp_path: Path) -> None:
    with WITHOUT_AIRFLOW[place](tmp_path, url_of(tmp_path)) as described:
        statuses = tried(described, EXAMPLES, seed=1, below=FEW[place])
    assert {"200", "404", "422"} <= set(statuses)
