"""Judges of what has changed since the last look. Each remembers what it has seen, and is told only what is new."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from baton.model.effect import UNSETTLED_STATES, EffectState, PaymentAction, RecordAction
from tests.rig.logbook import Read
from tests.world.world import PER_DAY, PER_RUN, PER_WEEK

ATTEMPTS: Final = 40
"""So many tries of its own an effect has at the most (the engine's own figure, written down a second time).

A file of payments has no such limit, and what fails for its system is no try of the effect's."""
CRASHES: Final = 3
"""So often an effect may end a worker; a segment of records is many calls and has no such limit here."""
WINDOWS: Final = (("24 hours", timedelta(hours=24), PER_DAY), ("7 days", timedelta(days=7), PER_WEEK))
_RECORDS: Final = frozenset(RecordAction)
_GONE: Final = frozenset((EffectState.DONE.value, *UNSETTLED_STATES))


class Row(Protocol):
    """What is looked at of an effect."""

    key: str
    run_id: str
    job: str
    system: str
    number: str
    action: str
    state: str
    destructive: bool
    approved: bool
    due_at: datetime
    created_at: datetime
    next_at: datetime
    attempts: int
    crashes: int
    message: str
    remedy: str
    evidence: Mapping[str, str]
    payload: bytes
    version: int


@dataclass(frozen=True, slots=True)
class Loss:
    """Somebody loses access, and nobody was asked."""

    system: str
    number: str
    run_id: str
    at: datetime
    """The moment it was planned for; what was overdue then, when it was planned."""


@dataclass
class Windows:
    """I14: in no window, in no system and over all of them, more people lose access than may without anybody's yes.

    Counted by the moments things are planned for, by a second arithmetic: what is late for an outage was judged then.
    """

    losses: dict[str, Loss] = field(default_factory=dict)

    def look(self, changed: Iterable[Row]) -> Iterator[str]:
        """Effects that have changed, whatever they are; yields every limit that is exceeded by now."""
        before = dict(self.losses)
        for row in changed:
            if row.job == "sync" and row.destructive and not row.approved and row.state in _GONE:
                at = max(row.due_at, row.created_at)
                self.losses[row.key] = Loss(row.system, row.number, row.run_id, at)
            else:
                self.losses.pop(row.key, None)
        if self.losses != before:
            yield from self._exceeded()

    def _exceeded(self) -> Iterator[str]:
        for system in [*sorted({loss.system for loss in self.losses.values()}), "*"]:
            scope = [loss for loss in self.losses.values() if system in ("*", loss.system)]
            for run_id in sorted({loss.run_id for loss in scope}):
                people = {loss.number for loss in scope if loss.run_id == run_id}
                if len(people) > PER_RUN:
                    yield f"{len(people)} people lose access by {run_id} in {system}, and may {PER_RUN}"
            for name, span, limit in WINDOWS:
                worst = max(
                    (len({loss.number for loss in scope if end.at - span < loss.at <= end.at}) for end in scope),
                    default=0,
                )
                if worst > limit:
                    yield f"{worst} people lose access within {name} in {system}, and may {limit}"


@dataclass
class Retries:
    """I10: nothing is tried more often than it may be, and after each try it waits for longer than before it."""

    seen: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    """Effect -> tries so far, and not before when it is tried next."""

    def look(self, changed: Iterable[Row], *, clock_stood: bool) -> Iterator[str]:
        """``clock_stood``: nobody has set a clock since the last look, so that its stamps can be compared."""
        for row in changed:
            tries, before = self.seen.get(row.key, (0, row.due_at))
            self.seen[row.key] = (row.attempts, row.next_at)
            if row.attempts > ATTEMPTS and row.action != PaymentAction.DELIVER:
                yield f"{row.key[:12]} was tried {row.attempts} times"
            if row.crashes > CRASHES and row.action not in _RECORDS:
                yield f"{row.key[:12]} has ended {row.crashes} workers"
            tried = row.attempts > tries and row.state == EffectState.PLANNED.value
            if clock_stood and (row.next_at < before or (tried and row.next_at == before)):
                yield f"{row.key[:12]} is to be tried at {row.next_at:%d %H:%M:%S}, and was at {before:%d %H:%M:%S}"


@dataclass
class Clear:
    """I19, I22: what names somebody, and what is secret, stands nowhere in clear: neither as it is nor as it ever was.

    Looked at are the log and what is stored of the answers of systems.
    """

    marks: Collection[str]
    """Secrets, and what is in every client's name."""
    known: set[str] = field(default_factory=set)
    """Names and accounts of people."""

    def look(self, people: Iterable[dict[str, str]], new: Iterable[Read], changed: Iterable[Row]) -> Iterator[str]:
        """The people as HR has them now, the entries that are new, and the effects that have changed."""
        self.known.update(text for person in people for text in (person["name"], person["account"], person["holder"]))
        texts = [(f"entry {entry.seq} ({entry.kind})", entry.text) for entry in new]
        texts += [(f"effect {row.key[:12]}", f"{row.message} {row.remedy} {row.evidence}") for row in changed]
        for where, text in texts:
            if any(each in text for each in (*self.known, *self.marks)):
                yield f"{where} names somebody, or tells a secret"


@dataclass
class Seals:
    """I21: what is sealed for one row opens for no other."""

    opens: Callable[[bytes, str, int], bool]
    """Whether this is opened as that of the row with this key and version."""

    def look(self, changed: Sequence[Row]) -> Iterator[str]:
        """The effects that have changed: the first of them is tried in the place of the next."""
        for one, other in itertools.islice(itertools.pairwise(changed), 1):
            if self.opens(one.payload, other.key, other.version):
                yield f"what is sealed for {one.key[:12]} opens as that of {other.key[:12]}"


@dataclass
class Claims:
    """I11: what reaches a system is a row by then, and this try of it is counted: whatever dies over it, it is known."""

    counted: Callable[[Collection[str]], dict[str, int]]
    """Effect keys -> how many tries are committed just now."""
    asked: set[str] = field(default_factory=set)
    """Everything that has ever reached a system."""

    def arriving(self, keys: Collection[str]) -> Iterator[str]:
        """Writes of these effects are about to reach a system."""
        first = {key for key in keys if key not in self.asked}
        self.asked |= first
        counted = self.counted(first) if first else {}
        yield from (
            f"{key[:12]} arrived, and no try of it was counted" for key in sorted(first) if not counted.get(key)
        )


def transfers_kept(history: Iterable[Any], holder: str | None, ref: object, wanted: str) -> bool:
    """Whether somebody has, or at some time had, what was given to them."""
    return holder == wanted or any(move.ref == ref and move.after == wanted for move in history)
