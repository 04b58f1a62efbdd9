"""What the office pages say, one module per language, and which language a reader gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from baton.console.words import en, ja, ko, zh
from baton.languages import LANGUAGES, Language

WORDS: Final[Mapping[Language, Mapping[str, str]]] = {"zh": zh.WORDS, "en": en.WORDS, "ja": ja.WORDS, "ko": ko.WORDS}


def language_of(asked: str | None, accepted: str | None) -> Language:
    """What the address asks for, else the best of the Accept-Language header, else English."""
    named = {str(language): language for language in LANGUAGES}
    if asked in named:
        return named[asked]
    ranked = []
    for position, part in enumerate((accepted or "").split(",")[:20]):
        name, _, quality = part.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        language = named.get(name.strip().lower().partition("-")[0])
        if language is not None and weight > 0:
            ranked.append((-weight, position, language))
    return min(ranked)[2] if ranked else "en"


def words_in(language: Language) -> Callable[[str], str]:
    """Gives a text in this language, by its English one; what has no translation stays as it is."""
    words = WORDS[language]
    return lambda text: words.get(text, text)
