"""Where accounts live: one per employee and system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from baton.contracts.base import Connector, Promise
from baton.model.account import Account, AccountRef, AccountWrite, FieldSpec, Receipt


class AccountTarget(Connector):
    """A system in which every employee has (at most) one account."""

    promise: ClassVar[Promise]
    batch_limit: ClassVar[int]
    """The most writes one call of this connector takes."""
    whole_batches: ClassVar[bool] = False
    """True when a call's outcome hangs on the call as a whole (a file): an unfinished batch is repeated unchanged."""
    logs_in: ClassVar[bool] = True
    """False for a list of people (a payee roster): an entry there lets nobody in."""
    fields: ClassVar[Mapping[str, FieldSpec]]

    @abstractmethod
    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        """The accounts of these people, in order; None where there is none.

        One that may be somebody else's comes without its number, or not at all.
        """

    @abstractmethod
    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Create accounts. An account that already exists for the number is taken over and updated, not doubled."""

    @abstractmethod
    def update(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Set the given fields, and only those."""

    @abstractmethod
    def disable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Stop the person from using the account; reversible."""

    @abstractmethod
    def enable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Undo a disable or a removal, setting the given fields as well."""

    @abstractmethod
    def scan(self) -> Iterator[Account]:
        """Every account, whatever number it carries: for reconcile, and for a leaver's that `find` does not give."""


class RemovalTarget(AccountTarget):
    """A target that can also end an account for good (or as good as)."""

    @abstractmethod
    def remove(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """End accounts: delete, deactivate, release the licence. What they own goes to the acceptors in ``fields``."""


class ResultSource(ABC):
    """A target whose "ok" is only a promise."""

    @abstractmethod
    def results(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """What has become of accepted writes: done, refused, or still accepted."""


class LookupTarget(ABC):
    """A target that can be asked by our key what became of a write, better than by comparing fields."""

    @abstractmethod
    def look_up(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Done/accepted if the target has it, not_performed if it certainly has not, in_doubt if it cannot tell."""
