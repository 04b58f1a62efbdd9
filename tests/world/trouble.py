"""The nine kinds of trouble of `tests.simulation` on the way of everything a hub of four jobs asks of anybody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from baton.contracts import RecordTarget
from baton.model.account import AccountWrite, Receipt
from tests.payment.door import FolderChannel
from tests.simulation.trouble import Trouble

SESSION_S = 240.0
"""No session with a bank lasts longer: it is shorter than the lease of a delivery, by which the hub knows that it is over."""
STOPPED_WITHIN_S = 2.0
"""So long after a switch was thrown a call may still begin."""


@dataclass
class EverythingsTrouble(Trouble):
    """Writes of all four jobs pass here: none may begin under a switch, and none may change under its key."""

    stopped_at: float | None = None
    """When everything was switched off (``monotonic``); None while it is not."""
    broken: list[str] = field(default_factory=list)
    """What must not have been asked of a system. Noted, not raised: an engine takes an exception here for trouble."""
    payloads: dict[str, Any] = field(default_factory=dict)
    """Effect key -> what was sent under it first."""
    arriving: Callable[[Collection[str]], Iterable[str]] = lambda _: ()
    """Effects of which a write is about to reach a system; what must not be about that."""

    def named(self, write: Any) -> str:
        return f"{write.key[:12]}"

    def poisoned(self, writes: Sequence[Any]) -> bool:
        return isinstance(writes[0], AccountWrite) and super().poisoned(writes)

    def receive(self, target: Any, writes: Sequence[Any]) -> Sequence[Receipt]:
        if self.stopped_at is not None and self.clock.monotonic() - self.stopped_at > STOPPED_WITHIN_S:
            self.broken.append(f"a call ({writes[0].action}) began although everything is switched off")
        if not isinstance(target, RecordTarget):  # of a segment single records arrive
            self.broken += self.arriving([write.key for write in writes])
        for write in writes:
            if isinstance(write, AccountWrite):
                sent = (write.action, dict(write.fields))
                if self.payloads.setdefault(write.key, sent) != sent:
                    self.broken.append(f"one key, two contents: {write.key[:12]}")
        return super().receive(target, writes)

    def _late_commit(self, target: Any, writes: Sequence[Any]) -> Sequence[Receipt]:
        if not isinstance(target, FolderChannel):
            return super()._late_commit(target, writes)
        # A session with a bank ends before anybody is in doubt about it; what a bank takes later than that, after it has
        # said that it does not have it, is beyond what is promised (docs/promises.md).
        self.clock.sleep(self.chance.uniform(0.5, SESSION_S))
        return self._lost_reply(target, writes)

    def _slow(self, target: Any, writes: Sequence[Any]) -> Sequence[Receipt]:
        if isinstance(target, FolderChannel):
            self.clock.sleep(self.chance.uniform(5.0, SESSION_S))
            return [target.act(write) for write in writes]
        return super()._slow(target, writes)
