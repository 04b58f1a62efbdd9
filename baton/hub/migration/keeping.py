"""Keeping a segment claimed for as long as it is worked on, and stopping the work when it is not ours any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import sqlalchemy as sa

from baton.errors import LeaseLostError
from baton.hub.core import Hub
from baton.model.effect import Effect


@contextmanager
def kept(hub: Hub, effect: Effect, lease_s: float) -> Iterator[Callable[[], None]]:
    """Renew the claim in the background. Gives a function that raises `LeaseLostError` once the claim is gone.

    It is to be called before every call to the target: a worker that was stopped for longer than its lease finds that
    out before it writes anything more, even when nobody has told it yet.
    """
    done, lost = Event(), Event()
    renewed = [hub.clock.monotonic()]

    def renew() -> None:
        while not done.wait(lease_s / 3):
            at = hub.clock.monotonic()
            try:
                with hub.database.write() as connection:
                    hub.leases.renew(connection, effect, lease_s)
            except LeaseLostError:
                lost.set()
                return
            except sa.exc.DBAPIError:  # away for a moment: asked again soon, or the claim runs out unrenewed
                continue
            renewed[0] = at

    def still_ours() -> None:
        if lost.is_set() or hub.clock.monotonic() - renewed[0] > lease_s:
            raise LeaseLostError(f"the claim on {effect.number} has run out: another worker may have it")

    keeper = Thread(target=renew, name=f"keep-{effect.id}", daemon=True)
    keeper.start()
    try:
        yield still_ours
    finally:
        done.set()
        keeper.join()
