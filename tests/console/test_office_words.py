"""Every language says everything about runs and migrations, and the templates and the hub ask for nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from baton.console.pages import FOLDER
from baton.console.words import WORDS, words_in
from baton.console.words.refusals import REFUSALS, refusal_text
from baton.engine.settle import Verdict
from baton.errors import ApprovalError
from baton.hub import decisions
from baton.hub.vitals import alarming
from baton.languages import LANGUAGES, Language
from baton.model.effect import EVERY_ACTION, EffectState
from baton.records.compare import Cause
from baton.store.runs import RunState
from tests.rig.manners import blanks, columns, unmannered_japanese, unmannered_korean

SOURCES = [*sorted((FOLDER / "templates").glob("*.html")), FOLDER / "web.py"]
TEXT = "\n".join(path.read_text("utf-8") for path in SOURCES)
PLAIN = set(re.findall(r"\bt\(['\"]([^'\"]+)['\"]", TEXT))
JOBS = {"sync", "migration", "offboarding", "payment", "recovery", "alarms"}
CODES = JOBS | {each.value for kind in (RunState, EffectState, Verdict, Cause, EVERY_ACTION) for each in kind}
OTHERS = [language for language in LANGUAGES if language != "en"]
CHIP, BUTTON = 18, 32
"""Columns that stand in one line on a phone."""


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_the_same_texts(language: Language) -> None:
    assert list(WORDS[language]) == list(WORDS["zh"])
    assert [text for text, said in WORDS[language].items() if blanks(said) != blanks(text) or not said.strip()] == []
    assert set(WORDS) == set(LANGUAGES)


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_asked_for_is_there(language: Language) -> None:
    assert sorted((PLAIN | CODES | set(REFUSALS.values())) - set(WORDS[language])) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_of_the_hubs_is_shown_as_it_is(language: Language) -> None:
    shown = {code: words_in(language)(code) for code in CODES | set(WORDS["zh"])}
    assert [code for code, text in shown.items() if "_" in text] == []


def test_translations_are_translations() -> None:
    for one, other in (("zh", "ja"), ("zh", "ko"), ("ja", "ko")):
        alike = {text for text, said in WORDS[one].items() if WORDS[other][text] == said and len(said) > 6}
        assert alike == set()
    for language in OTHERS:
        assert [text for text, said in WORDS[language].items() if text == said] == []


def test_japanese_and_korean_are_polite() -> None:
    assert unmannered_japanese(WORDS["ja"]) == {}
    assert unmannered_korean(WORDS["ko"]) == {}


@pytest.mark.parametrize("language", OTHERS)
def test_chips_and_buttons_are_short(language: Language) -> None:
    chips = {*RunState, *EffectState, *Verdict}
    limits = {str(each): CHIP for each in chips} | dict.fromkeys(("Release", "Reject", "Cancel"), BUTTON)
    said = {text: words_in(language)(text) for text in limits}
    assert {text: shown for text, shown in said.items() if columns(shown) > limits[text]} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_of_a_decision_has_words(language: Language) -> None:
    source = re.sub(r"def resolve.+?(?=\ndef )", "", Path(decisions.__file__).read_text("utf-8"), flags=re.DOTALL)
    codes = set(re.findall(r'code="([a-z_]+)"', source)) - {"scope"}
    of_alarms = set(re.findall(r'code="([a-z_]+)"', Path(alarming.__file__).read_text("utf-8")))
    codes |= of_alarms - {"too_long", "no_reason"}  # what the page's form does not let through
    assert codes <= set(REFUSALS)
    said = {code: refusal_text(ApprovalError("in English", code=code), language) for code in REFUSALS}
    assert len(set(said.values())) == len(REFUSALS)
    assert "in English" not in said.values()
    assert refusal_text(ApprovalError("in English", code="another", remedy="do"), language) == "in English — do"
