"""Performing writes one part after the other where a vendor takes no mixed batch, without losing a receipt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from baton.clock import Clock, SystemClock
from baton.errors import ConnectorError, HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import Receipt

Write = TypeVar("Write")
LONGEST_S: Final = 60.0
"""After so long no further part is begun. A claim lasts two minutes at least, and ten times a call's deadline: with the
call under way, what was begun within this ends before anybody else may take it for abandoned and do it again."""


def in_turn(
    parts: Sequence[Sequence[Write]],
    perform: Callable[[Sequence[Write]], Sequence[Receipt]],
    clock: Clock = SystemClock(),
) -> list[Sequence[Receipt]]:
    """The receipts of each part, one per write, in order; ``perform`` makes one call.

    For writes only: it says not performed of what was not begun, and to a question (what became of writes made before)
    that would be the answer that they have not happened.

    A part whose outcome is unknown, or that is refused as a whole, does not keep the others back. What stops the
    system is raised when nothing has been done yet; later it leaves the rest not performed, so that the receipts
    already earned are not lost. So does a system that is too slow for all of it (`LONGEST_S`).
    """
    told: list[Sequence[Receipt]] = []
    latest = clock.monotonic() + LONGEST_S
    for part in parts:
        if told and clock.monotonic() > latest:
            told += _left(parts[len(told) :], _TOO_SLOW)
            break
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
            told += _left(parts[len(told) :], rest)
            break
    return told


_TOO_SLOW: Final = Receipt.not_performed(
    "too_slow", "the system took so long over those before that this was left for the next time", retry_after_s=1.0
)


def _left(parts: Sequence[Sequence[Write]], why: Receipt) -> list[Sequence[Receipt]]:
    return [[why] * len(part) for part in parts]


def one_by_one(writes: Sequence[Write], perform: Callable[[Write], Receipt]) -> list[Receipt]:
    """A receipt per write, each in a call of its own. For writes only, like `in_turn`."""
    return [told[0] for told in in_turn([[write] for write in writes], lambda part: [perform(part[0])])]


def _pause_of(error: ConnectorError) -> float | None:
    return error.retry_after_s if isinstance(error, RetryableError) else None
