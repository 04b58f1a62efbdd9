"""The health page in a real browser: it fits a phone, and an alarm is taken on and silenced on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.staticfiles import StaticFiles

from baton.console import pages
from baton.console.health.routes import Watcher, health_api, health_pages, let_in
from baton.hub import Hub
from tests.hub.vitals.conftest import Post, posts
from tests.rig.browser import SIZES, Watched
from tests.rig.handover_pages import served

pytestmark = pytest.mark.server
RULES = {"left_on": {"measure": "switches_count", "above": "0", "severity": "critical", "routes": ["ops"]}}


def application(hub: Hub) -> FastAPI:
    """The routes for one hub; whoever asks is olga, who may decide."""
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=pages.FOLDER / "static"))

    def enter(request: Request) -> None:
        let_in(request, Watcher(hub, "olga", decides=True))

    app.include_router(health_pages, dependencies=[Depends(enter)])
    app.include_router(health_api, dependencies=[Depends(enter)])
    return app


@contextmanager
def unwell(folder: Path) -> Iterator[tuple[Post, str]]:
    with posts(folder, f"sqlite:///{folder}/hub.sqlite3") as start:
        post = start(RULES)
        with post.hub.database.write() as connection:
            post.hub.runs.engage(connection, "action:remove", "ops", "a test")
        post.look()
        with served(application(post.hub)) as address:
            yield post, address


def test_an_alarm_is_taken_on_and_silenced_at_a_desk_and_the_page_fits_a_phone(browser: Any, tmp_path: Path) -> None:
    with unwell(tmp_path) as (post, address):
        for size, (width, height) in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
            context.set_default_timeout(10_000)
            watched = Watched(context.new_page(), address)
            for language in ("zh", "en", "ja", "ko"):
                watched.page.goto(f"{address}/health?lang={language}")
                watched.require_fit()
                low = watched.page.evaluate(
                    "[...document.querySelectorAll('header a, .filter a')].map((a) => a.getBoundingClientRect().height)"
                )
                assert set(low) == {44}, f"links of {language} are in two lines, or too small to press: {low}"
            for language in ("zh", "en", "ja", "ko"):
                file = tmp_path / f"month-{language}.html"
                file.write_text(httpx.get(f"{address}/health/month.html?month=2026-11&lang={language}").text, "utf-8")
                report = context.new_page()
                report.goto(file.as_uri())
                wide, window = report.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
                assert wide <= window, f"the report in {language} is {wide} px wide in {window} px"
                assert report.locator("main h1").count() == 1
            if size == "desktop":
                watched.page.goto(f"{address}/health?lang=en")
                decide(watched, "Take it on", "on it <b>now</b>")
                assert "taken on" in watched.page.locator("#alarms").inner_text()
                assert "on it <b>now</b>" in watched.page.locator("#alarms").inner_text()
                decide(watched, "Silence", "until noon")
                assert "silenced until" in watched.page.locator("#alarms").inner_text()
            context.close()
            assert watched.troubles == []
        with post.hub.database.read() as connection:
            (alarm,) = post.hub.alarms.current(connection)
    assert (alarm.state, alarm.person, alarm.why) == ("silenced", "olga", "until noon")


def decide(watched: Watched, verb: str, why: str) -> None:
    """Open a dialog, say why, send it, and wait for the page as it is afterwards."""
    watched.page.locator("#alarms").get_by_role("button", name=verb).click()
    dialog = watched.page.locator("dialog[open]")
    dialog.locator("textarea").fill(why)
    watched.follow(dialog.get_by_role("button", name=verb))
