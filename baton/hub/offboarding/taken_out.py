"""Systems that ``systems.yaml`` does not name any more: what a list has there is nobody's work, and is closed.

Nothing there can be read, passed on or taken away, and nobody could confirm it either: left open, it would keep its
case from ever being completed. Where the system is put back, what the leaver still holds is on the list again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.casework import locked
from baton.hub.offboarding.intentions import JOB, leads_away
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.settling import record_tenures
from baton.jobs.offboarding import moments
from baton.model.case import NO_SYSTEM, READ_BACK, Case, CaseState, Item, ItemState
from baton.model.effect import OPEN_STATES, Effect, EffectState
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.cases import ItemChange
from baton.store.effects import chunked
from baton.store.erasures import leaver_is_erased
from baton.store.tables import case_items, cases, effects, runs

_MESSAGE: Final = "its system is not in systems.yaml any more"
NOT_ASKED: Final = "not_asked"
"""The code of an item that was passed on or taken away, and whose system was taken out before it could show that."""
_NOT_ASKED: Final = "it went before its system was taken out of systems.yaml, which has not been asked since"


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
    taken = _taken_by(hub, connection, case, moves.values())
    ended = [_ended(case, item, moves, taken) for item in there]
    closed = hub.cases.move_items(connection, [change for change in ended if change is not None])
    record_tenures(hub, connection, case, closed, {**moves, **{effect.key: effect for effect in taken.values()}})
    return closed


def call_back_retracted(hub: Hub) -> None:
    """Call back what was to come back in retracted cases from such systems; one statement where there is nothing.

    It is done again: once the system is there, it is planned anew, unless its leaver leaves by a later case by then.
    """
    known = sorted(hub.settings.systems)
    moving = (case_items.c.state == ItemState.MOVING.value, case_items.c.system.not_in(["", *known]))
    unsent = effects.c.state.in_([EffectState.PLANNED.value, EffectState.HELD.value])
    waiting = (
        sa.select(cases.c.id)
        .select_from(cases.join(case_items, case_items.c.case_id == cases.c.id))
        .join(effects, effects.c.key == case_items.c.effect_key)
        .where(cases.c.state == CaseState.RETRACTED.value, *moving, unsent, effects.c.doubted.is_(False))
        .where(~leaver_is_erased())
    )
    with hub.database.read() as connection:
        found = sorted(connection.execute(waiting.distinct()).scalars())
    for case_id in found:
        with hub.database.write() as connection:
            case = locked(hub, connection, case_id)
            if case.state is CaseState.RETRACTED:
                _call_back(hub, connection, case)


def _call_back(hub: Hub, connection: sa.Connection, case: Case) -> None:
    items = hub.cases.items(connection, case.id, states=[ItemState.MOVING])
    there = {item.effect_key: item for item in items if item.system and item.system not in hub.settings.systems}
    moves = hub.effects.by_key(connection, list(there))
    back = [key for key, effect in moves.items() if not leads_away(effect, case)]
    called_back = hub.effects.cancel_keys(connection, back, why=NO_SYSTEM)
    taken = _taken_by(hub, connection, case, hub.effects.by_key(connection, sorted(called_back)).values())
    hub.cases.move_items(connection, [_away(there[key], effect) for key, effect in taken.items()])


def _ended(case: Case, item: Item, moves: Mapping[str, Effect], taken: Mapping[str, Effect]) -> ItemChange | None:
    """Where an item goes; None while its effect is under way, or was refused: settling says what that means."""
    gone = ItemChange(item, ItemState.GONE, {"code": NO_SYSTEM, "message": _MESSAGE, "due_at": None})
    effect = moves.get(item.effect_key)
    if item.state is not ItemState.MOVING or effect is None:
        return gone
    if effect.state.open or effect.state is EffectState.REFUSED:
        return None
    if leads_away(effect, case):
        return _away(item, effect) if effect.state is EffectState.DONE else gone
    before = taken.get(effect.key)
    return gone if before is None else _away(item, before)


def _away(item: Item, effect: Effect) -> ItemChange:
    """Done by this effect. One that was refused and has arrived all the same was read back: there is no other way."""
    values = {"effect_key": effect.key, "code": NOT_ASKED, "message": _NOT_ASKED, "due_at": None}
    if effect.state is EffectState.REFUSED:
        values |= {"code": READ_BACK, "message": ""}
    return ItemChange(item, ItemState.DONE, values)


def _taken_by(hub: Hub, connection: sa.Connection, case: Case, moves: Iterable[Effect]) -> dict[str, Effect]:
    """Key of a way back that was called back -> what had taken away before what it was to bring back."""
    back = {
        (effect.system, effect.number): effect
        for effect in moves
        if effect.state is EffectState.SUPERSEDED and not leads_away(effect, case)
    }
    of_case = sa.select(runs.c.id).where(runs.c.requested_by == case.id)
    ended = (EffectState.DONE.value, EffectState.REFUSED.value)
    found: dict[str, Effect] = {}
    for numbers in chunked(sorted({number for _, number in back})):
        where = (effects.c.job == JOB, effects.c.number.in_(numbers), effects.c.state.in_(ended))
        known = hub.effects.read(connection, *where, effects.c.run_id.in_(of_case))
        for effect in sorted(known, key=lambda each: each.version):
            way = back.get((effect.system, effect.number))
            if way is not None and effect.version < way.version and leads_away(effect, case):
                found[way.key] = effect
    return found


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
