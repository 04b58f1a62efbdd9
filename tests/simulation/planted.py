"""Classic mistakes, planted into the real engine one at a time: the simulation must find each of them quickly."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

from baton.engine import calls
from baton.engine.plan import save_plan
from baton.engine.report import Report
from baton.engine.sending import Sender
from baton.errors import BatonError
from baton.hub import sync
from baton.model.account import AccountWrite, Receipt
from baton.model.effect import Effect
from baton.store.effects import EffectStore
from baton.store.leases import LeaseStore
from tests.simulation import campaign, trouble
from tests.simulation.campaign import Simulation
from tests.simulation.trouble import Trouble

Planted = Callable[[], "contextlib.AbstractContextManager[Any]"]


@contextlib.contextmanager
def weather(*kinds: str, **more: Any) -> Iterator[None]:
    """Only such trouble, so that a short run meets what a mistake is about."""
    only = mock.patch.object(trouble, "KINDS", kinds)
    with only, mock.patch.object(campaign, "Trouble", functools.partial(Trouble, **more)):
        yield


WEATHERS: Mapping[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
    "late": functools.partial(weather, "late_commit", "unauthorised", late_s=(900.0,)),
    "hanging": functools.partial(weather, "slow"),
}


def marked_before_sending() -> contextlib.AbstractContextManager[Any]:
    """The outcome is stored first, and then the call is made."""

    def send(self: Sender, batch: list[Effect], report: Report) -> float:
        call = self.place.performer.prepare(batch)
        self.storing.store([(effect, Receipt.done()) for effect in call.effects], report)
        self.place.crash_point("stored")
        with contextlib.suppress(BatonError):
            call.send()
        return 0.0

    return mock.patch.object(Sender, "send", send)


def new_key_on_retry() -> contextlib.AbstractContextManager[Any]:
    """Every attempt is named anew."""
    original = calls.as_write

    def as_write(effect: Effect, *rest: Any) -> AccountWrite:
        write = original(effect, *rest)
        anew = hashlib.sha256(f"{write.key}{effect.attempts}".encode()).hexdigest()
        return write if effect.attempts < 2 else replace(write, key=anew)

    return mock.patch.object(calls, "as_write", as_write)


@contextlib.contextmanager
def cursor_before_effects() -> Iterator[None]:
    """That people have been planned is committed before their effects are."""
    living: list[Simulation] = []
    original = Simulation._plan

    def plan(self: Simulation) -> int:
        living.append(self)
        return original(self)

    def cursor_first(connection: Any, job: str, run_id: str, planned: Sequence[Any], *stores: Any) -> Any:
        links = [replace(p.link, generation=p.link.generation + len(p.intentions)) for p in planned]
        stores[1].save_plan(connection, links)
        connection.exec_driver_sql("COMMIT")
        now = living[-1].trouble
        with mock.patch.object(now, "crash_share", 10 * now.crash_share):  # or only a long run meets it
            now.crash_point("between cursor and effects")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return save_plan(connection, job, run_id, planned, *stores)

    with mock.patch.object(Simulation, "_plan", plan), mock.patch.object(sync, "save_plan", cursor_first):
        yield


@contextlib.contextmanager
def no_fence() -> Iterator[None]:
    """Whoever comes back with an outcome may store it, however late: calls outlast their leases."""
    all_owned = mock.patch.object(LeaseStore, "_owned", lambda _self, _connection, held: {effect.id for effect in held})
    with WEATHERS["hanging"](), all_owned:
        yield


@contextlib.contextmanager
def newer_overtakes_doubted() -> Iterator[None]:
    """A write that may still arrive is cancelled in the hub's books, and something newer is sent.

    Requests come late, and the work stops in between.
    """
    forgotten = mock.patch.object(EffectStore, "undecided", return_value=set())
    with WEATHERS["late"](), forgotten:
        yield


def sent_again_without_looking() -> contextlib.AbstractContextManager[Any]:
    """What is in doubt is simply sent again."""

    def look_up(_target: object, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        return [Receipt.not_performed("assumed", "surely it did not arrive")] * len(writes)

    return mock.patch.object(calls, "look_up", look_up)


PLANTED: Mapping[str, tuple[Planted, str]] = {
    "marked before sending": (marked_before_sending, "A"),
    "new key on retry": (new_key_on_retry, "A"),
    "cursor before effects": (cursor_before_effects, "A"),
    "no fence": (no_fence, "A"),
    "newer overtakes doubted": (newer_overtakes_doubted, "A"),
    "sent again without looking": (sent_again_without_looking, "D"),
}
"""Each mistake, and the class of target on which it shows."""
