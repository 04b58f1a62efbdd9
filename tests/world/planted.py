"""Classic mistakes in each of the four jobs, planted into the real core one at a time: the simulation must find them all.

Mistakes that show only where one job is busy for long (an expected owner left out, an old version accepted, no fence) are planted in that
job's own campaign; that a line is paid on an acknowledgement is tried by the unit tests of line states.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from unittest import mock

import polars as pl

from baton.engine import gate
from baton.engine.workplace import Switches, Workplace
from baton.hub import sync
from baton.hub.offboarding import hourly
from baton.hub.payment import delivering
from baton.jobs.migration.exchange import Change, Exchange
from baton.model.account import Receipt
from baton.store.runs import RunStore
from tests.offboarding import planted as in_handovers
from tests.simulation import planted as in_sync
from tests.simulation.invariants import BrokenInvariantError
from tests.world import campaign

Planted = Callable[[], "contextlib.AbstractContextManager[Any]"]


def gate_lets_everything_through() -> contextlib.AbstractContextManager[Any]:
    """However many lose their access at once, nobody is asked."""
    return mock.patch.object(gate, "trips", return_value=[])


def last_look_forgotten() -> contextlib.AbstractContextManager[Any]:
    """Whoever has left since a file was signed for is paid."""
    return mock.patch.object(delivering, "require_standing", return_value=None)


def rollback_over_others() -> contextlib.AbstractContextManager[Any]:
    """Whatever a record is by now, it is taken for what a migration has left there."""
    honest = Exchange._call

    def call(self: Exchange, change: Change) -> Sequence[Receipt]:
        if change.before is None:
            return honest(self, change)
        shelf = self.target.shelf.rows  # type: ignore[attr-defined]
        codes = change.before["code"].to_list()
        there = [
            dict(shelf[code]) if code in shelf else row
            for code, row in zip(codes, change.before.to_dicts(), strict=True)
        ]
        return honest(self, Change(change.rows, pl.DataFrame(there, schema=change.before.schema), change.after))

    return mock.patch.object(Exchange, "_call", call)


def retraction_forgotten() -> contextlib.AbstractContextManager[Any]:
    """That somebody stays after all is news for accounts only, not for what they were about to hand over."""
    return mock.patch.object(hourly, "news_from_hr", return_value=[])


def switch_not_seen() -> contextlib.AbstractContextManager[Any]:
    """Everything is stopped, and goes on."""
    return mock.patch.object(Workplace, "switches", return_value=Switches("", frozenset()))


def answered_before_stored() -> contextlib.AbstractContextManager[Any]:
    """A call is answered, and what it said is lost."""
    return mock.patch.object(RunStore, "add_hints", return_value=0)


@contextlib.contextmanager
def rehearsal_kept() -> Iterator[None]:
    """A dry run is a run."""
    with mock.patch.object(campaign, "preview_sync", sync.plan_sync):
        yield


PLANTED: Mapping[str, Planted] = {
    "marked before sending": in_sync.marked_before_sending,
    "new key on retry": in_sync.new_key_on_retry,
    "gate lets everything through": gate_lets_everything_through,
    "switch not seen": switch_not_seen,
    "rehearsal kept": rehearsal_kept,
    "answered before stored": answered_before_stored,
    "rollback over others": rollback_over_others,
    "rights too early": in_handovers.rights_too_early,
    "retraction forgotten": retraction_forgotten,
    "last look forgotten": last_look_forgotten,
}


def find(mistake: str, seeds: Iterable[int], rounds: int) -> BrokenInvariantError | None:
    """What the first of these seeds says that meets the mistake; None when none of them does."""
    for seed in seeds:
        try:
            with PLANTED[mistake]():
                campaign.simulate(seed, rounds)
        except BrokenInvariantError as error:
            return error
    return None
