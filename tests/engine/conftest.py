"""A store of its own for every test of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.desk import Desk, desk_on


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_on(f"sqlite:///{tmp_path}/hub.sqlite3") as opened:
        yield opened
