"""From what Feishu answered to a receipt."""

from __future__ import annotations

from typing import Final

from baton.sdk import Outcome, Receipt
from connectors.oa.feishu.codes import Verdict
from connectors.oa.feishu.open_api import Answer

_LATER_S: Final = 60.0


def receipt(answer: Answer, user_id: str) -> Receipt:
    """The receipt for a write that got this answer."""
    code, meaning = f"feishu_{answer.code}", answer.meaning
    if answer.verdict is Verdict.DONE:
        return Receipt.done(user_id, log_id=answer.log_id)
    if answer.verdict is Verdict.LATER:
        return Receipt.not_performed(code, meaning.message, retry_after_s=_LATER_S)
    return Receipt(
        Outcome.REFUSED,
        external_id=user_id if answer.verdict is Verdict.PARTIAL else None,
        code=code,
        message=meaning.message,
        remedy=meaning.remedy,
        evidence={"log_id": answer.log_id},
    )
