"""What the report says, in every language of `baton.languages`: one that lacks a text fails a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from baton.hub.migration.report.further import ja, ko
from baton.hub.migration.report.terms import CAUSES, CODES, OUTCOMES, RULES
from baton.hub.migration.report.texts import TEXTS, Pair
from baton.kept_reasons import in_language

Table: TypeAlias = Mapping[str, str]
"""Name -> text, in one language."""


def _in_languages(pairs: Mapping[str, Pair], japanese: Table, korean: Table) -> Mapping[str, Table]:
    english, chinese = ({name: pair[place] for name, pair in pairs.items()} for place in (0, 1))
    return {"zh": chinese, "en": english, "ja": japanese, "ko": korean}


SAID: Final[Mapping[str, Mapping[str, Table]]] = {
    "texts": _in_languages(TEXTS, ja.TEXTS, ko.TEXTS),
    "causes": _in_languages(CAUSES, ja.CAUSES, ko.CAUSES),
    "rules": _in_languages(RULES, ja.RULES, ko.RULES),
    "outcomes": _in_languages(OUTCOMES, ja.OUTCOMES, ko.OUTCOMES),
    "codes": _in_languages(CODES, ja.CODES, ko.CODES),
}
"""Kind of text -> language -> name -> text."""


@dataclass(frozen=True, slots=True)
class Words:
    """The texts in one of `baton.languages.LANGUAGES`."""

    language: str

    def __call__(self, name: str, **values: Any) -> str:
        """The text of this name; numbers get their thousands separated. `KeyError` for a name that is none."""
        shown = {key: f"{value:,}" if isinstance(value, int) else value for key, value in values.items()}
        return self._of("texts")[name].format(**shown)

    def cause(self, cause: str) -> str:
        """What kind of difference it is."""
        return self._of("causes").get(cause, cause)

    def rule(self, rule: str) -> str:
        """Why a cell was put aside; a rule that somebody added goes by its own name."""
        return self._of("rules").get(rule.removeprefix("via."), rule)

    def outcome(self, outcome: str) -> str:
        """What a target said."""
        return self._of("outcomes").get(outcome, outcome)

    def code(self, code: str) -> str:
        """Why a target did not take a record, as far as it is one of our own codes; a vendor's stays as it is."""
        return self._of("codes").get(code, code)

    def masked(self, value: str) -> str:
        """A masked value; the two that are words are said in this language."""
        return self._of("texts").get(f"masked.{value}", value)

    def reason(self, reason: str) -> str:
        """A reason of the verdict; one that is not known stays as it is."""
        return in_language(reason, self.language)

    def _of(self, kind: str) -> Table:
        return SAID[kind][self.language]
