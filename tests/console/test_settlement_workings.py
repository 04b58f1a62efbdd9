"""Each formula that the calculator writes, in each language: no English word is left, and no figure is lost."""

from __future__ import annotations

import re

import pytest

from baton.console.payments.workings import limit_text, working_text
from baton.languages import LANGUAGES, Language

WORKINGS = (
    "8000.00 × 11 d / 21.75",
    "8000.00 × 11 d / 21.75 + 8000.00 × 3.5 h / (21.75 × 8); together at most 8000.00",
    "(96000.00 / 12) / 21.75 × 5 d × 200%",
    "12434.00 × 3 (less than 960000.00 / 12) × 12",
    "2690.00 (more than 24000.00 / 12) × 1.5 × 2",
    "(96000.00 / 12) × 3.5",
    "8000.00 × 1",
    "8000.00 + 8100.00",
    "-500.00",
    "-300.00 of 500.00 (limit: percent_of_wage)",
    "-300.00 of 500.00 (limit: minimum_wage)",
)
LIMITS = ("consent", "percent_of_wage", "minimum_wage", "nothing_left")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("working", WORKINGS)
def test_a_formula_is_said_in_the_readers_language(working: str, language: Language) -> None:
    said = working_text(working, language)
    assert re.findall(r"[\d.]+", said) == re.findall(r"[\d.]+", working)
    if language != "en":
        assert re.findall(r"[A-Za-z]+", said) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_limit_has_words_of_its_own(language: Language) -> None:
    assert len({limit_text(why, language) for why in LIMITS} - set(LIMITS)) == len(LIMITS)


def test_english_stays_as_it_is_kept() -> None:
    plain = [working for working in WORKINGS if "limit" not in working]
    assert [working_text(working, "en") for working in plain] == plain
