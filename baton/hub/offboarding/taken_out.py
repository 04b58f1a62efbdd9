"""Systems that ``systems.yaml`` does not name any more: what a list has there is nobody's work, and is closed.

Nothing there can be read, passed on or taken away, and nobody could confirm it either: left open, it would keep its
case from ever being completed. Where the system is put back, what the leaver still holds is on the list again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.intentions import JOB, leads_away
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.settling import record_tenures
from baton.hub.offboarding.ways_back import away, taken_by
from baton.jobs.offboarding import moments
from baton.model.case import NO_SYSTEM, Case, Item, ItemState
from baton.model.effect import OPEN_STATES, Effect, EffectState
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.cases import ItemChange
from baton.store.effects import chunked
from baton.store.tables import case_items, effects, runs

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
    (``baton resolve``). What had left stays done, with the effect that took it away: once the system is there again it
    can be taken back.
    """
    known = hub.settings.systems
    keys = connection.execute(_under_way(sorted(known), [case.id]).with_only_columns(effects.c.key)).scalars().all()
    hub.effects.cancel_keys(connection, keys, why=NO_SYSTEM)
    over = moments.rights_end(case, policy_of(hub, case), hub.clock.now())
    there = [item for item in items if item.system and item.system not in known and _keeps_open(item, over)]
    moves = hub.effects.by_key(connection, [item.effect_key for item in there if item.state is ItemState.MOVING])
    taken = taken_by(hub, connection, case, moves.values())
    ended = [_ended(hub, case, item, moves, taken) for item in there]
    closed = hub.cases.move_items(connection, [change for change in ended if change is not None])
    record_tenures(hub, connection, case, closed, {**moves, **{effect.key: effect for effect in taken.values()}})
    return closed


def _ended(
    hub: Hub, case: Case, item: Item, moves: Mapping[str, Effect], taken: Mapping[str, Effect]
) -> ItemChange | None:
    """Where an item goes; None while its effect is under way, or was refused: settling says what that means."""
    gone = ItemChange(item, ItemState.GONE, {"code": NO_SYSTEM, "message": _MESSAGE, "due_at": None})
    effect = moves.get(item.effect_key)
    if item.state is not ItemState.MOVING or effect is None:
        return gone
    if effect.state.open or effect.state is EffectState.REFUSED:
        return None
    if leads_away(effect, case):
        return away(hub, item, effect) if effect.state is EffectState.DONE else gone
    before = taken.get(effect.key)
    return gone if before is None else away(hub, item, before)


def _keeps_open(item: Item, over: bool) -> bool:
    """Whether a case cannot be completed with an item as it stands.

    A right that two people have excepted stays so until rights end (``over``): its system may be there again by then.
    """
    return not item.state.closed or (over and item.kind is HoldingKind.GRANT and item.state is ItemState.LEFT)


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
