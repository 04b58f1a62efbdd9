"""Trouble with one system ends at that system: it is put into words, and the others are read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from baton import tracing
from baton.errors import BatonError

log = logging.getLogger("baton.offboarding")


@contextmanager
def noted(what: str, note: Callable[[str], None]) -> Iterator[None]:
    """Whatever goes wrong with something is handed to ``note`` in words, and nobody else waits for it."""
    try:
        yield
    except BatonError as error:
        note(str(error))
    except Exception as error:  # noqa: BLE001 - a broken connector must not keep the other systems and leavers waiting
        log.error(  # noqa: TRY400 - a traceback with its message may hold personal data
            "%s: %s\n%s", what, tracing.place(error), tracing.whereabouts(error)
        )
        note(f"unexpected {tracing.place(error)}: see the log")
