"""The report of a migration as its reader has it: a file, opened without a network, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from baton.hub.migration.report import plain, render_page
from tests.rig.browser import SIZES, Watched
from tests.rig.migrated import documents

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = plain(documents(tmp_path_factory.mktemp("migrated"))["different"])
    return found


@pytest.mark.parametrize(
    ("language", "size"),
    [("en", "phone"), ("en", "desktop"), ("zh", "phone"), ("zh", "desktop"), ("ja", "phone"), ("ko", "phone")],
)
def test_a_report_opens_offline(
    browser: Any, document: dict[str, Any], tmp_path: Path, language: str, size: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_page(document, language), encoding="utf-8")
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    watched = Watched(context.new_page(), file.as_uri())
    watched.page.goto(file.as_uri())
    text = watched.page.locator("body").inner_text()
    rows = {stage: document["stages"][stage]["rows"] for stage in ("source", "expected", "result")}
    assert all(rows.values())
    assert [stage for stage, count in rows.items() if f"{count:,}" not in text] == []
    assert watched.asked == [file.as_uri()]
    watched.require_fit()
    assert watched.troubles == []
    context.close()
