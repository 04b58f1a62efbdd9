"""Why a run is held, refused or not clean: kept in English, as it is judged, and said in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import Final

from baton.kept_reasons import ja, ko, zh

_REASONS: Final[Mapping[str, Mapping[str, str]]] = {"zh": zh.REASONS, "ja": ja.REASONS, "ko": ko.REASONS}
"""Language -> reason in English -> in that language."""
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {"zh": zh.WORDS, "ja": ja.WORDS, "ko": ko.WORDS}
_ROWS: Final[Mapping[str, str]] = {"en": "Rows", "zh": zh.ROWS, "ja": ja.ROWS, "ko": ko.ROWS}
"""What the control total ``#`` is."""
_LONG: Final = frozenset({"names", "why", "older", "newer"})
"""What may hold anything; the rest of a sentence is short."""


def in_language(reason: str, language: str) -> str:
    """A reason as it is kept, in one of `baton.languages.LANGUAGES`; one that no module here knows stays as it is."""
    reason = reason.replace("totals differ: #", f"totals differ: {_ROWS[language]}")
    for pattern, said in _patterns(language):
        found = pattern.fullmatch(reason)
        if found:
            words = _WORDS[language]
            return said.format(**{name: words.get(value, value) for name, value in found.groupdict().items()})
    return reason


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    said = _REASONS.get(language, {})
    return tuple((re.compile(_pattern(english), re.DOTALL), text) for english, text in said.items())


def _pattern(template: str) -> str:
    parts = ((re.escape(literal), name) for literal, name, _, _ in Formatter().parse(template))
    return "".join(f"{literal}(?P<{name}>{_filling(name)})" if name else literal for literal, name in parts)


def _filling(name: str) -> str:
    return ".+" if name in _LONG else "[^;]{1,80}"
