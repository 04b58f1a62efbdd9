"""Runs and migrations in a real browser, without Airflow: every language fits a phone, and a refusal is said in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from baton.console import pages, reading
from baton.console.words import WORDS, words_in
from baton.console.words.refusals import REFUSALS, refusal_text
from baton.errors import ApprovalError
from baton.hub import Hub
from baton.languages import LANGUAGES, TAGS, Language
from tests.rig.browser import SIZES, Watched
from tests.rig.handover_pages import served

pytestmark = pytest.mark.server
REASONS = ["31 people would lose access in crm within 24 hours; the limit is 30 of 1000"]
MIGRATION: dict[str, Any] = {
    "source": "old/staff",
    "target": "crm/staff",
    "mapping": "mappings/migrations/staff.yaml",
    "undoes": "",
    "waves": [10, 90],
    "retain_until": "2026-12-01T00:00:00+00:00",
    "purged_at": None,
    "undone_by": None,
    "stages": {"source": 100, "quarantined": 1, "planned": 99, "expected": 98, "result": 98},
    "unequal_totals": ["#", "MobilePhone"],
    "rules": {"phone_cn": 1},
    "columns": {"MobilePhone": {"compared": 98, "alike": 97, "different": 1}},
    "causes": {"leading_zeros": 1},
    "differences": [{"row": 7, "column": "MobilePhone", "cause": "leading_zeros"}],
    "refusals": [{"row": 9, "outcome": "not_performed", "code": "quota", "message": "too many", "remedy": "wait"}],
    "listed": {"differences": 1, "refusals": 1},
}


def application(hub: Hub) -> FastAPI:
    """The pages of one hub's runs, the newest of them held; whoever decides is its maker."""
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=pages.FOLDER / "static"))
    overview = reading.overview(hub)
    run_id = overview["runs"][0]["id"]
    detail = reading.run_detail(hub, run_id)
    detail["run"] |= {"held": True, "state": "held", "verdict": "held", "reasons": REASONS}
    shown = {**detail, "state": "", "refusal": ""}

    def page(request: Request, name: str, **values: Any) -> Response:
        return HTMLResponse(pages.render(name, request, **values))

    @app.get("/")
    def runs(request: Request) -> Response:
        return page(request, "overview", **{**overview, "waiting_hints": 12, "in_doubt": detail["effects"][:3]})

    @app.get(f"/runs/{run_id}")
    def run(request: Request) -> Response:
        return page(request, "run", **shown)

    @app.get("/migration")
    def migration(request: Request) -> Response:
        of_records = {**shown, "run": {**detail["run"], "job": "migration"}}
        return page(request, "migration", **of_records, migration=MIGRATION, may_download=True)

    @app.post(f"/api/runs/{run_id}/release")
    def release(request: Request) -> Response:
        error = ApprovalError("in English", code="maker")
        told = {"detail": str(error), "code": error.code, "remedy": refusal_text(error, pages.spoken(request))}
        return JSONResponse(told, 403)

    return app


@pytest.mark.parametrize("size", SIZES)
def test_runs_and_migrations_fit_in_every_language(browser: Any, build: Any, size: str) -> None:
    width, height = SIZES[size]
    with served(application(build().hub)) as address:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="fr-FR")
        context.set_default_timeout(10_000)
        watched = Watched(context.new_page(), address)
        for language in LANGUAGES:
            for place in ("/", "/migration"):
                watched.page.goto(f"{address}{place}?lang={language}")
                watched.require_fit()
                assert watched.page.locator("html").get_attribute("lang") == TAGS[language]
                totals = watched.page.locator("main > .reason").all_text_contents()
                assert [
                    text for text in totals if not text.endswith(f": {words_in(language)('rows')}, MobilePhone")
                ] == []
                assert len(totals) == (place == "/migration")
                low = watched.page.evaluate(
                    "[...document.querySelectorAll('header a, .filter a')].map((a) => a.getBoundingClientRect().height)"
                )
                assert set(low) == {44}, f"links of {language} are in two lines, or too small to press: {low}"
        context.close()
        assert watched.troubles == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_is_shown_in_the_language_of_the_page(browser: Any, build: Any, language: Language) -> None:
    """Whatever the browser itself prefers."""
    width, height = SIZES["phone"]
    with served(application(build().hub)) as address:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="fr-FR")
        context.set_default_timeout(10_000)
        watched = Watched(context.new_page(), address)
        watched.page.goto(f"{address}/?lang=en")
        watched.follow(watched.page.locator(".languages").get_by_role("link", name=LANGUAGES[language], exact=True))
        watched.follow(watched.page.locator("tbody a").first)
        words = words_in(language)
        assert watched.page.locator("html").get_attribute("lang") == TAGS[language]
        watched.page.get_by_role("button", name=f"{words('Release')}…").click()
        watched.require_fit()
        dialog = watched.page.locator("dialog[open]")
        dialog.locator("textarea").fill("x")
        dialog.locator("button.primary").click()
        dialog.get_by_role("alert").wait_for()
        assert dialog.get_by_role("alert").text_content() == words(REFUSALS["maker"])
        watched.require_fit()
        context.close()
        # The browser itself notes an answer of 403.
        assert [each for each in watched.troubles if "403" not in each] == []


def test_the_words_of_the_pages_are_drawn(browser: Any, tmp_path: Path) -> None:
    """No letter of any language falls back to the box that stands for a missing one."""
    missing = """(text) => {
      const draw = (letter) => {
        const board = document.createElement("canvas");
        board.width = board.height = 24;
        const pen = board.getContext("2d");
        pen.font = `16px ${getComputedStyle(document.body).fontFamily}`;
        pen.fillText(letter, 2, 18);
        return board.toDataURL();
      };
      const box = draw("\\u{10ffff}");
      return [...new Set(text)].filter((letter) => letter.trim() && draw(letter) === box);
    }"""
    style = (pages.FOLDER / "static" / "console.css").read_text("utf-8")
    context = browser.new_context()
    for language in LANGUAGES:
        file = tmp_path / f"{language}.html"
        file.write_text(f'<html lang="{TAGS[language]}"><style>{style}</style><body></body></html>', "utf-8")
        page = context.new_page()
        page.goto(file.as_uri())
        assert page.evaluate(missing, "".join(WORDS[language].values())) == [], language
    context.close()
