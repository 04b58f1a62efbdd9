"""Every language says everything about the hub's health, with the same values in it; nothing is left over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from baton.console.pages import FOLDER
from baton.hub.vitals import month_page
from baton.hub.vitals.words import WORDS
from baton.jobs.alarms import News
from baton.languages import LANGUAGES
from baton.model.alarm import AlarmState, Severity
from baton.model.measures import MEASURES
from tests.rig.manners import blanks, unmannered_japanese, unmannered_korean

PAGES = [*(FOLDER / "templates" / "health").glob("*.html"), *(Path(month_page.__file__).parent / "templates").glob("*")]
ASKED = set(re.findall(r"\bt\([\"']([a-z_.0-9]+[a-z0-9_])[\"']", "\n".join(page.read_text("utf-8") for page in PAGES)))
COMPOSED = {
    f"{group}.{each}"
    for group, members in (("severity", Severity), ("state", AlarmState), ("news", News))
    for each in members
} | {f"measure.{name}" for name, measure in MEASURES.items() if measure.ruled}  # fmt: skip
TERMS = ("job.", "decision.", "message.", "unit.")
"""Groups of words of the hub's own, looked up where there is one, of messages, and of times."""


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_language_has_the_same_keys_and_values(language: str) -> None:
    assert set(WORDS[language]) == set(WORDS["en"])
    assert [key for key, text in WORDS[language].items() if blanks(text) != blanks(WORDS["en"][key])] == []


def test_what_is_asked_for_is_there_and_what_is_there_is_asked_for() -> None:
    known = {key for key in WORDS["en"] if not key.startswith(TERMS)}
    assert (ASKED | COMPOSED) - known == set()
    assert known - ASKED - COMPOSED == set()


def test_no_language_is_english_in_disguise() -> None:
    for language in set(LANGUAGES) - {"en"}:
        same = [key for key, text in WORDS[language].items() if text == WORDS["en"][key]]
        assert same == []


def test_japanese_and_korean_are_polite() -> None:
    assert unmannered_japanese(WORDS["ja"]) == {}
    assert unmannered_korean(WORDS["ko"]) == {}
