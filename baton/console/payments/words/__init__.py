"""What the pages of pay runs, months and settlements say, one module per language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from baton.console.payments.words import en, ja, ko, zh
from baton.languages import Language

if TYPE_CHECKING:
    from baton.console.payments.deciding import Refusal

WORDS: Final[Mapping[Language, Mapping[str, str]]] = {"zh": zh.WORDS, "en": en.WORDS, "ja": ja.WORDS, "ko": ko.WORDS}


def words_in(language: Language) -> Callable[..., str]:
    """Gives, for a key and its values, a text in this language; KeyError for a key that is none."""
    texts = WORDS[language]

    def text(key: str, **values: object) -> str:
        return texts[key].format(**values)

    return text


def refusal_text(refusal: Refusal, language: Language) -> str:
    """What happened and what to do; in the hub's own words where there are none of ours."""
    return WORDS[language].get(f"refusal.{refusal.code}", refusal.message)
