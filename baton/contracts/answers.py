"""Calling a connector's write so that whatever happens becomes receipts, or an error that says nothing was done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from baton.contracts.base import Connector
from baton.errors import HaltError, InDoubtError, LeaseLostError, RejectedError, RetryableError
from baton.model.account import Receipt
from baton.tracing import place, whereabouts

log = logging.getLogger("baton.contracts")


def answered(write: Callable[[], Sequence[Receipt]], count: int, of: Connector) -> Sequence[Receipt]:
    """One receipt for each of ``count`` writes, in order.

    Raises `RetryableError` (nothing happened), `RejectedError` (the call as a whole is refused), `HaltError`, and
    `LeaseLostError` (the call was not made: by now the work is somebody else's). Everything else, a broken connector
    included, becomes receipts that say "in doubt".
    """
    try:
        receipts = write()
    except (RetryableError, RejectedError, HaltError, LeaseLostError):
        raise
    except InDoubtError as error:
        return [Receipt.in_doubt(error.code, error.message)] * count
    except Exception as error:  # noqa: BLE001 - whatever a connector does not foresee leaves the writes in doubt
        return [unforeseen(error, type(of).__name__)] * count
    if len(receipts) != count:
        return [Receipt.in_doubt("receipts_mismatch", "the connector returned another number of receipts")] * count
    return receipts


def unforeseen(error: Exception, where: str) -> Receipt:
    """What is known of a write after an error that a connector did not foresee: nothing. The log says where it was."""
    # Its message may repeat the record it choked on, and logs are no place for that.
    log.error("unexpected %s in %s\n%s", place(error), where, whereabouts(error))
    return Receipt.in_doubt("connector_failure", f"{type(error).__name__} in the connector")
