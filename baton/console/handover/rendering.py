"""From plain values to pages: every text escaped, every date in the leaver's days, every address with the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2

from baton.console import pages
from baton.console.handover.visitors import DECISIONS
from baton.console.handover.words import words_in
from baton.languages import LANGUAGES

HEADERS: Final[Mapping[str, str]] = {
    **pages.HEADERS,
    "Content-Security-Policy": pages.HEADERS["Content-Security-Policy"].replace(
        "form-action 'none'", "form-action 'self'"
    ),
}
_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(pages.FOLDER / "templates" / "handover"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(name: str, language: str, *, root: str, asked: str, query: Mapping[str, str], **values: Any) -> str:
    """One page. ``asked`` is the language the address asks for, if any; ``query`` what else it says."""
    zone = values.get("case", {}).get("time_zone") or "UTC"
    return _TEMPLATES.get_template(f"{name}.html").render(
        t=words_in(language),
        lang=language,
        asked=asked,
        languages=LANGUAGES,
        root=root,
        query=dict(query),
        decisive=[act.value for act in DECISIONS],
        here=_query(""),
        to=_query(asked),
        at=_at(zone),
        **values,
    )


def _query(asked: str) -> Callable[..., str]:
    """Gives the end of an address: a question mark and what is known of these values and the language, or nothing."""

    def end(**values: Any) -> str:
        known = {name: value for name, value in {"lang": asked, **values}.items() if value not in ("", None)}
        return f"?{urlencode(known)}" if known else ""

    return end


def _at(zone: str) -> Callable[[str | None], str]:
    """Gives an instant as the leaver's clock shows it, to the minute."""

    def local(text: str | None) -> str:
        return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if text else ""

    return local
