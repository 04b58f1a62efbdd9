"""A company on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from baton.hub import Hub
from tests.rig.clock import VirtualClock
from tests.rig.company import Company
from tests.rig.targets import FakeTarget, KeyTarget

Start = Callable[..., tuple[Company, Hub]]


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Opens a company with one target (or the given ones); everything is closed after the test."""
    opened: list[Hub] = []

    def _start(targets: dict[str, type[FakeTarget]] | None = None, **more: object) -> tuple[Company, Hub]:
        company = Company(tmp_path, database_url, VirtualClock(), targets or {"crm": KeyTarget}, **more)
        opened.append(company.open())
        return company, opened[-1]

    yield _start
    for hub in opened:
        hub.close()
