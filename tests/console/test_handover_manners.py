"""What the pages say is said politely, in any name's grammar, and short enough for a phone."""

from __future__ import annotations

import pytest

from baton.console.handover.words import WORDS
from baton.jobs.offboarding.certificate.words import Words
from baton.languages import LANGUAGES
from baton.model.handover import HoldingKind
from tests.rig.manners import columns, unmannered_japanese, unmannered_korean

CHIP, BUTTON = 18, 32
"""Columns that stand in one line on a phone: beside an item's name, and in a button."""
SHARED = {
    "leaver": "role.leaver",
    "manager": "role.manager",
    "department": "department",
    "last_working": "last_working",
    "number": "successor.hint",
    "did_accept": "did.accept",
    "did_approve": "did.approve",
}
"""Word of a certificate -> the same word of the pages."""


def test_japanese_and_korean_are_polite() -> None:
    assert unmannered_japanese(WORDS["ja"]) == {}
    assert unmannered_korean(WORDS["ko"]) == {}


def test_what_is_not_polite_is_seen() -> None:
    assert unmannered_japanese({"a": "保存した。", "b": "保存しました。"}) == {"a": "保存した"}
    wrong = [
        "다시 시도해 주세요.",
        "되돌릴 수 있나요?",
        "{name}은 없습니다.",
        "{name}({number})가 맡았습니다.",
        "저장함.",
    ]
    right = ["{name} 님은 없습니다.", "{n}건을 승인했습니다.", "확인해 주십시오.", "{since}부터", "완료"]
    assert sorted(unmannered_korean({text: text for text in wrong + right})) == sorted(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_chips_and_buttons_are_short(language: str) -> None:
    words = WORDS[language]
    limits = {"state": CHIP, "case": CHIP, "cause": CHIP, "act": BUTTON}
    long = {key: columns(text) for key, text in words.items() if columns(text) > limits.get(key.split(".")[0], 1000)}
    assert long == {}


@pytest.mark.parametrize("language", ["zh", "ja", "ko"])
def test_a_certificate_and_the_pages_call_things_the_same(language: str) -> None:
    certificate, pages = Words(language), WORDS[language]
    pairs = {kind.value: f"kind.{kind.value}" for kind in HoldingKind} | SHARED
    differing = {
        word: (certificate(word), pages[key]) for word, key in pairs.items() if certificate(word) != pages[key]
    }
    assert differing == {}
