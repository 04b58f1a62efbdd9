"""A real browser: Debian's Chromium, driven by Playwright; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers.unprivileged import NoServerError

NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"phone": (360, 640), "desktop": (1280, 800)}


def find_browser() -> str:
    """Where it is; `NoServerError` when this machine has none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise NoServerError("there is no Chromium here (as root: apt-get install chromium)")
    return found


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser without a window."""
    from playwright.sync_api import sync_playwright

    place = find_browser()
    # Chromium refuses its own sandbox to root; what it opens here are our own pages.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page of which everything is noted that ought not to happen."""

    page: Any
    home: str
    """What every address it asks for has to begin with."""
    troubles: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("requestfailed", self._on_failure)

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.type}: {message.text}")

    def _on_failure(self, request: Any) -> None:
        """What was still being fetched when the page was left has not failed."""
        if request.failure != "net::ERR_ABORTED":
            self.troubles.append(f"failed: {request.url} {request.failure}")

    def _on_request(self, request: Any) -> None:
        self.asked.append(request.url)
        if not request.url.startswith(self.home):
            self.troubles.append(f"request to {request.url}")

    def follow(self, element: Any) -> None:
        """Press what leads to another page, and stay until that page is there: a press alone does not wait for it."""
        with self.page.expect_navigation(wait_until="load"):
            element.click()

    def require_fit(self) -> None:
        """Nothing is wider than the window, and everything to press is large enough for a finger."""
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{self.page.url} is {wide} px wide in {window} px"
        small = self.page.evaluate(
            """[...document.querySelectorAll('button, a.button, summary, .filters a, .languages a, label.pick, select')]
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)
            .map((each) => `${each.tagName} ${each.textContent.trim()} ${each.getBoundingClientRect().height}`)"""
        )
        assert small == [], f"too small to press at {self.page.url}: {small}"

    def require_once(self) -> None:
        """A form that is pressed twice is sent once; after coming back by the browser's arrow it is sent again."""
        sent = self.page.evaluate(
            """() => {
              const form = document.querySelector('form[method="post"]');
              const press = () => form.dispatchEvent(new Event("submit", {cancelable: true}));
              const sent = [press(), press()];
              window.dispatchEvent(new Event("pageshow"));
              return [...sent, press()];
            }"""
        )
        assert sent == [True, False, True], self.page.url
        self.page.reload()
