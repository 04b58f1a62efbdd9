"""Ways back of retracted cases that are called back before they are sent: nothing is to come back there any more.

Either the system is not in ``systems.yaml`` any more, or the leaver leaves all the same, by a later case or by this one
that is opened again: what came back to them would only have to go again, and they would have all their rights until it
has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.intentions import JOB, leads_away
from baton.hub.offboarding.needing import call_back_needed
from baton.model.case import NO_SYSTEM, READ_BACK, Case, CaseState, Item, ItemState
from baton.model.effect import Effect, EffectState
from baton.store.caseload import followed
from baton.store.cases import ItemChange
from baton.store.effects import chunked
from baton.store.erasures import leaver_is_erased
from baton.store.tables import case_items, cases, effects, runs

NOT_ASKED: Final = "not_asked"
"""The code of an item that was passed on or taken away, and whose system was taken out before it could show that."""
_NOT_ASKED: Final = "it went before its system was taken out of systems.yaml, which has not been asked since"
LEAVES_AGAIN: Final = "leaves_again"
"""The code of a way back that was called back because the leaver leaves by a later case, or by the same."""


def call_back_retracted(hub: Hub) -> None:
    """Call back what is to come back in retracted cases and is not to any more; one statement where there is nothing.

    It is planned anew once its system is there again, and the later case is retracted.
    """
    with hub.database.read() as connection:
        found = sorted(connection.execute(_waiting(hub)).scalars())
    for case_id in found:
        with hub.database.write() as connection:
            for case in hub.cases.locked(connection, [case_id]).values():
                _call_back(hub, connection, case, leaves=bool(hub.caseload.followed(connection, [case.id])))


def call_back_earlier(hub: Hub, connection: sa.Connection, number: str) -> None:
    """The same at once for somebody who leaves by a case from now on, in the transaction that says so.

    Their retracted cases are locked first: what another process is just planning is called back, too.
    """
    known = hub.cases.of_person(connection, number)
    retracted = hub.cases.locked(connection, [case.id for case in known if case.state is CaseState.RETRACTED])
    if retracted:
        waiting = connection.execute(_waiting(hub).where(cases.c.number == number)).scalars()
        for case_id in sorted(retracted.keys() & set(waiting)):  # what is retracted just now is the hourly run's
            _call_back(hub, connection, retracted[case_id], leaves=bool(hub.caseload.followed(connection, [case_id])))


def call_back_own(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """The same for a retracted case that is about to be opened again, before it is: what another process plans, too."""
    for retracted in hub.cases.locked(connection, [case.id]).values():
        _call_back(hub, connection, retracted, leaves=True)


def _waiting(hub: Hub) -> sa.Select[Any]:
    """The retracted cases in which something can be called back; those of erased leavers are left out."""
    moving = (case_items.c.state == ItemState.MOVING.value, case_items.c.system != "")
    unsent = effects.c.state.in_([EffectState.PLANNED.value, EffectState.HELD.value])
    return (
        sa.select(cases.c.id)
        .select_from(cases.join(case_items, case_items.c.case_id == cases.c.id))
        .join(effects, effects.c.key == case_items.c.effect_key)
        .where(cases.c.state == CaseState.RETRACTED.value, *moving, unsent, effects.c.doubted.is_(False))
        .where(sa.or_(case_items.c.system.not_in(sorted(hub.settings.systems)), followed()), ~leaver_is_erased())
        .distinct()
    )


def _call_back(hub: Hub, connection: sa.Connection, case: Case, *, leaves: bool) -> None:
    """``leaves``: its leaver leaves after all, so that nothing comes back; else what no system can be asked about."""
    if case.state is not CaseState.RETRACTED:
        return
    items = hub.cases.items(connection, case.id, states=[ItemState.MOVING])
    there = {
        item.effect_key: item for item in items if item.system and (leaves or item.system not in hub.settings.systems)
    }
    moves = hub.effects.by_key(connection, list(there))
    back = [key for key, effect in moves.items() if not leads_away(effect, case)]
    called_back = hub.effects.cancel_keys(connection, back, why=LEAVES_AGAIN if leaves else NO_SYSTEM)
    taken = taken_by(hub, connection, case, hub.effects.by_key(connection, sorted(called_back)).values())
    hub.cases.move_items(connection, [away(hub, there[key], effect) for key, effect in taken.items()])
    # The rights of successors were to go with what now stays with them.
    takings = [each for each in hub.caseload.takings_unsent(connection, JOB) if each[0] == case.id]
    call_back_needed(hub, connection, {case.id: case}, takings)


def away(hub: Hub, item: Item, effect: Effect) -> ItemChange:
    """Done by this effect, as its system has shown, or can show no more.

    One that was refused and has arrived all the same was read back: there is no other way.
    """
    values = {"effect_key": effect.key, "code": READ_BACK, "message": "", "due_at": None}
    if effect.state is not EffectState.REFUSED and item.system not in hub.settings.systems:
        values |= {"code": NOT_ASKED, "message": _NOT_ASKED}
    return ItemChange(item, ItemState.DONE, values)


def taken_by(hub: Hub, connection: sa.Connection, case: Case, moves: Iterable[Effect]) -> dict[str, Effect]:
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
