"""A final settlement that was kept: from what it was worked out, what came out, who did so and who has reviewed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class SettlementState(StrEnum):
    """Where a settlement stands."""

    PREPARED = "prepared"
    REVIEWED = "reviewed"
    """A second person has said yes to its digest."""
    IMPORTED = "imported"
    """It is a line of a pay run."""
    REDONE = "redone"
    """Worked out anew for the same person: what was reviewed of it is void."""
    WITHDRAWN = "withdrawn"

    @property
    def open(self) -> bool:
        """True while it may still become a payable."""
        return self in (SettlementState.PREPARED, SettlementState.REVIEWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSettlement:
    """One settlement with what is known of it."""

    id: str
    number: str
    period: str
    """Of the last day, ``YYYY-MM``: what it is paid for."""
    state: SettlementState
    digest: str
    """SHA-256 (hex) of the calculation, its pack included: what a review is for."""
    pack_version: str
    pack_digest: str
    prepared_by: str
    prepared_at: datetime
    changed_at: datetime
    case: Mapping[str, Any] = field(repr=False)
    """What went in, in the shape of the case file, both days filled in."""
    result: Mapping[str, Any] = field(repr=False)
    """Every line as it came out."""
    reviewed_by: str = ""
    reviewed_as: str = ""
    """The office."""
    reviewed_at: datetime | None = None
    run_id: str = ""
    """The pay run it was drafted into last."""
    version: int = 1
