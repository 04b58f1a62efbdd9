"""The other side of the handover bench: systems that count their calls and take their time over each.

A real connector with its simulator takes the place of a `Counterpart` by offering the same: what it is called, how
many calls it allows at once, how long one takes there, how many it has had, and the fewest that the vendor's limits
allow.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from baton.contracts import OwnershipScan, RightsScan
from baton.model.account import AccountRef, Receipt
from baton.model.handover import Activity, Grant, Holding, HoldingKind, HoldingRef, Message, Transfer, Undo
from tests.rig.belongings import RecordingTarget


class Counterpart(Protocol):
    """One system of the bench."""

    @property
    def name(self) -> str:
        """As the vendor is called."""
        ...

    @property
    def at_once(self) -> int:
        """How many calls it allows at the same time."""
        ...

    @property
    def latency_s(self) -> float:
        """How long one call takes there."""
        ...

    def calls(self) -> Counter[str]:
        """The calls it has had: ``reading``, ``passing_on``, ``proving``."""
        ...

    def fewest(self, holdings: int) -> Counter[str]:
        """The fewest calls of each sort in which so many holdings can be shown, passed on, and shown again."""
        ...


@dataclass
class Meter:
    """Counts calls, and lets each of them take as long as it would."""

    latency_s: float
    counts: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, what: str) -> None:
        """One call of a sort."""
        with self._lock:
            self.counts[what] += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(self.latency_s)
        with self._lock:
            self._now -= 1


class MeteredTarget(RecordingTarget, OwnershipScan, RightsScan):
    """A keeper with a vendor's limits. ``meter`` is shared by all connectors of one system."""

    meter: ClassVar[Meter]
    page: ClassVar[int]
    batch_limit: ClassVar[int] = 1000
    transfers: ClassVar[Mapping[HoldingKind, Undo]] = {HoldingKind.CLIENT: Undo.REVERSIBLE}

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        held = self.things.of(person.external_id or "nobody")
        for start in range(0, max(len(held), 1), self.page):
            self.meter.call("reading")
            yield held[start : start + self.page]

    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        ids = {person.external_id for person in people}
        held = [(holder, self.things.holdings[ref]) for ref, holder in self.things.holders.items() if holder in ids]
        for start in range(0, max(len(held), 1), self.page):
            self.meter.call("reading")
            yield held[start : start + self.page]

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        assert len(refs) <= self.holders_limit
        self.meter.call("proving")
        return super().holders(refs)

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        self.meter.call("passing_on")
        return super().transfer(transfers)

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        self.meter.call("rights")
        return []

    def grants_of(self, people: Sequence[AccountRef]) -> Sequence[Sequence[Grant]]:
        self.meter.call("rights")
        return [[] for _ in people]

    def activities(
        self, since: datetime, until: datetime, clients: Sequence[HoldingRef], people: Sequence[AccountRef]
    ) -> Iterator[Sequence[Activity]]:
        self.meter.call("watching")
        return super().activities(since, until, clients, people)

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        self.meter.call("telling")
        return super().notify(messages)

    def find(self, refs: Sequence[AccountRef]) -> Any:
        self.meter.call("accounts")
        return super().find(refs)


@dataclass(frozen=True)
class Stand:
    """A `Counterpart` of the rig's, with the limits of a vendor."""

    name: str
    kind: type[MeteredTarget]
    at_once: int

    @property
    def latency_s(self) -> float:
        return self.kind.meter.latency_s

    def calls(self) -> Counter[str]:
        return Counter(self.kind.meter.counts)

    def fewest(self, holdings: int) -> Counter[str]:
        kind = self.kind
        limits = {"reading": kind.page, "passing_on": kind.transfer_limit, "proving": kind.holders_limit}
        return Counter({what: -(-holdings // limit) for what, limit in limits.items()})


def stand(name: str, *, page: int, transfer_limit: int, holders_limit: int, latency_s: float, at_once: int) -> Stand:
    """A system with these limits."""
    limits = {"page": page, "transfer_limit": transfer_limit, "holders_limit": holders_limit}
    kind = type(name, (MeteredTarget,), {**limits, "meter": Meter(latency_s)})
    return Stand(name, kind, at_once)
