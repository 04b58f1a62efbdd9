"""What people are told about an alarm, in Chinese and English: the rule, the figure, since when, where to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from baton.hub.vitals.words import Phrases, words_in
from baton.jobs.alarms import News, Telling
from baton.model.measures import MEASURES

_LANGUAGES: Final = ("zh", "en")
_MINUTE: Final = 60
_UNITS: Final[Mapping[str, int]] = {"d": 86400, "h": 3600, "min": 60}


@dataclass(frozen=True, slots=True)
class Text:
    """One message."""

    subject: str
    body: str
    link: str = ""


def message(telling: Telling, now: datetime, address: str) -> Text:
    """The message. ``address`` is where the hub's pages are; empty when the hub has none."""
    subjects, lines = [], []
    for language in _LANGUAGES:
        words = words_in(language)
        subject = _subject(words, telling)
        subjects.append(subject)
        lines += [subject, _body(words, telling, now), ""]
    lines.append(f"baton alarms acknowledge {telling.alarm.key} --as … --why …")
    link = f"{address.rstrip('/')}/health" if address else ""
    return Text(" · ".join(subjects), "\n".join(lines), link)


def _subject(words: Phrases, telling: Telling) -> str:
    alarm = telling.alarm
    about = f" {alarm.subject}" if alarm.subject else ""
    news = words(f"news.{telling.news}")
    return f"[{words(f'severity.{alarm.severity}')}] {news}: {alarm.rule}{about}"


def _body(words: Phrases, telling: Telling, now: datetime) -> str:
    alarm, rule = telling.alarm, telling.rule
    return words(
        "message.over" if telling.news is News.OVER else "message.body",
        what=words(f"measure.{rule.measure}"),
        value=figure(words, rule.measure, alarm.value),
        limit=figure(words, rule.measure, rule.limit),
        since=f"{alarm.since:%Y-%m-%d %H:%M} UTC",
        lasting=lasting(words, (now - alarm.since).total_seconds()),
    )


def figure(words: Phrases, measure: str, value: float) -> str:
    """A figure for people: seconds as days, hours and minutes, counts as whole numbers."""
    return lasting(words, value) if MEASURES[measure].name.endswith("_s") else f"{value:,.0f}"


def lasting(words: Phrases, seconds: float) -> str:
    """``2 d 3 h``, as this language says it: the two largest units that are not nothing; below a minute in seconds."""
    if seconds < _MINUTE:
        return words("unit.s", n=f"{seconds:.0f}")
    left, parts = int(seconds), []
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(words(f"unit.{unit}", n=count))
    return " ".join(parts[:2])
