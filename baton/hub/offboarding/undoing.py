"""Taking back what can be taken back: the same effects with the sides swapped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.intentions import JOB, grant_change, leads_away, side, transfer
from baton.hub.offboarding.moving import save_moves
from baton.hub.offboarding.needing import AGREED, COUNTS, no_longer_needed
from baton.hub.offboarding.signing import signed
from baton.hub.offboarding.standing import require_standing
from baton.hub.offboarding.taking import Takings
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
from baton.model.handover import HandoverAction, Undo


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

    What cannot be taken back is listed and left alone. Raises `ApprovalError` where there is nothing to take back, and
    for a retracted case (``case``) whose leaver leaves by a later one.
    """
    require_may(Act.UNDO, Role.HR, why)
    with hub.database.write() as connection:
        case = locked(hub, connection, find_case(hub, case_id).id)
        require_standing(hub, connection, case, person, Role.HR)
        if case.state is CaseState.COMPLETED:
            raise ApprovalError("the case is completed", code="case", remedy="reopen it first")
        if case.state is CaseState.RETRACTED and hub.caseload.followed(connection, [case.id]):
            raise ApprovalError(
                f"{case.number} leaves by a later case: nothing of {case.id} comes back to them",
                code="case",
                remedy="retract that one first, or have it given back in its system by hand",
            )
        counts = COUNTS[case.state] if ids else COUNTS[case.state] & AGREED
        undoing = _taken_back(hub, connection, case, _done(hub, connection, case, ids), counts, list)
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
    to nobody who leaves by a later case: they would have their rights back until that one takes them again. The rights
    of successors go there as well, but for those that the later case relies on.
    Rights that could not be taken are noted in ``troubles`` ("case system" -> why), and tried again once a day.
    """
    with hub.database.read() as connection:
        arrived = hub.cases.to_be_taken_back(connection)
        questioned = hub.caseload.rights_in_question(connection, JOB, [CaseState.RETRACTED])
        followed = hub.caseload.followed(connection, sorted({*arrived, *questioned}))
    takings = Takings(hub, questioned, troubles)
    taken = 0
    for case_id in sorted({*takings.cases, *arrived} - followed.difference(takings.cases)):
        with hub.database.write() as connection:
            case = locked(hub, connection, case_id)
            if case.state is CaseState.RETRACTED:
                # Asked again: a later case opened since then could not call back what is planned only now.
                leaves = hub.caseload.followed(connection, [case_id])
                done = [] if leaves else _done(hub, connection, case, ())
                coming = [each for each in done if _arrived(each[0])]
                due = partial(takings.due, connection, case)
                taken += len(_taken_back(hub, connection, case, coming, COUNTS[case.state], due).items)
    return taken


def take_back_unneeded(hub: Hub, troubles: dict[str, str]) -> int:
    """Plan taking rights from those to whom cases have given them for what others are to have by now, or nobody.

    Returns how many rights. Whoever may still get what a right is for, once it is not refused any more, keeps it; in a
    completed case nobody gets anything any more. ``troubles`` as in `take_back_retracted`.
    """
    with hub.database.read() as connection:
        questioned = hub.caseload.rights_in_question(connection, JOB, [CaseState.OPEN, CaseState.COMPLETED])
    takings = Takings(hub, questioned, troubles)
    taken = 0
    for case_id in takings.cases:
        with hub.database.write() as connection:
            case = locked(hub, connection, case_id)
            if case.state is questioned[case_id]:
                wanted = no_longer_needed(hub, connection, {case_id: COUNTS[case.state]}).get(case_id, [])
                rights = takings.due(connection, case, wanted)
                save_moves(hub, connection, case, [], [(what, {}) for what in rights])
                taken += len(rights)
    return taken


def _arrived(item: Item) -> bool:
    """Whether an item is where a retracted case has passed it on to, and comes back by itself."""
    return item.state is ItemState.DONE and item.code != NOT_TAKEN_BACK


def _taken_back(
    hub: Hub,
    connection: sa.Connection,
    case: Case,
    done: Sequence[tuple[Item, Effect]],
    counts: frozenset[ItemState],
    now_due: Callable[[Sequence[Intention]], list[Intention]],
) -> Undoing:
    """Plan the way back of these, and of those rights given for them (`no_longer_needed`) that are due by now."""
    able = [(item, effect) for item, effect in done if _reversible(hub, item)]
    moves = [(item, _back(hub, case, item, effect)) for item, effect in able]
    unneeded = no_longer_needed(hub, connection, {case.id: counts}, {item.id for item, _ in able})
    given = now_due(unneeded.get(case.id, []))
    run_id = save_moves(hub, connection, case, moves, [(what, {}) for what in given])
    lasting = [item for item, _ in done if not _reversible(hub, item)]
    return Undoing(run_id, [item for item, _ in able], lasting, len(given))


def _reversible(hub: Hub, item: Item) -> bool:
    """Whether there is a way back; in a system that has been taken out of ``systems.yaml`` there is none until it is
    there again.
    """
    return item.undo is not Undo.IRREVERSIBLE and item.system in hub.settings.systems


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
