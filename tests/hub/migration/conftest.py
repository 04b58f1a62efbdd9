"""Two systems of records and a hub between them, on each database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.records import Archive


@pytest.fixture
def archive(database_url: str, tmp_path: Path) -> Archive:
    return Archive(tmp_path, database_url)


@pytest.fixture
def small(tmp_path: Path) -> Archive:
    """On SQLite only: for what does not depend on the database."""
    return Archive(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3")
