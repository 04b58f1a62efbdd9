"""Classic mistakes, planted into the real core one at a time: the simulation must find each of them quickly."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

from baton.engine import handovers
from baton.hub.offboarding import completing, hourly, refreshing, saying, settling, undoing
from baton.hub.offboarding.proving import Proofs
from baton.jobs.offboarding import moments
from baton.jobs.offboarding.completion import Missing, Obstacle, obstacles
from baton.jobs.offboarding.steps import after
from baton.model.account import AccountRef
from baton.model.effect import Effect
from baton.model.handover import HandoverWrite, Transfer
from tests.offboarding.campaign import simulate
from tests.simulation.invariants import BrokenInvariantError

Planted = Callable[[], "contextlib.AbstractContextManager[Any]"]


def no_expected_owner() -> contextlib.AbstractContextManager[Any]:
    """Whoever has it now, it is given to the successor."""
    original = handovers.as_write

    def as_write(effect: Effect) -> HandoverWrite:
        write = original(effect)
        return replace(write, holder=AccountRef("", None)) if isinstance(write, Transfer) else write

    return mock.patch.object(handovers, "as_write", as_write)


def any_version_accepted() -> contextlib.AbstractContextManager[Any]:
    """Whatever somebody has looked at, they agree to what it is now."""

    def led_to(case: Any, item: Any, what: saying.Saying) -> Any:
        return after(case, item, item.version, what.act, what.person, what.role, what.text)

    return mock.patch.object(saying, "_led_to", led_to)


def finished_while_open() -> contextlib.AbstractContextManager[Any]:
    """A case ends although there are items that have not been passed on."""

    def lenient(*given: Any) -> list[Obstacle]:
        return [each for each in obstacles(*given) if each.what not in (Missing.OPEN_ITEMS, Missing.PROMISED)]

    return mock.patch.object(completing, "obstacles", lenient)


def believed_without_looking() -> contextlib.AbstractContextManager[Any]:
    """What a system calls done is done."""

    def read_back(_hub: Any, done: Sequence[Effect]) -> Proofs:
        return Proofs({effect.key: True for effect in done})

    return mock.patch.object(settling, "read_back", read_back)


def wrong_items_taken_back() -> contextlib.AbstractContextManager[Any]:
    """Whatever was wanted back, everything comes back."""
    original = undoing._done
    return mock.patch.object(undoing, "_done", lambda hub, connection, case, _ids: original(hub, connection, case, ()))


def retracted_and_forgotten() -> contextlib.AbstractContextManager[Any]:
    """What was on its way when a case was retracted stays where it arrives."""
    return mock.patch.object(hourly, "take_back_retracted", return_value=0)


def changed_and_sent() -> contextlib.AbstractContextManager[Any]:
    """What has changed since it was accepted is sent all the same, if it was planned before."""
    return mock.patch.object(refreshing._Writing, "_halted", return_value=frozenset())


def rights_too_early() -> contextlib.AbstractContextManager[Any]:
    """Rights are taken away on the day of the resignation."""
    return mock.patch.object(moments, "rights_end", return_value=True)


PLANTED: Mapping[str, tuple[Planted, float]] = {
    "no expected owner": (no_expected_owner, 0.0),
    "any version accepted": (any_version_accepted, 0.0),
    "finished while open": (finished_while_open, 0.0),
    "believed without looking": (believed_without_looking, 0.3),
    "wrong items taken back": (wrong_items_taken_back, 0.0),
    "retracted and forgotten": (retracted_and_forgotten, 0.0),
    "changed and sent": (changed_and_sent, 0.0),
    "rights too early": (rights_too_early, 0.0),
}
"""Each mistake, and how often the systems say yes and do nothing."""
LONGER = {"wrong items taken back": 40}
"""What needs many things to have happened gets so many rounds."""


def find(mistake: str, seeds: Iterable[int], rounds: int) -> BrokenInvariantError | None:
    """What the first of these seeds says that meets the mistake; None when none of them does."""
    plant, deaf_share = PLANTED[mistake]
    for seed in seeds:
        try:
            with plant():
                simulate(seed, rounds, deaf_share)
        except BrokenInvariantError as error:
            return error
    return None
