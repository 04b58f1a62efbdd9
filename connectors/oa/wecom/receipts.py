"""From what WeCom answered to one receipt."""

from __future__ import annotations

from typing import Final

from baton.sdk import Receipt
from connectors.oa.wecom.codes import CODES, Meaning, Verdict
from connectors.oa.wecom.open_api import Answer

_LATER_S: Final = 60.0


def receipt(answer: Answer, external_id: str) -> Receipt:
    """The receipt for a write that got this answer."""
    if answer.verdict is Verdict.DONE:
        return Receipt.done(external_id)
    return not_done(answer.code, answer.meaning, answer.hint)


def not_done(code: int, meaning: Meaning, hint: str = "") -> Receipt:
    """The receipt for a write that WeCom did not take, for this reason."""
    name = meaning.name or f"wecom_{code}"
    if meaning.verdict is Verdict.LATER:
        return Receipt.not_performed(name, meaning.message, retry_after_s=_LATER_S)
    if meaning.verdict in (Verdict.LIMITED, Verdict.CROWDED):  # which window is full is not said: the pauses grow
        return Receipt.not_performed(name, meaning.message)
    evidence = {"errcode": str(code), **({"hint": hint} if hint else {})}
    return Receipt.refused(name, meaning.message, remedy=meaning.remedy, **evidence)


def beside_a_record(code: object) -> tuple[int, Meaning] | Receipt:
    """What the code beside one record of many means; a code nobody knows leaves that record in doubt."""
    meaning = CODES.get(code) if isinstance(code, int) else None
    if meaning is None or not isinstance(code, int):
        return Receipt.in_doubt(f"wecom_{str(code)[:12]}_unknown", "WeCom answered a code this connector does not know")
    if meaning.verdict in (Verdict.BUSY, Verdict.TOKEN, Verdict.HALT):
        return Receipt.in_doubt(f"wecom_{code}", meaning.message)
    return code, meaning
