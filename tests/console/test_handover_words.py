"""Every language says everything, with the same values in it, and the templates ask for nothing else."""

from __future__ import annotations

import re
from itertools import product

import pytest

from baton.console.handover.visitors import ON_CASES, ON_ITEMS
from baton.console.handover.words import WORDS
from baton.console.pages import FOLDER
from baton.console.words import language_of
from baton.hub.offboarding.prescan import Own
from baton.jobs.offboarding.completion import Missing
from baton.languages import LANGUAGES
from baton.model.alert import AlertState, Decision, Rule
from baton.model.case import CaseState, ItemState, Role
from baton.model.handover import HoldingKind, Undo
from tests.rig.manners import blanks

TEMPLATES = "\n".join(path.read_text("utf-8") for path in sorted((FOLDER / "templates" / "handover").glob("*.html")))
PLAIN = set(re.findall(r"\bt\(['\"]([a-z_.]+[a-z_])['\"]", TEMPLATES))
COMPOSED = {
    f"{group}.{each.value}"
    for group, members in (
        ("kind", HoldingKind), ("state", ItemState), ("case", CaseState), ("role", Role), ("lead", Role),
        ("undo", Undo), ("missing", Missing), ("rule", Rule), ("alert", AlertState), ("act", Decision), ("said", Decision),
        ("did", Decision), ("ahead", Own), ("remedy", Own),
    )
    for each in members
} | {"said.exception"} | {f"{group}.{act.value}" for group, act in product(("act", "said"), (*ON_ITEMS, *ON_CASES))}  # fmt: skip


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_language_has_the_same_keys_and_values(language: str) -> None:
    assert set(WORDS[language]) == set(WORDS["en"])
    differing = [key for key, text in WORDS[language].items() if blanks(text) != blanks(WORDS["en"][key])]
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_empty(language: str) -> None:
    assert [key for key, text in WORDS[language].items() if not text.strip()] == []


def test_translations_are_translations() -> None:
    for one, other in (("zh", "ja"), ("zh", "ko"), ("ja", "ko"), ("zh", "en"), ("ja", "en"), ("ko", "en")):
        alike = {key for key, text in WORDS[one].items() if WORDS[other][key] == text and len(text) > 6}
        assert alike == set()


def test_what_is_asked_for_is_there() -> None:
    assert sorted((PLAIN | COMPOSED) - {"field"} - set(WORDS["en"])) == []


def test_nothing_is_kept_that_nobody_asks_for() -> None:
    asked = {"did.", "refusal.", "door.", "view.", "progress.", "field."}
    assert {key for key in set(WORDS["en"]) - PLAIN - COMPOSED if not key.startswith(tuple(asked))} == set()


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("ko", "ja", "ko"),
        ("", "ja;q=0.5,ko", "ko"),
        ("", "ja; q=0.9, en ; q=0.5", "ja"),
        ("xx", "zh-TW", "zh"),
        (None, None, "en"),
        ("", "de,fr", "en"),
        ("\r\nko", "ko;q=nan, ja;q=0, zh;q=<b>", "en"),
    ],
)
def test_which_language_somebody_gets(asked: str | None, accepted: str | None, language: str) -> None:
    assert language_of(asked, accepted) == language
