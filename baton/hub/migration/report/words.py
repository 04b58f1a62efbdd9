"""What the report says, in English and Chinese: every text stands beside its other language, so that none can lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from baton.hub.migration.report.terms import CAUSES, CODES, OUTCOMES, RULES
from baton.hub.migration.report.texts import TEXTS, Pair
from baton.kept_reasons import in_language

LANGUAGES: Final = ("en", "zh")
LANGUAGE_TAGS: Final[Mapping[str, str]] = {"en": "en", "zh": "zh-CN"}


@dataclass(frozen=True, slots=True)
class Words:
    """The texts in one language (``en`` or ``zh``)."""

    language: str

    def __call__(self, name: str, **values: Any) -> str:
        """The text of this name; numbers get their thousands separated. `KeyError` for a name that is none."""
        shown = {key: f"{value:,}" if isinstance(value, int) else value for key, value in values.items()}
        return self._of(TEXTS[name]).format(**shown)

    def cause(self, cause: str) -> str:
        """What kind of difference it is."""
        return self._of(CAUSES[cause]) if cause in CAUSES else cause

    def rule(self, rule: str) -> str:
        """Why a cell was put aside; a rule that somebody added goes by its own name."""
        name = rule.removeprefix("via.")
        return self._of(RULES[name]) if name in RULES else rule

    def outcome(self, outcome: str) -> str:
        """What a target said."""
        return self._of(OUTCOMES[outcome]) if outcome in OUTCOMES else outcome

    def code(self, code: str) -> str:
        """Why a target did not take a record, as far as it is one of our own codes; a vendor's stays as it is."""
        return self._of(CODES[code]) if code in CODES else code

    def masked(self, value: str) -> str:
        """A masked value; the two that are words are said in this language."""
        return self(f"masked.{value}") if f"masked.{value}" in TEXTS else value

    def reason(self, reason: str) -> str:
        """A reason of the verdict; one that is not known stays as it is."""
        return in_language(reason, self.language)

    def _of(self, pair: Pair) -> str:
        return pair[LANGUAGES.index(self.language)]
