"""What is still done by a run that could not plan: who leaves today is out today, whatever keeps HR from being read."""

from __future__ import annotations

import logging
from collections.abc import Callable

from baton.errors import ApprovalError, BatonError, TamperedError
from baton.hub.core import Hub
from baton.hub.keeping.erasing import replay

log = logging.getLogger("baton.hub")


def apply_unplanned(hub: Hub, why: BatonError, work: Callable[[], object]) -> None:
    """Have ``work`` send what earlier runs left to be done, although nothing could be planned: ``why`` is told next.

    A source that fails (a bad export, an expired password, a mapping that does not fit) must not keep the accounts open
    of those who leave today. But for what says that the store itself cannot be relied on: then nothing is sent. A fault
    may show before the planning came to the ledger of erasures, so it is looked at here, and what is wrong with it is
    raised in the place of ``why``.
    """
    if isinstance(why, ApprovalError | TamperedError):
        return
    replay(hub)
    try:
        work()
    except BatonError as error:  # often the same once more; what keeps single systems is in their reports
        log.warning("what is due was not sent either: %s", error.code)
