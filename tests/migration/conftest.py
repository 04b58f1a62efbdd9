"""A folder in memory: these tests open hubs by the hundred, and no power fails here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.processes import scratch_folder


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder("migration") as folder:
        yield folder
