"""Systems in which leavers hold things: three kinds over one truth that remembers who changed what, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from baton.contracts import OwnershipScan, RightsScan, TransferResults, WorkTransfer
from baton.model.account import Account, AccountRef, Receipt
from baton.model.handover import Grant, GrantChange, Holding, HoldingKind, HoldingRef, SessionEnd, Transfer, Undo
from tests.rig.belongings import Belongings, KeeperTarget

HUB = "hub"


@dataclass(frozen=True, slots=True)
class Move:
    """One change of holder that took effect."""

    serial: int
    ref: HoldingRef
    before: str
    after: str
    by: str
    """`HUB`, or who else did it."""
    key: str = ""
    """The effect, where it was the hub."""
    content: Holding | None = None
    """What it was like at that moment."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One write of a call, whatever it is about."""

    key: str
    action: str
    do: Callable[[], Receipt]


@dataclass
class Things(Belongings):
    """The truth of one system, with its history."""

    now: Callable[[], int] = lambda: 0
    """The serial number of whatever happens next, anywhere in the world."""
    history: list[Move] = field(default_factory=list)
    contents: dict[HoldingRef, list[tuple[int, Holding]]] = field(default_factory=dict)
    """Since when each holding is like what."""
    revoked: list[tuple[int, str, str, str]] = field(default_factory=list)
    """(serial, person, right, effect key)."""
    sent: dict[str, int] = field(default_factory=dict)
    """Effect key -> when it was first on its way."""
    read: dict[str, int] = field(default_factory=dict)
    """Holder -> when a reading of all they own, which came to its end, began."""
    reading: dict[str, int] = field(default_factory=dict)
    """The same for readings that have not come to their end yet."""

    def plant(self, kind: HoldingKind, n: int, holder: str, **more: object) -> HoldingRef:
        ref = super().plant(kind, n, holder, **more)
        self.contents[ref] = [(self.now(), self.holdings[ref])]
        return ref

    def change(self, ref: HoldingRef, **facts: object) -> None:
        super().change(ref, **facts)
        self.contents[ref].append((self.now(), self.holdings[ref]))

    def move(self, ref: HoldingRef, to: str, by: str, key: str = "") -> None:
        """The holder changes: at every moment there is one."""
        before = self.holders[ref]
        self.holders[ref] = to
        self.history.append(Move(self.now(), ref, before, to, by, key, self.holdings[ref]))

    def close(self, ref: HoldingRef) -> None:
        """A thing ends: nobody holds it any more."""
        del self.holders[ref]
        self.holdings.pop(ref)


def _expected(each: Transfer, now: str) -> bool:
    """A vendor keeps the condition it is given, and gives anything to anybody where it is given none."""
    return each.holder.external_id is None or now == each.holder.external_id


class TroubledTarget(KeeperTarget):
    """A keeper whose calls go through whatever trouble there is (``receive``, ``look``)."""

    deaf_share: ClassVar[float] = 0.0
    chance: ClassVar[Any]
    meddle: Callable[[], None] = staticmethod(lambda: None)
    """Called in the middle of everything: the world does not wait for us."""

    @property
    def things(self) -> Things:
        things: Things = self.truth.belongings
        return things

    def act(self, write: Any) -> Receipt:
        return write.do() if isinstance(write, Deed) else super().act(write)

    def _carry_out(self, deeds: Sequence[Deed]) -> Sequence[Receipt]:
        for deed in deeds:
            self.things.sent.setdefault(deed.key, self.things.now())
        self.meddle()
        receipts = self.receive(self, deeds)  # type: ignore[arg-type]
        self.meddle()
        return receipts

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        """Every look begins with the accounts: what a look that came to nothing has read is nobody's any more."""
        for ref in refs:
            self.things.read.pop(str(ref.external_id), None)
        return super().find(refs)

    def _trouble(self, people: Sequence[AccountRef]) -> None:
        """What is read of these people may fail here; then nothing was read."""
        began = {str(each.external_id): self.things.reading.pop(str(each.external_id), None) for each in people}
        self.look(self, people)
        self.things.reading.update((person, at) for person, at in began.items() if at is not None)

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        self._trouble([person])
        self.things.reading[str(person.external_id)] = self.things.now()
        yield from super().owned(person)

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        self.look(self, refs)
        return super().holders(refs)

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        assert len(transfers) <= self.transfer_limit
        return self._carry_out([Deed(t.key, "transfer", lambda t=t: self._transfer(t)) for t in transfers])

    def _transfer(self, each: Transfer) -> Receipt:
        now = self.things.holders.get(each.ref)
        if now is not None and now == each.successor.external_id:
            return Receipt.done(each.ref.external_id)
        if now is None or not _expected(each, now):
            return Receipt.refused(self.CHANGED, "somebody else has it")
        if not (self.deaf or (self.deaf_share and self.chance.random() < self.deaf_share)):
            self.things.move(each.ref, str(each.successor.external_id), HUB, each.key)
        return Receipt.done(each.ref.external_id)

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        self._trouble([person])
        return self._shown_to_the_end(person)

    def _shown_to_the_end(self, person: AccountRef) -> Sequence[Grant]:
        began = self.things.reading.pop(str(person.external_id), None)
        if began is not None:
            self.things.read[str(person.external_id)] = began
        return super().grants(person)

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        return self._carry_out([Deed(c.key, "revoke", lambda c=c: self._revoke(c)) for c in changes])

    def _revoke(self, change: GrantChange) -> Receipt:
        person = change.person.external_id or ""
        having = self.things.grants.get(person, set())
        if change.grant_id in having and not (self.deaf_share and self.chance.random() < self.deaf_share):
            having.discard(change.grant_id)
            self.things.revoked.append((self.things.now(), person, change.grant_id, change.key))
        return Receipt.done()

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        return self._carry_out(
            [Deed(c.key, "entitle", lambda c=c: super(TroubledTarget, self).entitle([c])[0]) for c in changes]
        )

    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        return self._carry_out(
            [Deed(e.key, "end_sessions", lambda e=e: super(TroubledTarget, self).end_sessions([e])[0]) for e in ends]
        )


class ScanningTarget(TroubledTarget, OwnershipScan, RightsScan):
    """One that shows everybody's belongings in one pass."""

    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        self._trouble(people)
        self.things.reading.update((str(person.external_id), self.things.now()) for person in people)
        for person in people:
            yield [(str(person.external_id), holding) for holding in self.things.of(str(person.external_id))]
            self.meddle()

    def grants_of(self, people: Sequence[AccountRef]) -> Sequence[Sequence[Grant]]:
        self._trouble(people)
        return [self._shown_to_the_end(person) for person in people]


class PromisingSystem(TroubledTarget, TransferResults):
    """One whose yes is a promise: the client may refuse, and nothing moves before they have answered."""

    transfers: ClassVar[Mapping[HoldingKind, Undo]] = {HoldingKind.CLIENT: Undo.REVERSIBLE}

    def _transfer(self, each: Transfer) -> Receipt:
        now = self.things.holders.get(each.ref)
        if now is not None and now == each.successor.external_id:
            return Receipt.done(each.ref.external_id)
        if now is None or not _expected(each, now):
            return Receipt.refused(self.CHANGED, "somebody else has it")
        self.things.promises[each.ref] = each  # type: ignore[assignment]
        return Receipt.accepted(each.ref.external_id)

    def transfer_results(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        self.look(self, transfers)
        return [self._result(each) for each in transfers]

    def _result(self, each: Transfer) -> Receipt:
        promised: Any = self.things.promises.get(each.ref)
        if promised is not None and promised.key == each.key:
            return Receipt.accepted(each.ref.external_id)
        now = self.things.holders.get(each.ref)
        if now is not None and now == each.successor.external_id:
            return Receipt.done(each.ref.external_id)
        if now is None or now != each.holder.external_id:
            return Receipt.refused(self.CHANGED, "somebody else has it by now")
        return Receipt.refused("client_refused", "the client does not want to", remedy="call the client")

    def answer(self, refuses: Callable[[], bool]) -> None:
        """The clients answer."""
        for ref, promised in sorted(self.things.promises.items(), key=lambda each: str(each[0])):
            each: Any = promised
            now = self.things.holders.get(ref)
            if not refuses() and now is not None and _expected(each, now):
                self.things.move(ref, each.successor.external_id, HUB, each.key)
        self.things.promises.clear()


class WorkingTarget(TroubledTarget, WorkTransfer):
    """One with open work as well: approvals that end by themselves, and expenses that nobody can pass on."""

    work_kinds: ClassVar[frozenset[HoldingKind]] = frozenset({HoldingKind.APPROVAL, HoldingKind.EXPENSE})
    reassigns: ClassVar[Mapping[HoldingKind, Undo]] = {HoldingKind.APPROVAL: Undo.IRREVERSIBLE}
    reassign_limit: ClassVar[int] = 2

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        for page in super().owned(person):
            yield [holding for holding in page if holding.ref.kind not in self.work_kinds]

    def work(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        self._trouble([person])
        yield [held for held in self.things.of(person.external_id or "nobody") if held.ref.kind in self.work_kinds]

    def workers(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        return self.holders(refs)

    def reassign(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        assert len(transfers) <= self.reassign_limit
        return self.transfer(transfers)
