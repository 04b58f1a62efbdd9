"""Fake targets of the four promise classes over a `Truth`, with a place to plug trouble in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from baton.contracts import ConnectorSettings, Finding, LookupTarget, Promise, Rate, RemovalTarget
from baton.model.account import Account, AccountRef, AccountWrite, FieldSpec, FieldType, Receipt
from tests.rig.truth import Truth

Receive = Callable[["FakeTarget", Sequence[AccountWrite]], Sequence[Receipt]]
Look = Callable[["FakeTarget", Sequence[Any]], None]

FIELDS: Mapping[str, FieldSpec] = {
    "name": FieldSpec(required=True, personal=True),
    "title": FieldSpec(),
    "department": FieldSpec(),
    "mobile": FieldSpec(personal=True),
    "manager": FieldSpec(type=FieldType.REFERENCE),
    "pin": FieldSpec(readable=False),
}


class NoClient:
    """Fakes reach nothing."""

    def close(self) -> None:
        pass


class NoSettings(ConnectorSettings):
    pass


def obey(target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
    """A target without trouble."""
    return [target.act(write) for write in writes]


class FakeTarget(RemovalTarget):
    """Base. ``receive`` handles writes and ``look`` sees every reading first; both may raise."""

    title: ClassVar[str] = "Fake"
    Settings = NoSettings
    rate: ClassVar[Rate] = Rate(1000, burst=1000)
    promise: ClassVar[Promise] = Promise.UPSERT
    batch_limit: ClassVar[int] = 50
    fields: ClassVar[Mapping[str, FieldSpec]] = FIELDS

    def __init__(self, truth: Truth, receive: Receive = obey, look: Look = lambda *_: None) -> None:
        super().__init__(NoSettings(), NoClient())  # type: ignore[arg-type]
        self.truth = truth
        self.receive = receive
        self.look = look

    def act(self, write: AccountWrite) -> Receipt:
        """What this class of target does with one write that has reached it."""
        return Receipt.done(self.truth.apply(write))

    def check(self) -> Sequence[Finding]:
        return []

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        self.look(self, refs)
        return [self.truth.account(ref.number) for ref in refs]

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        return self.receive(self, writes)

    update = disable = enable = remove = provision

    def scan(self) -> Iterator[Account]:
        for number in sorted(self.truth.accounts):
            account = self.truth.account(number)
            assert account is not None
            yield account


class KeyTarget(FakeTarget):
    """Class A: a key that it has seen has no second effect."""

    title = "Fake, honours keys"
    promise = Promise.KEY

    def act(self, write: AccountWrite) -> Receipt:
        with self.truth.lock:
            known = self.truth.keys.get(write.key)
            return Receipt.done(self.truth.apply(write) if known is None else known)


class AskedByKeyTarget(KeyTarget, LookupTarget):
    """Class A that can also be asked what became of a key."""

    title = "Fake, honours keys and tells about them"

    def look_up(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        self.look(self, writes)
        known = self.truth.keys
        return [
            Receipt.done(known[w.key]) if w.key in known else Receipt.not_performed("unknown_key", "never seen")
            for w in writes
        ]


class ConditionTarget(FakeTarget):
    """Class B: writes only over exactly what the writer has read."""

    title = "Fake, conditional"
    promise = Promise.CONDITION

    def act(self, write: AccountWrite) -> Receipt:
        with self.truth.lock:
            current = self.truth.account(write.ref.number)
            expected = write.expected.version if write.expected else None
            if (current.version if current else None) != expected:
                return Receipt.not_performed("precondition", "changed since it was read")
            return Receipt.done(self.truth.apply(write))


class UpsertTarget(FakeTarget):
    """Class C: whatever arrives is written."""

    title = "Fake, plain upsert"


class BlindTarget(FakeTarget):
    """Class D: takes writes and shows nothing."""

    title = "Fake, blind"
    promise = Promise.BLIND

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        self.look(self, refs)
        return [None] * len(refs)

    def scan(self) -> Iterator[Account]:
        return iter(())
