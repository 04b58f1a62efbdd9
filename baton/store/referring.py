"""Where the store holds the number of a person for whom, or with whom, something was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from baton.store.effects import chunked
from baton.store.payment_tables import pay_lines, recovery_cases, settlements
from baton.store.tables import case_items, cases, effects, links, personal_links, statements, tenures

REFERRING: Final[Sequence[sa.Column[Any]]] = (
    links.c.number,
    effects.c.number,
    pay_lines.c.number,
    settlements.c.number,
    recovery_cases.c.number,
    cases.c.number,
    cases.c.manager,
    case_items.c.successor,
    tenures.c.holder,
    personal_links.c.person,
    statements.c.person,
)
"""Accounts, writes, pay and its recovery, and every part in a handover: who stands here must stay known by name."""


def referred(connection: sa.Connection, numbers: Sequence[str]) -> set[str]:
    """Those of these people (employee numbers) of whom anything in `REFERRING` tells."""
    found: set[str] = set()
    for chunk in chunked(numbers):
        told = sa.union(*(sa.select(column.label("number")).where(column.in_(chunk)) for column in REFERRING))
        found.update(connection.execute(told).scalars())
    return found
