"""Why a decision on a run was not taken, in the reader's language, by the code that the hub refuses it with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from baton.console.words import words_in
from baton.errors import BatonError
from baton.languages import Language

REFUSALS: Final[Mapping[str, str]] = {
    "role": "Your role may look, not decide.",
    "maker": "You asked for this run: a second person must decide.",
    "not_held": "This run no longer waits for a decision. Load the page again to see what became of it.",
    "expired": "It was planned too long ago. Reject it, and let the next run plan anew.",
    "changed": (
        "It no longer holds what was planned. Reject it, find out who changed the database (baton audit verify), "
        "and run again."
    ),
    "protected": "It would take accounts from people who are on hub.protected by now: the next sync plans it anew.",
    "news": "HR has said something else of people in it since it was planned: the next sync plans it anew.",
    "retracted": "It would close accounts of people whose emergency was retracted since: the next sync plans it anew.",
    "emergency": "It would open accounts of people who must be out by an emergency: the next sync plans it anew.",
    "other_plan": "It is held for something else than this page shows. Load the page again, then decide.",
    "pay_run": "This is a pay run: it is signed for and released on its own page.",
    "reason": "Please give a reason.",
    "no_alarm": "This alarm is over. Load the page again.",
    "no_step": "Somebody has decided on this alarm meanwhile. Load the page again to see what.",
}
"""Code -> what happened and what to do."""
_NO_WORDS: Final = ("missing", "string_too_short")


def without_a_reason(faults: Iterable[Mapping[str, Any]], language: Language) -> dict[str, str]:
    """``code`` and ``remedy`` where one of these faults of a body is that it gives no reason; else empty."""
    if not any(tuple(each["loc"]) == ("body", "why") and each["type"] in _NO_WORDS for each in faults):
        return {}
    return {"code": "reason", "remedy": words_in(language)(REFUSALS["reason"])}


def refusal_text(error: BatonError, language: Language) -> str:
    """What happened and what to do; in the hub's own words where there are none of ours."""
    text = REFUSALS.get(error.code)
    return str(error) if text is None else words_in(language)(text)
