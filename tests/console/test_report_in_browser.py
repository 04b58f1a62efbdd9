"""The report of a migration as its reader has it: a file, opened without a network, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from baton.hub.migration.report import LANGUAGES, plain, render_page
from tests.rig.browser import SIZES, Watched, chromium
from tests.rig.migrated import ROWS, documents
from tests.servers.unprivileged import NoServerError

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        running = chromium()
        started = running.__enter__()
    except NoServerError as error:
        pytest.skip(f"SERVER NOT AVAILABLE: Chromium: {error}")
    yield started
    running.__exit__(None, None, None)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = plain(documents(tmp_path_factory.mktemp("migrated"))["spoiled"])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
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
    rows = document["stages"]
    assert rows["source"]["rows"] == ROWS
    for stage in ("source", "result"):
        assert f"{rows[stage]['rows']:,}" in text or str(rows[stage]["rows"]) in text
    assert watched.asked == [file.as_uri()]
    assert watched.troubles == []
    context.close()
