"""Many receipts at once: what a call with thousands of records answers, without an object for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, overload

from baton.model.account import Outcome, Receipt

_NONE: Final[Mapping[int, Receipt]] = MappingProxyType({})


class Receipts(Sequence[Receipt]):
    """One receipt per record, in order: the common one, but for those named by their position.

    >>> answer = Receipts(3, others={1: Receipt.refused("duplicate", "the code is taken")})
    >>> [receipt.outcome.value for receipt in answer]
    ['done', 'refused', 'done']
    """

    __slots__ = ("common", "length", "others")

    def __init__(
        self, length: int, common: Receipt = Receipt(Outcome.DONE), others: Mapping[int, Receipt] = _NONE
    ) -> None:
        if any(not 0 <= place < length for place in others):
            raise ValueError("a receipt for a record that was not sent")
        self.length = length
        self.common = common
        self.others = others

    @classmethod
    def of(cls, receipts: Sequence[Receipt]) -> Receipts:
        """The same receipts, done ones kept as the common one (what they carry besides the outcome is dropped)."""
        if isinstance(receipts, Receipts) and receipts.common.outcome is Outcome.DONE:
            return receipts
        others = {place: receipt for place, receipt in enumerate(receipts) if receipt.outcome is not Outcome.DONE}
        return cls(len(receipts), others=others)

    def tally(self) -> Counter[Outcome]:
        """How many records have each outcome."""
        found = Counter(receipt.outcome for receipt in self.others.values())
        found[self.common.outcome] += self.length - len(self.others)
        return +found

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, place: int) -> Receipt: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Receipt]: ...
    def __getitem__(self, place: int | slice) -> Receipt | Sequence[Receipt]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(self.length))]
        if not -self.length <= place < self.length:
            raise IndexError(place)
        return self.others.get(place % self.length, self.common)

    def __iter__(self) -> Iterator[Receipt]:
        return (self.others.get(place, self.common) for place in range(self.length))
