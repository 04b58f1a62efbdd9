"""The monthly report as one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import jinja2

from baton.hub.vitals.messages import lasting
from baton.hub.vitals.words import words_in
from baton.languages import TAGS


def month_page(document: Mapping[str, Any], language: str) -> str:
    """The page in one of the four languages. ``document`` is `monthly.month_document`."""
    zone, words = ZoneInfo(document["zone"]), words_in(language)

    def day(text: str) -> str:
        return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d}"

    def day_before(text: str) -> str:
        return f"{datetime.fromisoformat(text).astimezone(zone) - timedelta(days=1):%Y-%m-%d}"

    return _TEMPLATES.get_template("month.html").render(
        t=words,
        tag=TAGS[language],
        doc=document,
        day=day,
        day_before=day_before,
        lasting=partial(lasting, words),
    )


_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
