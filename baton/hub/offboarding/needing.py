"""When a right that a successor was given is needed, and by whom: the one rule by which it stays or goes again.

A right opens one object. It is needed for that object, and for whatever belongs to it: each of these things on the list
of a case says by whom.

- What is to go to somebody, or has gone to them: by that successor. Who is only named counts while they may still get
  it (the case is open); of a retracted case only what is under way or has gone counts.
- What people have passed on by themselves, or may have while its system was out of ``systems.yaml``: by whoever has it
  now, whom nobody here knows. So everybody keeps the right to that thing; for what it belonged to it counts only where
  that is not on the list itself, which then says better.
- What is left, or comes back: by nobody.

Another case speaks in the same way for what is to go by it, and for the rest only where it is the newest one that lists
the thing (`baton.store.caseload.CaseloadStore.relied_on`): the successor may have had the right from here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.intentions import JOB, leads_away
from baton.model.case import MOVED_AGAIN, Case, CaseState, Item, ItemState
from baton.model.effect import Effect, EffectState, Intention
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.effects import chunked
from baton.store.rights import Place
from baton.store.tables import effects

AGREED: Final = frozenset({ItemState.APPROVED, ItemState.MOVING, ItemState.DONE})
"""Where an item stands whose successor is certain."""
NAMED: Final = frozenset(ItemState) - {ItemState.LEFT, ItemState.GONE}
"""Where an item stands that its successor has, or may still get."""
COUNTS: Final[Mapping[CaseState, frozenset[ItemState]]] = {
    CaseState.OPEN: NAMED,
    CaseState.PAUSED: NAMED,
    CaseState.COMPLETED: AGREED,
    CaseState.RETRACTED: frozenset({ItemState.MOVING, ItemState.DONE}),
}
"""Where an item has to stand for its successor to need what it takes."""
NEEDED_AGAIN: Final = "needed_again"
"""The code of a taking that was called back before it was sent, because somebody needs the right there by now."""


def needed_by(items: Iterable[Item], counts: Collection[ItemState]) -> dict[tuple[str, str], set[str]]:
    """(system, object) -> who is to have that object, or something that belongs to it, or has it."""
    found: dict[tuple[str, str], set[str]] = {}
    for item in items:
        if item.kind is not HoldingKind.GRANT and item.successor and item.state in counts:
            for ref in {item.ref, item.about} - {None}:
                found.setdefault((item.system, str(ref)), set()).add(item.successor)
    return found


def _with_nobody_knows_whom(items: Sequence[Item], coming_back: Collection[int]) -> set[tuple[str, str]]:
    """(system, object): what people have passed on by themselves, and what that belonged to."""
    listed = {(item.system, str(item.ref)) for item in items}
    passed = [item for item in items if item.id not in coming_back and _passed_by_others(item)]
    wholes = {(item.system, str(item.about)) for item in passed if item.about is not None}
    return {(item.system, str(item.ref)) for item in passed} | (wholes - listed)


def _passed_by_others(item: Item) -> bool:
    """Whether a thing went from the leaver without us: nobody here knows who of those once named has it."""
    return item.kind is not HoldingKind.GRANT and (item.state is ItemState.GONE or item.code == MOVED_AGAIN)


def no_longer_needed(
    hub: Hub,
    connection: sa.Connection,
    counts: Mapping[str, frozenset[ItemState]],
    coming_back: Collection[int] = (),
) -> dict[str, list[Intention]]:
    """Case -> taking from successors the rights that it has given them and that nobody needs there.

    ``counts``: for each case that is asked about, where its items have to stand for their successors to need them (of
    `COUNTS`); ``coming_back``: the numbers of items that are on their way back, where it is one case. A right in a
    system that is not in ``systems.yaml`` is left out: nothing can be taken there, and it is looked at again later.
    """
    ids = sorted(counts)
    lists = dict(hub.caseload.lists(connection, ids, ItemState))
    gave = [each for each in given(hub, connection, ids) if each[1].system in hub.settings.systems]
    now = hub.clock.now()
    found: dict[str, list[Intention]] = {}
    for case_id, effect in _needed_by_nobody(hub, connection, gave, lists, counts, dict.fromkeys(ids, coming_back)):
        taking = Intention(effect.system, effect.number, HandoverAction.REVOKE, now, effect.fields)
        found.setdefault(case_id, []).append(taking)
    return found


def call_back_needed(
    hub: Hub, connection: sa.Connection, cases: Mapping[str, Case], takings: Sequence[tuple[str, str]]
) -> None:
    """Call back those of these takings of rights (case, effect key) whose rights are needed by now.

    Who is only named counts no more than for an undo, which takes their rights as well: once they have accepted and it
    is approved, a right that has gone is given anew. ``cases``: by id, all that are named.
    """
    lists = dict(hub.caseload.lists(connection, sorted(cases), ItemState))
    moving = [item for items in lists.values() for item in items if item.state is ItemState.MOVING]
    known = hub.effects.by_key(connection, [*(key for _, key in takings), *(item.effect_key for item in moving)])
    coming_back: dict[str, set[int]] = {}
    for item in moving:
        effect = known.get(item.effect_key)
        if effect is not None and not leads_away(effect, cases[item.case_id]):
            coming_back.setdefault(item.case_id, set()).add(item.id)
    counts = {case.id: COUNTS[case.state] & AGREED for case in cases.values()}
    rights = [(case_id, known[key]) for case_id, key in takings]
    unneeded = {effect.key for _, effect in _needed_by_nobody(hub, connection, rights, lists, counts, coming_back)}
    needed = [key for _, key in takings if key not in unneeded]
    hub.effects.cancel_keys(connection, needed, why=NEEDED_AGAIN)


def _needed_by_nobody(
    hub: Hub,
    connection: sa.Connection,
    rights: Iterable[tuple[str, Effect]],
    lists: Mapping[str, Sequence[Item]],
    counts: Mapping[str, frozenset[ItemState]],
    coming_back: Mapping[str, Collection[int]],
) -> list[tuple[str, Effect]]:
    """Those of these (case, effect on a successor's right) of which neither their own case nor another one says who
    needs the right there.
    """
    wanted = []
    for case_id, effect in rights:
        items, back = lists.get(case_id, []), coming_back.get(case_id, ())
        place = _place(items, effect)
        takers = needed_by((item for item in items if item.id not in back), counts[case_id])
        if place[2] not in takers.get(place[:2], ()) and place[:2] not in _with_nobody_knows_whom(items, back):
            wanted.append((case_id, place, effect))
    elsewhere = hub.caseload.relied_on(connection, {place for _, place, _ in wanted})
    return [
        (case_id, effect)
        for case_id, place, effect in wanted
        if not any(other != case_id and told == place for other, told in elsewhere)
    ]


def _place(items: Sequence[Item], effect: Effect) -> Place:
    """What a right that was given opens, and whose it is; an empty object where the list says nothing of one."""
    right = (effect.system, HoldingKind.GRANT, str(effect.fields["grant_id"]))
    about = [item.about for item in items if (item.system, item.kind, item.ref.external_id) == right]
    return effect.system, str(about[0]) if about and about[0] else "", str(effect.fields["person_number"])


def given(hub: Hub, connection: sa.Connection, case_ids: Sequence[str]) -> list[tuple[str, Effect]]:
    """(case, effect): the rights that these cases have given to successors, and that are still theirs."""
    keys = hub.caseload.rights_given(connection, JOB, case_ids)
    found = hub.effects.by_key(connection, [key for _, key in keys])
    return [(case_id, found[key]) for case_id, key in keys]


def taking_refused(
    hub: Hub, connection: sa.Connection, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Effect]:
    """(system, what it is about) -> the refusal, for those of these takings that have been refused the last time."""
    newest: dict[tuple[str, str], Effect] = {}
    for system in {system for system, _ in wanted}:
        for numbers in chunked([number for other, number in wanted if other == system]):
            where = (effects.c.job == JOB, effects.c.system == system, effects.c.number.in_(numbers))
            for effect in sorted(hub.effects.read(connection, *where), key=lambda effect: effect.version):
                newest[system, effect.number] = effect
    refused = (HandoverAction.REVOKE, EffectState.REFUSED)
    return {place: effect for place, effect in newest.items() if (effect.action, effect.state) == refused}
