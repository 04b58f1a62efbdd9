"""The report as one HTML page that needs nothing beside it: style and pictures are in the page, and no script is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from baton.hub.migration.report.pictures import Share, funnel
from baton.hub.migration.report.totals import shown_stages, total_lines
from baton.hub.migration.report.verdict import next_steps, standing
from baton.hub.migration.report.words import Words
from baton.languages import TAGS
from baton.records.masking import visible

SHOWN: Final = 100
"""So many lines each list has on the page; the workbook has more."""


def render_page(document: Mapping[str, Any], language: str) -> str:
    """The page in one of `baton.languages.LANGUAGES`. ``document`` is plain data as JSON has it."""
    words, counts = Words(language), Counter(document["counts"])
    columns, causes = document["columns"], document["causes"]
    form = {name for name, cause in causes.items() if cause["representation"]}
    return _TEMPLATES.get_template("report.html").render(
        t=words,
        tag=TAGS[language],
        doc=document,
        run=document["run"],
        route=document["route"],
        counts=counts,
        standing=standing(document),
        steps=next_steps(document),
        funnel=funnel(document),
        bars={name: Share(column["alike"], column["compared"]) for name, column in columns.items()},
        partly=counts["different"] > document["listed"]["records"],
        stages=shown_stages(document),
        lines=total_lines(document),
        real=[each for each in document["differences"] if each["cause"] not in form],
        form=[each for each in document["differences"] if each["cause"] in form],
        shown=SHOWN,
    )


def _seen(value: Any) -> Any:
    """Every value on its way into the page: nothing invisible, nothing that turns the direction of the text."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _number(value: float | str) -> str:
    """A number (or its text) with thousands separated; exact."""
    return f"{Decimal(str(value)):,f}"


def _instant(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC" if text else ""


def _day(text: str) -> str:
    """A day, or a moment to the minute."""
    return text if len(text) <= len("2026-11-22") else _instant(text).removesuffix(" UTC")


_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    finalize=_seen,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(number=_number, instant=_instant, day=_day)
