"""Performing writes one part after the other where a vendor takes no mixed batch, without losing a receipt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from baton.errors import ConnectorError, HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import Receipt

Write = TypeVar("Write")


def in_turn(
    parts: Sequence[Sequence[Write]], perform: Callable[[Sequence[Write]], Sequence[Receipt]]
) -> list[Sequence[Receipt]]:
    """The receipts of each part, one per write, in order; ``perform`` makes one call.

    A part whose outcome is unknown, or that is refused as a whole, does not keep the others back. What stops the
    system is raised when nothing has been done yet; later it leaves the rest not performed, so that the receipts
    already earned are not lost.
    """
    told: list[Sequence[Receipt]] = []
    for part in parts:
        try:
            told.append(perform(part))
        except InDoubtError as error:
            told.append([Receipt.in_doubt(error.code, error.message)] * len(part))
        except RejectedError as error:
            told.append([Receipt.refused(error.code, error.message, remedy=error.remedy)] * len(part))
        except (RetryableError, HaltError) as error:
            if not told:
                raise
            rest = Receipt.not_performed(error.code, error.message, retry_after_s=_pause_of(error))
            told += [[rest] * len(left) for left in parts[len(told) :]]
            break
    return told


def one_by_one(writes: Sequence[Write], perform: Callable[[Write], Receipt]) -> list[Receipt]:
    """A receipt per write, each in a call of its own; see `in_turn`."""
    return [told[0] for told in in_turn([[write] for write in writes], lambda part: [perform(part[0])])]


def _pause_of(error: ConnectorError) -> float | None:
    return error.retry_after_s if isinstance(error, RetryableError) else None
