"""How much a reader puts up with: `Strict` stops at the first fault of form, `Tolerant` notes it and reads on.

Banks send files that break the schema of their own message; the money has moved all the same. What would make an
answer or an amount ambiguous is never tolerated: readers raise that themselves. What a well-formed file says that
cannot be right (balances that do not add up) is a finding under both: it is for people to look into, not a reason
to look away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from baton.banking.refused import BankFileRefusedError
from baton.errors import Fault

_MOST_KEPT: Final = 200


class Kept:
    """Faults in the order they came; the first ones in full."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """One more."""
        self.count += 1
        if len(self._kept) < _MOST_KEPT:
            self._kept.append(fault)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._kept)

    def __len__(self) -> int:
        return self.count


class Leniency(Protocol):
    """Where a reader takes what is wrong with a file that can still be understood."""

    findings: Kept
    warnings: Kept
    """Faults of form that were put up with."""

    def note(self, fault: Fault) -> None:
        """A fault of form: raise, or remember."""
        ...

    def find(self, finding: Fault) -> None:
        """What the file says cannot be right: remember."""
        ...


class Strict:
    """A fault of form is a refusal."""

    def __init__(self) -> None:
        self.findings = Kept()
        self.warnings = Kept()

    def note(self, fault: Fault) -> None:
        """Raise `BankFileRefusedError`."""
        raise BankFileRefusedError(fault)

    def find(self, finding: Fault) -> None:
        """Keep it."""
        self.findings.add(finding)


class Tolerant:
    """A fault of form is a warning."""

    def __init__(self) -> None:
        self.findings = Kept()
        self.warnings = Kept()

    def note(self, fault: Fault) -> None:
        """Keep it."""
        self.warnings.add(fault)

    def find(self, finding: Fault) -> None:
        """Keep it."""
        self.findings.add(finding)
