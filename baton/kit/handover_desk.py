"""The bench as the laws of handovers see it: people and what they hold planted there, read and given away."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from baton.contracts import OwnershipStore, TransferResults, WorkSource, WorkTransfer
from baton.kit.bench import Bench, LawBrokenError, expect
from baton.kit.record_desk import insist
from baton.model.account import AccountRef, Outcome, Receipt
from baton.model.handover import Holding, HoldingKind, HoldingRef, Transfer, Undo

LEAVER: Final = 1
SUCCESSOR: Final = 2
OTHER: Final = 3
"""The numbers of the people of these laws."""
STRANGER: Final = 9_998
"""The number of somebody who has no account there."""
_SERIALS: Final = itertools.count(1)
"""Of keys: one bench may have several desks, and what shares a key is one write."""

Read = Callable[[AccountRef], Iterator[Sequence[Holding]]]
Ask = Callable[[Sequence[HoldingRef]], Sequence[str | None]]
Give = Callable[[Sequence[Transfer]], Sequence[Receipt]]


class People:
    """The people of one bench, each given an account on the other side when first asked for."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def person(self, n: int) -> AccountRef:
        """The n-th person, who has an account there."""
        if n not in self.bench.accounts:
            seed = getattr(self.bench.counterpart, "seed_person", None)
            if seed is None:
                raise LawBrokenError("the counterpart has no seed_person, so nothing shows that the law holds")
            self.bench.accounts[n] = str(seed(n))
        return AccountRef(f"{n:04d}", self.bench.accounts[n])

    def id(self, n: int) -> str:
        """The external id of the n-th person."""
        found = self.person(n).external_id
        assert found is not None
        return found

    def numbers(self, sort: str, count: int) -> range:
        """The numbers of so many new things of a sort on this bench."""
        first = self.bench.planted[sort] + 1
        self.bench.planted[sort] += count
        return range(first, first + count)

    def key(self) -> str:
        """A key no write has had: 64 hex digits."""
        return hashlib.sha256(f"handover:{next(_SERIALS)}".encode()).hexdigest()

    def small_pages(self) -> None:
        """Let the other side give few things at once, where it can."""
        if hasattr(self.bench.counterpart, "page_size"):
            self.bench.counterpart.page_size = 3

    def nobody(self) -> AccountRef:
        """Somebody whose external id looks like the others and is nobody's."""
        known = getattr(self.bench.counterpart, "unknown_person", None) or unlike(self.id(LEAVER))
        return AccountRef(f"{STRANGER:04d}", str(known))


class HoldingsDesk(People):
    """What people hold of one sort (owned records, or open work): planted by other means, read by the connector."""

    def __init__(self, bench: Bench, read: Read, kinds: Iterable[HoldingKind]) -> None:
        super().__init__(bench)
        self._read = read
        self.kinds = sorted(kinds)
        """The kinds that can be planted."""
        if not self.kinds:
            raise LawBrokenError("the counterpart plants no holding of this sort, so nothing shows that the law holds")

    def plant(self, kind: HoldingKind, holder: int, count: int = 1) -> list[HoldingRef]:
        """New holdings of a person."""
        counterpart, who, numbers = self.bench.counterpart, self.id(holder), self.numbers(kind, count)
        if hasattr(counterpart, "seed_holdings"):
            planted = counterpart.seed_holdings(kind.value, numbers, who)
        else:
            planted = [counterpart.seed_holding(kind.value, n, who) for n in numbers]
        return [HoldingRef(kind, str(external_id)) for external_id in planted]

    def plant_each(self, holder: int, count: int = 1) -> list[HoldingRef]:
        """New holdings of a person, so many of every kind."""
        return [ref for kind in self.kinds for ref in self.plant(kind, holder, count)]

    def change(self, ref: HoldingRef) -> None:
        """Something that a successor should know changes."""
        self.bench.counterpart.change_holding(ref.kind.value, ref.external_id)

    def give_away(self, ref: HoldingRef, to: int) -> None:
        """Somebody else gives it to another person meanwhile."""
        self.bench.counterpart.give_away(ref.kind.value, ref.external_id, self.id(to))

    def pages(self, person: AccountRef) -> list[Holding]:
        """Everything that the connector reads of a person, in its order."""
        return [holding for page in self._read(person) for holding in page]

    def held(self, person: int) -> dict[HoldingRef, Holding]:
        """The same of somebody with an account, each by its name."""
        listed = self.pages(self.person(person))
        found = {holding.ref: holding for holding in listed}
        expect(len(found) == len(listed), "a holding is listed more than once")
        return found

    def one(self, person: int, ref: HoldingRef) -> Holding:
        """One holding as the connector reads it from its holder, who must have it."""
        found = self.held(person).get(ref)
        if found is None:
            raise LawBrokenError(f"one {ref.kind} is not listed with the person who holds it")
        return found


class GivingDesk(HoldingsDesk):
    """What can be given to somebody else, too."""

    def __init__(
        self,
        bench: Bench,
        read: Read,
        kinds: Iterable[HoldingKind],
        ask: Ask,
        give: Give,
        undo: Mapping[HoldingKind, Undo],
        limit: int,
    ) -> None:
        super().__init__(bench, read, kinds)
        self._ask = ask
        self._give = give
        self.undo = undo
        self.limit = limit
        self._batches: dict[str, str] = {}

    @property
    def given(self) -> list[HoldingKind]:
        """The kinds that can be planted and given."""
        found = [kind for kind in self.kinds if kind in self.undo]
        expect(found, "no kind that the connector says it can give can be planted, so nothing shows that the law holds")
        return found

    def transfer(self, ref: HoldingRef, holder: int = LEAVER, successor: int = SUCCESSOR) -> Transfer:
        """One holding from one person to another, under a new key."""
        return Transfer(self.key(), ref, self.person(holder), self.person(successor))

    def transfers(self, refs: Iterable[HoldingRef]) -> list[Transfer]:
        """These holdings from the leaver to the successor."""
        return [self.transfer(ref) for ref in refs]

    def call(self, transfers: Sequence[Transfer]) -> list[Receipt]:
        """Give in calls of at most the limit; connector errors pass through."""
        receipts: list[Receipt] = []
        starts = range(0, len(transfers), self.limit) or [0]  # a call of nothing is a call
        for start in starts:
            part = self._one_call(transfers[start : start + self.limit])
            answer = list(self._give(part))
            expect(len(answer) == len(part), f"{len(answer)} receipts for {len(part)} transfers, one each is the law")
            receipts += answer
        return receipts

    def _one_call(self, transfers: Sequence[Transfer]) -> list[Transfer]:
        batch_id = hashlib.sha256("\n".join(each.key for each in transfers).encode()).hexdigest()[:32]
        self._batches.update((each.key, batch_id) for each in transfers)
        return self._as_sent(transfers)

    def _as_sent(self, transfers: Sequence[Transfer]) -> list[Transfer]:
        return [replace(each, batch_id=self._batches.get(each.key, each.batch_id)) for each in transfers]

    def settled(self, transfers: Sequence[Transfer], receipts: Sequence[Receipt]) -> list[Receipt]:
        """The receipts after the other side has decided on what it only accepted."""
        pending = [at for at, receipt in enumerate(receipts) if receipt.outcome is Outcome.ACCEPTED]
        if not pending:
            return list(receipts)
        decide = getattr(self.bench.counterpart, "settle", None)
        expect(decide, "a transfer is only accepted, and the counterpart has no settle() that decides on it")
        self.bench.counterpart.settle()
        final = dict(zip(pending, self.results([transfers[at] for at in pending]), strict=True))
        return [final.get(at, receipt) for at, receipt in enumerate(receipts)]

    def results(self, transfers: Sequence[Transfer]) -> list[Receipt]:
        """What the connector says has become of accepted transfers."""
        connector = self.bench.connector
        expect(isinstance(connector, TransferResults), "a transfer is accepted, yet the connector has no results of it")
        found = list(connector.transfer_results(self._as_sent(transfers)))
        expect(
            len(found) == len(transfers), f"{len(found)} results for {len(transfers)} transfers, one each is the law"
        )
        return found

    def final(self, transfers: Sequence[Transfer]) -> list[Receipt]:
        """What became of transfers in the end."""
        return self.settled(transfers, self.call(transfers))

    def perform(self, transfers: Sequence[Transfer]) -> None:
        """Give and insist that it is done."""
        insist(Outcome.DONE, self.final(transfers), "giving what the expected person holds")

    # --- looking

    def holder(self, ref: HoldingRef) -> str | None:
        """Who holds it, as the other side itself sees it."""
        found: str | None = self.bench.counterpart.holder_of(ref.kind.value, ref.external_id)
        return found

    def asked(self, refs: Sequence[HoldingRef]) -> list[str | None]:
        """Who holds these, as the connector says."""
        found = list(self._ask(refs))
        expect(len(found) == len(refs), f"{len(found)} holders for {len(refs)} holdings, one each is the law")
        return found

    def expect_holder(self, refs: Iterable[HoldingRef], person: int, when: str) -> None:
        """Insist that a person holds all of these: the other side says so, and the connector too."""
        listed, who = list(refs), self.id(person)
        for ref in listed:
            expect(self.holder(ref) == who, f"{when}, the other side says that somebody else holds the {ref.kind}")
        wrong = [ref.kind for ref, found in zip(listed, self.asked(listed), strict=True) if found != who]
        expect(not wrong, f"{when}, the connector names another holder of {', '.join(wrong)} than the other side")

    def missing(self, kind: HoldingKind) -> HoldingRef:
        """A holding that is not there, named as one might be."""
        (known,) = self.plant(kind, OTHER)
        return HoldingRef(kind, unlike(known.external_id))


def unlike(known: str) -> str:
    """An id of the same form that, as good as surely, nobody has.

    >>> unlike("17"), unlike("ou_7d8a6e6df7621556"), unlike("0035g00000ABCdEAAW")
    ('2000000017', 'ou_0000000000000000', '003000000000000000')
    """
    if known.isdecimal():
        return str(2_000_000_000 + int(known) % 1_000_000)
    return known[:3] + re.sub(r"[A-Za-z0-9]", "0", known[3:]) if len(known) > 6 else f"{known}0000"


def holding_kinds(bench: Bench) -> set[HoldingKind]:
    """The kinds that the counterpart can plant."""
    kinds = getattr(bench.counterpart, "holding_kinds", None)
    if not kinds:
        raise LawBrokenError("the counterpart has no holding_kinds, so nothing shows that the law holds")
    return {HoldingKind(kind) for kind in kinds}


def _work_kinds(bench: Bench) -> frozenset[HoldingKind]:
    return bench.connector.work_kinds if isinstance(bench.connector, WorkSource) else frozenset()


def owned_desk(bench: Bench) -> GivingDesk:
    """What an `OwnershipStore` is about: whatever can be planted and is not work."""
    store = bench.connector
    assert isinstance(store, OwnershipStore)
    kinds = holding_kinds(bench) - _work_kinds(bench)
    return GivingDesk(bench, store.owned, kinds, store.holders, store.transfer, store.transfers, store.transfer_limit)


def work_desk(bench: Bench) -> HoldingsDesk:
    """What a `WorkSource` is about."""
    source = bench.connector
    assert isinstance(source, WorkSource)
    return HoldingsDesk(bench, source.work, holding_kinds(bench) & source.work_kinds)


def reassigning_desk(bench: Bench) -> GivingDesk:
    """What a `WorkTransfer` is about."""
    source = bench.connector
    assert isinstance(source, WorkTransfer)
    kinds = holding_kinds(bench) & source.work_kinds
    methods = (source.workers, source.reassign)
    return GivingDesk(bench, source.work, kinds, *methods, source.reassigns, source.reassign_limit)


def giving_desks(bench: Bench) -> list[GivingDesk]:
    """Every sort of holding that this connector can give to somebody else."""
    desks = [owned_desk(bench)] if isinstance(bench.connector, OwnershipStore) else []
    return desks + ([reassigning_desk(bench)] if isinstance(bench.connector, WorkTransfer) else [])


__all__ = [
    "LEAVER",
    "OTHER",
    "STRANGER",
    "SUCCESSOR",
    "GivingDesk",
    "HoldingsDesk",
    "People",
    "giving_desks",
    "owned_desk",
    "reassigning_desk",
    "unlike",
    "work_desk",
]
