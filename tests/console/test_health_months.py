"""The months whose report the health page offers: those of the hub's own time zone, as in the report itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.console.test_health_browser import RULES, application
from tests.hub.vitals.conftest import posts
from tests.rig.handover_pages import served


@pytest.mark.parametrize(
    ("now", "newest"),
    [("2026-12-31T15:59:00", "2026-12"), ("2026-12-31T16:00:00", "2027-01"), ("2027-01-01T01:00:00", "2027-01")],
)
def test_a_month_is_offered_as_soon_as_it_has_begun_here(tmp_path: Path, now: str, newest: str) -> None:
    with posts(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3") as start:
        post = start(RULES)
        assert post.hub.settings.hub.time_zone == "Asia/Shanghai"
        post.company.clock.advance(datetime.fromisoformat(now).replace(tzinfo=UTC) - post.hub.clock.now())
        with served(application(post.hub)) as address:
            page = httpx.get(f"{address}/health?lang=en").text
    offered = re.findall(r"month=(\d{4}-\d\d)", page)
    assert offered[0] == newest
    assert len(set(offered)) == 6
