"""What the pages of a handover say, one module per language; a key that is missing anywhere fails a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from baton.console.handover.words import en, ja, ko, zh

WORDS: Final[Mapping[str, Mapping[str, str]]] = {"zh": zh.WORDS, "en": en.WORDS, "ja": ja.WORDS, "ko": ko.WORDS}


@dataclass(frozen=True, slots=True)
class Phrases:
    """The words of one language: called with a key and the values that stand in the text."""

    words: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        text = self.words[key]
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Whether there is a text with this key."""
        return key in self.words


def words_in(language: str) -> Phrases:
    """The words of one of `baton.languages.LANGUAGES`."""
    return Phrases(WORDS[language])
