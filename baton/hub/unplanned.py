"""What is still done by a run that could not plan: who leaves today is out today, whatever keeps HR from being read."""

from __future__ import annotations

import logging
from collections.abc import Callable

from baton import tracing
from baton.engine.report import Report
from baton.errors import ApprovalError, BatonError, ConfigurationError, RequestError, TamperedError
from baton.hub.core import Hub
from baton.hub.keeping.erasing import replay

log = logging.getLogger("baton.hub")


def apply_unplanned(hub: Hub, why: BatonError, work: Callable[[Callable[[Report], None]], object]) -> BatonError:
    """Have ``work`` send what earlier runs left to be done, although nothing could be planned; gives what to raise.

    It calls what it is given with each report as soon as there is one: whatever ends it, what was sent is told.

    A source that fails (a bad export, an expired password, a mapping that does not fit) must not keep the accounts open
    of those who leave today. Nothing is sent where ``why`` says that the store itself cannot be relied on, nor for a
    slip in what was asked for: whoever made it asks again. Else the error tells the reports of what was sent
    (``applied`` in `BatonError.besides`), and does not say that nothing was started.

    A fault may show before the planning came to the ledger of erasures, so that is looked at here; raises what is wrong
    with it.
    """
    if isinstance(why, ApprovalError | TamperedError | RequestError):
        return why
    replay(hub)
    reports: list[Report] = []
    try:
        work(reports.append)
    except BatonError as error:  # often the same once more; what keeps single systems is in their reports
        log.warning("what is due was not sent either: %s", error.code)
    except Exception as error:  # noqa: BLE001 - what kept it from planning is what has to be told
        log.error(  # noqa: TRY400 - a traceback with its message may hold personal data
            "not all that is due was sent: %s\n%s", tracing.place(error), tracing.whereabouts(error)
        )
    if not reports:
        return why
    if isinstance(why, ConfigurationError):
        why = ConfigurationError(why.faults, outcome="nothing was planned, no more was sent than earlier runs left")
    why.besides["applied"] = reports
    return why
