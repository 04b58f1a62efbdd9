"""The nine kinds of trouble of `tests.simulation`, on the way of a handover's calls; and crashes at its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulation.trouble import Trouble


@dataclass
class HandoverTrouble(Trouble):
    """Writes of a handover have no version and no title."""

    def named(self, write: Any) -> str:
        return f"{write.key[:8]}"

    def poisoned(self, writes: Sequence[Any]) -> bool:
        return False
