"""Nine kinds of trouble between the hub and a target, and crashes, all drawn from one seeded source."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from baton.errors import HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import AccountWrite, Receipt
from tests.rig.clock import VirtualClock
from tests.rig.targets import FakeTarget

KINDS = (
    "unreachable",
    "lost_reply",
    "error_after_acting",
    "late_commit",
    "garbled",
    "throttled",
    "unauthorised",
    "slow",
    "partial",
)
POISON = "毒"
"""A title that makes the target refuse the whole call it travels in."""


class Crash(BaseException):
    """The process ends here. Not an Exception, so that nothing can handle it."""


@dataclass
class Trouble:
    """One target's bad days. Late arrivals live here: they happen whether or not the hub is running."""

    chance: random.Random
    clock: VirtualClock
    note: Callable[[str], None]
    fault_share: float = 0.20
    crash_share: float = 0.02
    rival: Callable[[], None] = lambda: None
    """Lets another worker go over the same effects while this call hangs."""
    late_s: Sequence[float] = (5.0, 60.0, 900.0)
    """What arrives late arrives within one of these, counted by no clock that anybody can set."""
    faults: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    _late: list[tuple[float, int, FakeTarget, AccountWrite]] = field(default_factory=list)
    _serial: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.clock.on_advance = self.arrive

    def calm(self) -> None:
        """No more trouble from here on."""
        self.fault_share = self.crash_share = 0.0

    def arrive(self) -> None:
        """Let everything that is late and due by now take effect."""
        while self._late and self._late[0][0] <= self.clock.monotonic():
            _, _, target, write = heapq.heappop(self._late)
            target.act(write)
            self.note(f"late arrival {self.named(write)}")

    def named(self, write: Any) -> str:
        """A write in the trace."""
        return f"{write.key[:8]}v{write.version}"

    def poisoned(self, writes: Sequence[Any]) -> bool:
        """Whether the target refuses the whole call for what is in it."""
        return any(write.fields.get("title") == POISON for write in writes)

    def crash_point(self, name: str) -> None:
        """Given to the hub: ends the process now and then, at every named step."""
        if self.crash_share and self.chance.random() < self.crash_share:
            self.crashes[name] += 1
            self.note(f"crash {name}")
            raise Crash(name)

    def look(self, target: FakeTarget, asked: Sequence[Any]) -> None:
        """Trouble on the way of a reading."""
        if self.chance.random() >= self.fault_share:
            return
        kind = self.chance.choice(("unreachable", "throttled", "unauthorised", "garbled", "slow"))
        self.faults[f"reading {kind}"] += 1
        self.note(f"reading {kind}")
        if kind == "slow":
            self.clock.sleep(self.chance.uniform(1, 60))
            return
        raise {
            "unreachable": RetryableError("connection refused", code="unreachable"),
            "throttled": RetryableError("slow down", code="http_429", retry_after_s=self.chance.uniform(1, 90)),
            "unauthorised": HaltError("the token was refused", code="http_401"),
            "garbled": InDoubtError("the answer is no JSON", code="garbled"),
        }[kind]

    def receive(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Trouble on the way of a call that writes."""
        self.note(f"call {writes[0].action} {' '.join(map(self.named, writes))}")
        if self.poisoned(writes):
            self.faults["poison"] += 1
            raise RejectedError("the call holds a title that is not allowed", code="title", remedy="correct the title")
        self.crash_point("before_acting")
        if self.chance.random() >= self.fault_share:
            receipts = [target.act(write) for write in writes]
            self.crash_point("after_acting")
            return receipts
        kind = self.chance.choice(KINDS)
        self.faults[kind] += 1
        self.note(f"trouble {kind}")
        trouble: Callable[[FakeTarget, Sequence[AccountWrite]], Sequence[Receipt]] = getattr(self, f"_{kind}")
        return trouble(target, writes)

    def _unreachable(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        raise RetryableError("connection refused", code="unreachable")

    def _throttled(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        raise RetryableError("slow down", code="http_429", retry_after_s=self.chance.uniform(1, 90))

    def _unauthorised(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        raise HaltError("the token was refused", code="http_401", remedy="renew the credentials")

    def _lost_reply(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        for write in writes:
            target.act(write)
        raise InDoubtError("the connection was reset", code="reset")

    def _error_after_acting(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        for write in writes[: self.chance.randint(0, len(writes))]:
            target.act(write)
        raise InDoubtError("internal server error", code="http_500")

    def _late_commit(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        longest = self.chance.choice(self.late_s)
        at = self.clock.monotonic() + self.chance.uniform(0.5, longest)
        for write in writes:
            heapq.heappush(self._late, (at, next(self._serial), target, write))
        raise InDoubtError("no answer in time", code="timeout")

    def _garbled(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        receipts = [target.act(write) for write in writes]
        shape = self.chance.randint(0, 2)
        if shape == 0:
            raise InDoubtError("the answer is no JSON", code="garbled")
        return receipts[:-1] if shape == 1 else [*receipts, Receipt.done("x0")]

    def _slow(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        seconds = self.chance.choice((5.0, 60.0, 400.0))
        self.clock.sleep(seconds)
        if seconds > 300:  # longer than the lease: somebody else takes over, and this one comes back from the dead
            self.rival()
        return [target.act(write) for write in writes]

    def _partial(self, target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        return [self._one_of_many(target, write) for write in writes]

    def _one_of_many(self, target: FakeTarget, write: AccountWrite) -> Receipt:
        lot = self.chance.random()
        if lot < 0.6:
            return target.act(write)
        if lot < 0.8:
            return Receipt.not_performed("busy", "the record is locked", retry_after_s=self.chance.uniform(0.1, 5))
        if lot < 0.9:
            target.act(write)
        return Receipt.in_doubt("no_status", "no status for this record")
