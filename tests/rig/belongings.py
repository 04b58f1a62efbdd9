"""What people hold in a system, as it really is there, and a fake target that owns up to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from baton.contracts import (
    AccessControl,
    ActivitySource,
    BlockerSource,
    Notifier,
    OwnershipStore,
    SessionControl,
    TransferResults,
)
from baton.errors import RetryableError
from baton.model.account import AccountRef, Receipt
from baton.model.handover import (
    Activity,
    Blocker,
    Grant,
    GrantChange,
    Holding,
    HoldingKind,
    HoldingRef,
    Message,
    SessionEnd,
    Transfer,
    Undo,
)
from tests.rig.targets import KeyTarget

PAGE = 3


@dataclass
class Belongings:
    """Who holds what, by the external ids of one system."""

    holdings: dict[HoldingRef, Holding] = field(default_factory=dict)
    holders: dict[HoldingRef, str] = field(default_factory=dict)
    grants: dict[str, set[str]] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    moves: list[tuple[HoldingRef, str, str]] = field(default_factory=list)
    """Every change of holder that took effect: what, from whom, to whom."""
    outbox: list[tuple[str, str, str]] = field(default_factory=list)
    """To whom (employee number), subject, text."""
    activities: list[Activity] = field(default_factory=list)
    promises: dict[HoldingRef, str] = field(default_factory=dict)
    """Transfers that are only promised yet."""

    def plant(self, kind: HoldingKind, n: int, holder: str, **more: object) -> HoldingRef:
        """The n-th holding of a kind."""
        ref = HoldingRef(kind, f"{kind}-{n:05d}")
        self.holdings[ref] = Holding(
            ref, f"测试{kind}{n}䶮", {"region": "华东"}, amount=Decimal(n), currency="CNY", **more
        )  # type: ignore[arg-type]
        self.holders[ref] = holder
        return ref

    def change(self, ref: HoldingRef, **facts: object) -> None:
        """Something about a holding changes."""
        self.holdings[ref] = replace(self.holdings[ref], facts={**self.holdings[ref].facts, **facts})  # type: ignore[dict-item]

    def of(self, holder: str) -> list[Holding]:
        """What one person holds."""
        return [self.holdings[ref] for ref, now in self.holders.items() if now == holder]


class KeeperTarget(KeyTarget, OwnershipStore, AccessControl, SessionControl, BlockerSource):
    """Accounts, records that belong to people, and rights."""

    transfers: ClassVar[Mapping[HoldingKind, Undo]] = {
        HoldingKind.CLIENT: Undo.REVERSIBLE,
        HoldingKind.OPPORTUNITY: Undo.REVERSIBLE,
        HoldingKind.GROUP: Undo.IRREVERSIBLE,
    }
    transfer_limit: ClassVar[int] = 4
    change_limit: ClassVar[int] = 10
    deaf = False
    """True: says yes to every transfer and does nothing."""
    away = False
    """True: cannot be reached."""
    during: Callable[[], None] = staticmethod(lambda: None)
    """Called in the middle of a transfer."""

    @property
    def things(self) -> Belongings:
        return self.truth.belongings

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        if self.away:
            raise RetryableError("the system cannot be reached", code="unreachable")
        held = self.things.of(person.external_id or "nobody")
        yield from (held[start : start + PAGE] for start in range(0, len(held), PAGE))

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        if self.away:
            raise RetryableError("the system cannot be reached", code="unreachable")
        return [self.things.holders.get(ref) for ref in refs]

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        assert len(transfers) <= self.transfer_limit
        return [self._transfer(each) for each in transfers]

    def _transfer(self, each: Transfer) -> Receipt:
        self.during()
        now = self.things.holders.get(each.ref)
        if now == each.successor.external_id:
            return Receipt.done(each.ref.external_id)
        if now != each.holder.external_id:
            return Receipt.refused(self.CHANGED, "somebody else has it")
        if not self.deaf:
            self.give(each.ref, str(each.successor.external_id))
        return Receipt.done(each.ref.external_id)

    def give(self, ref: HoldingRef, to: str) -> None:
        """A change of holder takes effect."""
        self.things.moves.append((ref, self.things.holders[ref], to))
        self.things.holders[ref] = to

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        return [
            Grant(name, f"权限{name}", "role") for name in sorted(self.things.grants.get(person.external_id or "", ()))
        ]

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        for change in changes:
            self.things.grants.get(change.person.external_id or "", set()).discard(change.grant_id)
        return [Receipt.done() for _ in changes]

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        for change in changes:
            self.things.grants.setdefault(change.person.external_id or "", set()).add(change.grant_id)
        return [Receipt.done() for _ in changes]

    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        self.things.sessions -= {end.person.external_id or "" for end in ends}
        return [Receipt.done() for _ in ends]

    def blockers(self, person: AccountRef) -> Sequence[Blocker]:
        held = self.things.of(person.external_id or "nobody")
        return [
            Blocker("group_owner", h.title, "name another owner", h.ref)
            for h in held
            if h.ref.kind is HoldingKind.GROUP
        ]


class PromisingTarget(KeeperTarget, TransferResults):
    """The same, whose yes is only a promise until `decide`."""

    def _transfer(self, each: Transfer) -> Receipt:
        if self.things.holders.get(each.ref) not in (each.holder.external_id, each.successor.external_id):
            return Receipt.refused(self.CHANGED, "somebody else has it")
        self.things.promises[each.ref] = str(each.successor.external_id)
        return Receipt.accepted(each.ref.external_id)

    def transfer_results(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        return [self._result(each) for each in transfers]

    def _result(self, each: Transfer) -> Receipt:
        if each.ref in self.things.promises:
            return Receipt.accepted(each.ref.external_id)
        if self.things.holders.get(each.ref) == each.successor.external_id:
            return Receipt.done(each.ref.external_id)
        return Receipt.refused("client_refused", "the client does not want to", remedy="call the client")

    def decide(self, *refusing: HoldingRef) -> None:
        """The clients answer: these refuse, all others agree."""
        for ref, to in self.things.promises.items():
            if ref not in refusing:
                self.give(ref, to)
        self.things.promises.clear()


class TalkingTarget(KeeperTarget, Notifier):
    """The same, and people can be reached there."""

    message_limit: ClassVar[int] = 5

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        self.things.outbox += [(each.to.number, each.subject, f"{each.text}\n{each.link}") for each in messages]
        return [Receipt.done() for _ in messages]


class RecordingTarget(TalkingTarget, ActivitySource):
    """The same, and it remembers who did what."""

    def activities(
        self, since: datetime, until: datetime, clients: Sequence[HoldingRef], people: Sequence[AccountRef]
    ) -> Iterator[Sequence[Activity]]:
        if self.away:
            raise RetryableError("the system cannot be reached", code="unreachable")
        actors = {person.external_id for person in people}
        yield [
            each
            for each in self.things.activities
            if since <= each.at < until and (each.actor in actors or not set(clients).isdisjoint(each.concerns))
        ]
