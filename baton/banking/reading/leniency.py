"""How much a reader puts up with: `Strict` stops at the first fault, `Tolerant` notes it and reads on.

Banks send files that break the schema of their own message; the money has moved all the same. What would make an
answer or an amount ambiguous is never tolerated: readers raise that themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from baton.banking.refused import BankFileRefusedError
from baton.errors import Fault

_MOST_KEPT: Final = 200


class Leniency(Protocol):
    """Where a reader takes a fault with which the file could still be understood."""

    def note(self, fault: Fault) -> None:
        """Raise, or remember."""
        ...


class Strict:
    """A fault is a refusal."""

    def note(self, fault: Fault) -> None:
        """Raise `BankFileRefusedError`."""
        raise BankFileRefusedError(fault)


class Tolerant:
    """A fault is a warning."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Fault] = []

    def note(self, fault: Fault) -> None:
        """Count it, and keep the first ones."""
        self.count += 1
        if len(self._kept) < _MOST_KEPT:
            self._kept.append(fault)

    @property
    def warnings(self) -> Sequence[Fault]:
        """The first faults; `count` says how many there were."""
        return self._kept
