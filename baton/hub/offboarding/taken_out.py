"""Systems that ``systems.yaml`` does not name any more: what a list has there is nobody's work, and is closed.

Nothing there can be read, passed on or taken away, and nobody could confirm it either: left open, it would keep its
case from ever being completed. Where the system is put back, what the leaver still holds is on the list again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.intentions import JOB
from baton.model.case import Case, Item, ItemState
from baton.model.effect import OPEN_STATES
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.cases import ItemChange
from baton.store.effects import chunked
from baton.store.tables import case_items, effects, runs

NO_SYSTEM: Final = "no_system"
"""The code of an item, and of an effect that was called back, whose system has been taken out of ``systems.yaml``."""
_MESSAGE: Final = "its system is not in systems.yaml any more"


def concerned(hub: Hub, connection: sa.Connection, case_ids: Sequence[str]) -> frozenset[str]:
    """The ids of those of these cases in which something in such a system is not closed, or not sent; two statements
    for five hundred cases.
    """
    columns, known = case_items.c, sorted(hub.settings.systems)
    closed = [state.value for state in ItemState if state.closed]
    excepted = sa.and_(columns.kind == HoldingKind.GRANT.value, columns.state == ItemState.LEFT.value)
    listed = sa.select(columns.case_id).where(
        columns.system.not_in(["", *known]), sa.or_(columns.state.not_in(closed), excepted)
    )
    found: set[str] = set()
    for chunk in chunked(case_ids):
        found.update(connection.execute(listed.where(columns.case_id.in_(chunk)).distinct()).scalars())
        under_way = _under_way(known, chunk).with_only_columns(runs.c.requested_by).distinct()
        found.update(connection.execute(under_way).scalars())
    return frozenset(found)


def close(hub: Hub, connection: sa.Connection, case: Case, items: Iterable[Item]) -> list[Item]:
    """Close what a case has in such systems, and call back what was to be sent there; the items that are closed now.

    What may have been sent already is left under way: nobody knows whether it has arrived until a person has found out
    (``baton resolve``).
    """
    known = hub.settings.systems
    keys = connection.execute(_under_way(sorted(known), [case.id]).with_only_columns(effects.c.key)).scalars().all()
    hub.effects.cancel_keys(connection, keys, why=NO_SYSTEM)
    there = [item for item in items if item.system and item.system not in known and _keeps_open(item)]
    moves = hub.effects.by_key(connection, [item.effect_key for item in there if item.state is ItemState.MOVING])
    under_way = {key for key, effect in moves.items() if effect.state.open}
    values = {"code": NO_SYSTEM, "message": _MESSAGE, "due_at": None}
    ended = [ItemChange(item, ItemState.GONE, values) for item in there if item.effect_key not in under_way]
    return hub.cases.move_items(connection, ended)


def _keeps_open(item: Item) -> bool:
    """Whether a case cannot be completed with an item as it stands: an exception of a right does not outlive it."""
    return not item.state.closed or (item.kind is HoldingKind.GRANT and item.state is ItemState.LEFT)


def _under_way(known: Sequence[str], case_ids: Sequence[str]) -> sa.Select[tuple[str]]:
    """What these cases still have to do in other systems than the known ones; messages keep nobody from ending."""
    return (
        sa.select(effects.c.key)
        .select_from(effects.join(runs, runs.c.id == effects.c.run_id))
        .where(
            runs.c.requested_by.in_(case_ids),
            effects.c.job == JOB,
            effects.c.state.in_(OPEN_STATES),
            effects.c.action != HandoverAction.NOTIFY.value,
            effects.c.system.not_in(known),
        )
    )
