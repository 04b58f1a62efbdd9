"""From what Feishu answered to one receipt per write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from baton.sdk import (
    ConnectorError,
    HaltError,
    InDoubtError,
    Outcome,
    Receipt,
    RejectedError,
    RetryableError,
)
from connectors.oa.feishu.codes import Verdict
from connectors.oa.feishu.open_api import Answer

Write = TypeVar("Write")
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


def each(writes: Sequence[Write], perform: Callable[[Write], Receipt]) -> Sequence[Receipt]:
    """A receipt per write, one after the other.

    What stops the whole system is raised when nothing has been done yet; later it leaves the rest not performed, so
    that the receipts already earned are not lost.
    """
    receipts: list[Receipt] = []
    for write in writes:
        try:
            receipts.append(perform(write))
        except InDoubtError as error:
            receipts.append(Receipt.in_doubt(error.code, error.message))
        except RejectedError as error:
            receipts.append(Receipt.refused(error.code, error.message, remedy=error.remedy))
        except (RetryableError, HaltError) as error:
            if not receipts:
                raise
            rest = Receipt.not_performed(error.code, error.message, retry_after_s=_pause_of(error))
            return [*receipts, *[rest] * (len(writes) - len(receipts))]
    return receipts


def _pause_of(error: ConnectorError) -> float | None:
    return error.retry_after_s if isinstance(error, RetryableError) else None
