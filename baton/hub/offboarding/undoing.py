"""Taking back what can be taken back: the same effects with the sides swapped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.offboarding.ahead import A_DAY
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.entitling import no_longer_needed, passed_by_others, taking_refused
from baton.hub.offboarding.intentions import JOB, grant_change, leads_away, side, transfer
from baton.hub.offboarding.moving import save_moves
from baton.hub.offboarding.signing import signed
from baton.hub.offboarding.standing import require_standing
from baton.hub.proof import signer
from baton.jobs.offboarding.steps import require_may
from baton.model.case import (
    NOT_TAKEN_BACK,
    READ_BACK,
    Act,
    Case,
    CaseState,
    Item,
    ItemState,
    Role,
    Statement,
)
from baton.model.effect import Effect, EffectState, Intention
from baton.model.handover import HandoverAction, HoldingKind, Undo


@dataclass(frozen=True, slots=True)
class Undoing:
    """What is about to be taken back, and what cannot be."""

    run_id: str
    items: Sequence[Item]
    irreversible: Sequence[Item]
    rights: int = 0
    """How many rights are taken from successors again that were given to them for what they are not to have."""


def undo(hub: Hub, case_id: str, person: str, why: str, ids: Sequence[int] = ()) -> Undoing:
    """Plan the way back of everything this case has passed on (or of these items); the next apply carries it out.

    What cannot be taken back is listed and left alone. Raises `ApprovalError` where there is nothing to take back.
    """
    require_may(Act.UNDO, Role.HR, why)
    with hub.database.write() as connection:
        case = locked(hub, connection, find_case(hub, case_id).id)
        require_standing(hub, connection, case, person, Role.HR)
        if case.state is CaseState.COMPLETED:
            raise ApprovalError("the case is completed", code="case", remedy="reopen it first")
        undoing = _taken_back(hub, connection, case, _done(hub, connection, case, ids), list)
        if not undoing.items and (ids or not undoing.rights):
            raise ApprovalError(f"{case.id} has nothing that can be taken back", code="nothing")
        said = Statement(case.id, None, 0, b"", Act.UNDO, person, Role.HR, hub.clock.now(), why)
        hub.cases.say(connection, [signed(signer(hub), said)])
        hub.crash_point("undoing")
    hub.crash_point("undone")
    return undoing


def take_back_retracted(hub: Hub, troubles: dict[str, str]) -> int:
    """Plan the way back of what arrived in cases that had been retracted by then; returns of how many items.

    Rights that were given to successors for it go with it, also where it has never arrived.
    What had left before the retraction could not be called back: it is carried to its end, and then comes back. But
    to nobody who leaves by a later case: they would have their rights back until that one takes them again.
    Rights that could not be taken are noted in ``troubles`` ("case system" -> why), and tried again once a day.
    """
    with hub.database.read() as connection:
        arrived = hub.cases.to_be_taken_back(connection)
        given = hub.caseload.gave_rights(connection, JOB, CaseState.RETRACTED)
        retracted = sorted({*arrived, *given})
        followed = hub.caseload.followed(connection, retracted)
    taken = 0
    for case_id in retracted:
        if case_id in followed:
            continue
        with hub.database.write() as connection:
            case = locked(hub, connection, case_id)
            if case.state is CaseState.RETRACTED:
                done = [each for each in _done(hub, connection, case, ()) if _arrived(each[0])]
                due = partial(_due, hub, connection, case, troubles)
                taken += len(_taken_back(hub, connection, case, done, due).items)
    return taken


def take_back_unneeded(hub: Hub, troubles: dict[str, str]) -> int:
    """Plan taking rights from those to whom open cases have given them for what others are to have by now.

    Returns how many rights. Whoever may still get what a right is for, once it is not refused any more, keeps it.
    ``troubles`` as in `take_back_retracted`.
    """
    with hub.database.read() as connection:
        given = hub.caseload.gave_rights(connection, JOB, CaseState.OPEN)
    taken = 0
    for case_id in given:
        with hub.database.write() as connection:
            case = locked(hub, connection, case_id)
            if case.state is CaseState.OPEN:
                rights = _due(hub, connection, case, troubles, _unneeded(hub, connection, case))
                save_moves(hub, connection, case, [], [(what, {}) for what in rights])
                taken += len(rights)
    return taken


def _arrived(item: Item) -> bool:
    """Whether an item is where a retracted case has passed it on to, and comes back by itself."""
    return item.state is ItemState.DONE and item.code != NOT_TAKEN_BACK


def _due(
    hub: Hub, connection: sa.Connection, case: Case, troubles: dict[str, str], wanted: Sequence[Intention]
) -> list[Intention]:
    """Those of these takings that are not waiting for a day to pass since they were refused; all refusals are noted."""
    refused = taking_refused(hub, connection, wanted)
    for (system, _), effect in refused.items():
        person = effect.fields["person_number"]
        troubles[f"{case.id} {system}"] = f"a right of {person} that is not needed was not taken: {effect.message}"
    since = hub.clock.now() - A_DAY
    waiting = {place for place, effect in refused.items() if effect.due_at > since}
    return [what for what in wanted if (what.system, what.number) not in waiting]


def _taken_back(
    hub: Hub,
    connection: sa.Connection,
    case: Case,
    done: Sequence[tuple[Item, Effect]],
    now_due: Callable[[Sequence[Intention]], list[Intention]],
) -> Undoing:
    """Plan the way back of these, and of those rights given for them that are due by now."""
    able = [(item, effect) for item, effect in done if _reversible(hub, item)]
    moves = [(item, _back(hub, case, item, effect)) for item, effect in able]
    coming_back = {item.id for item, _ in able} | _staying(hub, connection, case)
    given = now_due(no_longer_needed(hub, connection, case, coming_back))
    run_id = save_moves(hub, connection, case, moves, [(what, {}) for what in given])
    lasting = [item for item, _ in done if not _reversible(hub, item)]
    return Undoing(run_id, [item for item, _ in able], lasting, len(given))


def _reversible(hub: Hub, item: Item) -> bool:
    """Whether there is a way back; in a system that has been taken out of ``systems.yaml`` there is none until it is
    there again.
    """
    return item.undo is not Undo.IRREVERSIBLE and item.system in hub.settings.systems


def _staying(hub: Hub, connection: sa.Connection, case: Case) -> set[int]:
    """Items that nobody takes over any more, whatever had been agreed: what a retracted case has not passed on."""
    if case.state is not CaseState.RETRACTED:
        return set()
    items = hub.cases.items(connection, case.id)
    there = (ItemState.MOVING, ItemState.DONE)
    return {item.id for item in items if item.state not in there and not passed_by_others(item)}


def _unneeded(hub: Hub, connection: sa.Connection, case: Case) -> list[Intention]:
    """Taking rights from successors who have nothing of what they are for, and are named for nothing of it any more."""
    items = hub.cases.items(connection, case.id)
    named = {
        (item.system, str(ref), item.successor)
        for item in items
        if item.kind is not HoldingKind.GRANT and item.state is not ItemState.LEFT
        for ref in (item.ref, item.about)
    }
    about = {(item.system, item.ref.external_id): str(item.about) for item in items if item.kind is HoldingKind.GRANT}
    return [
        what
        for what in no_longer_needed(hub, connection, case, ())
        if (what.system, about.get((what.system, str(what.fields["grant_id"]))), what.fields["person_number"])
        not in named
    ]


def _done(hub: Hub, connection: sa.Connection, case: Case, ids: Sequence[int]) -> list[tuple[Item, Effect]]:
    """What an effect of this case has passed on or taken away, with that effect; what people did stays."""
    items = hub.cases.items(connection, case.id, states=[ItemState.DONE, ItemState.STUCK], ids=ids)
    effects = hub.effects.by_key(connection, [item.effect_key for item in items if item.effect_key])
    found = [(item, effects[item.effect_key]) for item in items if item.effect_key in effects]
    return [(item, effect) for item, effect in found if _can_come_back(case, item, effect)]


def _can_come_back(case: Case, item: Item, effect: Effect) -> bool:
    """Whether this effect has taken something away, or has failed to bring it back."""
    if item.state is ItemState.STUCK:  # it came back and is away again, or it was only said to have come back
        return effect.state is EffectState.DONE and not leads_away(effect, case)
    if item.code == NOT_TAKEN_BACK:
        return effect.state is EffectState.REFUSED
    arrived_late = effect.state is EffectState.REFUSED and item.code == READ_BACK
    return (effect.state is EffectState.DONE or arrived_late) and leads_away(effect, case)


def _back(hub: Hub, case: Case, item: Item, effect: Effect) -> Intention:
    """The effect with the sides swapped: from whom it went to, and to whom it came from; a way back again as it was."""
    now = hub.clock.now()
    if not leads_away(effect, case):
        return Intention(effect.system, effect.number, effect.action, now, effect.fields)
    if effect.action is HandoverAction.REVOKE:
        return grant_change(item, HandoverAction.ENTITLE, side(effect, "person"), now)
    return transfer(item, side(effect, "successor"), side(effect, "holder"), now)
