"""A bank's file that is not read, and why."""

from __future__ import annotations

from collections.abc import Sequence

from baton.errors import BatonError, Fault


class BankFileRefusedError(BatonError):
    """Nothing of this file may be believed: it is hostile, broken, or says something nobody here knows.

    Each fault names file, line or element, and rule. What stands in the file is never repeated: it is about people.
    """

    code = "bank_file_refused"

    def __init__(self, *faults: Fault, remedy: str = "keep the file and ask the bank for a correct one") -> None:
        self.faults: Sequence[Fault] = faults
        lines = "".join(f"\n  {fault}" for fault in faults)
        super().__init__(f"a file of the bank was refused:{lines}\n", remedy=remedy)
