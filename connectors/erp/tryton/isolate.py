"""All-or-nothing calls, made per record: halve a refused batch until the bad record stands alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from baton.sdk import HaltError, InDoubtError, Receipt, RejectedError, RetryableError
from connectors.erp.tryton import wire

Item = TypeVar("Item")
Result = TypeVar("Result")


def isolate(
    items: Sequence[Item], send: Callable[[Sequence[Item]], Sequence[Result]], *, split: int = 0
) -> list[Result | Receipt]:
    """One result or failure receipt per item, in order, from a ``send`` that does all of its items or none.

    What concerns the call as a whole (unreachable, no permission) is raised while nothing has been split; afterwards
    it becomes the receipts of the items still open, because other parts have been done.
    """
    if not items:
        return []
    try:
        return list(send(items))
    except RejectedError as error:
        if len(items) == 1:
            return [Receipt.refused(error.code, error.message, remedy=error.remedy)]
    except (InDoubtError, HaltError) as error:
        if not split:
            raise
        became = Receipt.in_doubt if isinstance(error, InDoubtError) else Receipt.not_performed
        return [became(error.code, error.message) for _ in items]
    except RetryableError as error:
        lone_conflict = error.code == wire.CONCURRENCY and len(items) == 1
        if error.code != wire.CONCURRENCY and not split:
            raise
        if error.code != wire.CONCURRENCY or lone_conflict:
            return [Receipt.not_performed(error.code, error.message, retry_after_s=error.retry_after_s) for _ in items]
    middle = len(items) // 2
    return [
        *isolate(items[:middle], send, split=split + 1),
        *isolate(items[middle:], send, split=split + 1),
    ]
