"""Every language says everything about pay runs, with the same values in it."""

from __future__ import annotations

import re

import pytest

from baton.console.pages import FOLDER
from baton.console.payments.deciding import Act
from baton.console.payments.month import SUMS
from baton.console.payments.settlement_pages import Act as Pressed
from baton.console.payments.words import WORDS
from baton.console.payments.workings import PARTS
from baton.jobs.payment.approval_policy import Refusal
from baton.jobs.payment.checks.rules import Severity
from baton.jobs.payment.checks.waivers import Refusal as WaiverRefusal
from baton.jobs.payment.differences import DifferenceKind, Weight
from baton.jobs.payment.reconciliation import Verdict
from baton.jobs.payment.roles import Role
from baton.jobs.payment.settlement.statement import LineId
from baton.languages import LANGUAGES, Language
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.settlement import SettlementState
from baton.store.runs import RunState
from tests.rig.manners import blanks, columns, unmannered_japanese, unmannered_korean

TEMPLATES = "\n".join(path.read_text("utf-8") for path in sorted((FOLDER / "templates" / "payments").glob("*.html")))
COMPOSED = {
    f"{group}.{member}"
    for group, members in {
        "act": Act, "said": Act, "consequence": Act, "office": Role, "component": Component, "run": RunState,
        "line": LineState, "delivery": EffectState, "severity": [each.name.lower() for each in Severity],
        "refusal": [*Refusal, *WaiverRefusal], "decided": [Act.RELEASE, Act.CANCEL, Act.WITHDRAW],
        "verdict": Verdict, "difference": DifferenceKind, "sum": SUMS, "weight": [each for each in Weight if each],
        "settlement": [*Pressed, *(f"{each}_state" for each in SettlementState)],
        "settlement.consequence": Pressed,
        "settlement.line": LineId,
        "working": [name for name, _ in PARTS],
        "limit": ["consent", "percent_of_wage", "minimum_wage", "nothing_left"],
        "total": ["payable", "held", "left_out", "filed", "declared"],
    }.items()
    for member in members
}  # fmt: skip
CHIP, BUTTON = 18, 32
"""Columns that stand in one line on a phone: beside a heading, and in a button."""
LIMITS = {"run": CHIP, "line": CHIP, "verdict": CHIP, "severity": CHIP, "weight": CHIP, "act": BUTTON}
OTHERS = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_keys_and_values(language: Language) -> None:
    english, said = WORDS["en"], WORDS[language]
    assert list(said) == list(WORDS["zh"])
    assert set(english) == set(said)
    assert [key for key, text in english.items() if blanks(text) != blanks(said[key])] == []
    assert [key for key, text in english.items() if not said[key].strip() or text == said[key]] == []
    assert set(WORDS) == set(LANGUAGES)


def test_translations_are_translations() -> None:
    for one, other in (("zh", "ja"), ("zh", "ko"), ("ja", "ko")):
        alike = {key for key, text in WORDS[one].items() if WORDS[other][key] == text and len(text) > 6}
        assert alike == set()


def test_japanese_and_korean_are_polite() -> None:
    assert unmannered_japanese(WORDS["ja"]) == {}
    assert unmannered_korean(WORDS["ko"]) == {}


@pytest.mark.parametrize("language", ["zh", "ja", "ko"])
def test_chips_and_buttons_are_short(language: Language) -> None:
    limits = {key: LIMITS.get(key.partition(".")[0], 1000) if "." in key else 1000 for key in WORDS[language]}
    assert {key: text for key, text in WORDS[language].items() if columns(text) > limits[key]} == {}


def test_a_line_of_a_settlement_is_called_what_it_is_kept_as() -> None:
    titles = {each: (WORDS["zh"][f"settlement.line.{each}"], WORDS["en"][f"settlement.line.{each}"]) for each in LineId}
    assert titles == {each: each.titles for each in LineId}


def test_what_is_asked_for_is_there_and_nothing_else() -> None:
    plain = set(re.findall(r"\bt\(['\"]([a-z_.]+[a-z_])['\"]", TEMPLATES))
    assert sorted((plain | COMPOSED) - set(WORDS["en"])) == []
    rest = set(WORDS["en"]) - plain - COMPOSED
    assert {key for key in rest if not key.startswith("refusal.")} == set()
