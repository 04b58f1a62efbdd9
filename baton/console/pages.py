"""Turning what was read into pages: templates that escape everything, headers that let in nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import jinja2
from fastapi import Request

from baton.console.words import language_of, words_in
from baton.kept_reasons import in_language
from baton.languages import LANGUAGES, TAGS, Language

Words: TypeAlias = Callable[[Language], Callable[..., str]]
FOLDER: Final = Path(__file__).parent
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def spoken(request: Request) -> Language:
    """The reader's language."""
    return language_of(request.query_params.get("lang"), request.headers.get("accept-language"))


def render(name: str, request: Request, words: Words = words_in, **values: Any) -> str:
    """One page, in the reader's language.

    ``words`` gives, for a language, what turns a text's key into the text. Templates see as ``root`` the path under
    which the console is mounted, without a slash at its end, and as ``query`` what was asked of the page.
    """
    language = spoken(request)
    place = {"root": request.scope.get("root_path", ""), "query": dict(request.query_params)}
    return _TEMPLATES.get_template(f"{name}.html").render(t=words(language), lang=language, **place, **values)


def _instant(text: str | None) -> str:
    return "" if not text else f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"


_TEMPLATES.globals["languages"] = LANGUAGES
_TEMPLATES.globals["tags"] = TAGS
_TEMPLATES.filters["instant"] = _instant
_TEMPLATES.filters["kept"] = in_language
