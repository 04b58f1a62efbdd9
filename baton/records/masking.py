"""Values as a report may show them: enough to find and to tell apart, not enough to know."""

from __future__ import annotations

from typing import Final

HIDDEN: Final = "•"
_SHORTEST_WITH_ENDS: Final = 5
_LONGEST: Final = 40


def masked(value: object, *, personal: bool) -> str:
    """A value for a report: blanks made visible, its length added; of a personal one only the outermost characters.

    >>> masked("张三 ", personal=False), masked("110101199001011234", personal=True), masked(None, personal=True)
    ('张三␣ (3)', '1••••••••••••••••4 (18)', 'no value')
    """
    if value is None:
        return "no value"
    text = value if isinstance(value, str) else str(value)
    if not text:
        return "empty text"
    shown = _outermost(text) if personal else text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    seen = visible(shown).replace(" ", "␣").replace("\u3000", "␣")
    return f"{seen} ({len(text)})" if isinstance(value, str) else seen


def visible(text: str) -> str:
    """The text with everything that cannot be seen (controls, marks that turn the direction) spelled out."""
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)


def _outermost(text: str) -> str:
    """A blank at either end is shown, since it is often the difference; letters and digits only from five on."""
    ends = text[0], text[-1]
    if len(text) < _SHORTEST_WITH_ENDS:
        return "".join(character if character.isspace() else HIDDEN for character in text)
    middle = min(len(text) - 2, _LONGEST - 2)
    return f"{ends[0]}{HIDDEN * middle}{ends[1]}"
