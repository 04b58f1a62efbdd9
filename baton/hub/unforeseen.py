"""What nobody foresaw in code that may be anybody's: a connector, or the transforms of a mapping."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from baton import tracing
from baton.errors import BatonError, RetryableError

log = logging.getLogger("baton.hub")


@contextmanager
def told_by_place(system: str, *passing: type[Exception]) -> Iterator[None]:
    """Planning by a system's connector or mapping: what nobody foresaw becomes `RetryableError`, by type and place.

    It fails the planning like any other trouble with a system, after which what is due is sent all the same; and it
    may pass, as a share that does not answer for a moment does. What is ``passing`` is raised as it is.
    """
    try:
        yield
    except BatonError:
        raise
    except Exception as error:
        if isinstance(error, passing):
            raise
        log.error(  # noqa: TRY400 - a traceback with its message may hold personal data
            "%s: %s\n%s", system, tracing.place(error), tracing.whereabouts(error)
        )
        message = f"{system}: unexpected {tracing.place(error)}"
        remedy = "see the log, and run it again; if it comes again, mend the connector or the transform"
        raise RetryableError(message, code="unexpected", remedy=remedy) from None
