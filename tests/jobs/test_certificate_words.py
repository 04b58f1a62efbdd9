"""What a certificate says: the same values in every language, polite, and no heading wider than its column."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest

from baton.jobs.offboarding.certificate.manifest import LANGUAGES
from baton.jobs.offboarding.certificate.pages import OUTCOMES
from baton.jobs.offboarding.certificate.sheet import GREY, Sheet
from baton.jobs.offboarding.certificate.words import EVERY_WORD, Words
from tests.rig.manners import blanks, unmannered_japanese, unmannered_korean

KINDS_MM = 38.0


def said(language: str) -> dict[str, str]:
    words = Words(language)
    return {word: words(word) for word in EVERY_WORD}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_language_has_the_same_values(language: str) -> None:
    english = said("en")
    differing = {word: text for word, text in said(language).items() if blanks(text) != blanks(english[word])}
    assert differing == {}


def test_japanese_and_korean_are_polite() -> None:
    assert set(unmannered_japanese(said("ja"))) <= {"how"}, "only a command to be typed is no sentence"
    assert unmannered_korean(said("ko")) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_headings_of_outcomes_stand_side_by_side(language: str) -> None:
    words = Words(language)
    with closing(Sheet(datetime(2026, 11, 1, tzinfo=UTC), "", language, words.all)) as sheet:
        sheet.add_page()
        sheet.ink(7.2, GREY)
        closed = [name for name in OUTCOMES if name != "open"]
        column_mm = (sheet.epw - KINDS_MM) / (len(closed) + 1) - sheet.c_margin
        wide = {name: words(name) for name in (*closed, "sum") if sheet.get_string_width(words(name)) > column_mm}
        assert wide == {}


def test_a_japanese_line_does_not_begin_with_a_small_kana() -> None:
    text = "あいうえチェック"
    with closing(Sheet(datetime(2026, 11, 1, tzinfo=UTC), "", "ja", text)) as sheet:
        sheet.add_page()
        sheet.ink(10)
        width = sheet.get_string_width("あいうえチ") + 0.1
        assert sheet.wrapped(text, width)[:2] == ["あいうえ", "チェック"]
