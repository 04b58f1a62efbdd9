"""What a worker may claim: which effects it is for, how many at once, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from baton.model.effect import ACCOUNT_ACTIONS
from baton.store.tables import effects


@dataclass(frozen=True, slots=True)
class Scope:
    """Which effects of a system a worker is for: it sees no others."""

    actions: frozenset[str]
    run_id: str = ""
    """Only this run's; empty means any."""
    rank_below: int | None = None
    """Only those of a lower rank; None means any."""
    kept: frozenset[str] = frozenset()
    """Numbers of people from whom nothing is taken away: what would is not sent, and is asked about all the same."""

    def where(self) -> list[sa.ColumnElement[bool]]:
        """The conditions on the table of effects."""
        found: list[sa.ColumnElement[bool]] = [effects.c.action.in_(sorted(self.actions))]
        if self.run_id:
            found.append(effects.c.run_id == self.run_id)
        if self.rank_below is not None:
            found.append(effects.c.rank < self.rank_below)
        return found

    def sendable(self) -> list[sa.ColumnElement[bool]]:
        """The conditions on what may be sent."""
        if not self.kept:
            return self.where()
        return [*self.where(), sa.or_(sa.not_(effects.c.destructive), effects.c.number.not_in(sorted(self.kept)))]


ACCOUNTS = Scope(ACCOUNT_ACTIONS)
"""Everything about people's accounts, whichever run wanted it."""


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """What a worker may claim at once."""

    system: str
    worker: str
    batch_limit: int
    lease_s: float
    whole_batches: bool
    calls: int = 1
    """How many batches to claim together; 1 where batches are whole."""
    worn_limit: int = 1
    """How many to claim at once of what has been tried so often that it may be what its calls fail for."""
    paused_actions: frozenset[str] = frozenset()
    scope: Scope = ACCOUNTS
