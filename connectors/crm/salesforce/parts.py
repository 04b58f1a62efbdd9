"""A call of the engine that takes several calls of Salesforce: one receipt per write, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from baton.sdk import ConnectorError, InDoubtError, Receipt

Part = tuple[Sequence[int], Callable[[], Mapping[int, Receipt]]]
"""The places of some writes, and what performs them."""


def part_by_part(parts: Iterable[Part]) -> dict[int, Receipt]:
    """Receipts by place.

    A part whose answer is lost leaves its own writes in doubt, and no other; what comes after a failure is not
    performed. Raises only while nothing has been sent.
    """
    receipts: dict[int, Receipt] = {}
    failed: ConnectorError | None = None
    for places, perform in parts:
        if failed is not None:
            receipts |= dict.fromkeys(places, _later(failed))
            continue
        try:
            receipts |= perform()
        except InDoubtError as error:
            receipts |= dict.fromkeys(places, Receipt.in_doubt(error.code, error.message))
            failed = error
        except ConnectorError as error:
            if not receipts:
                raise
            receipts |= dict.fromkeys(places, _later(error))
            failed = error
    return receipts


@contextmanager
def after_a_write() -> Iterator[None]:
    """A step after one that has written: its failing does not mean that nothing happened."""
    try:
        yield
    except InDoubtError:
        raise
    except ConnectorError as error:
        message = f"a later step of this call failed: {error.message}"
        raise InDoubtError(message, code=error.code, remedy=error.remedy) from error


def _later(error: ConnectorError) -> Receipt:
    wait_s = getattr(error, "retry_after_s", None)
    return Receipt.not_performed(error.code, f"an earlier part failed: {error.message}", retry_after_s=wait_s)
