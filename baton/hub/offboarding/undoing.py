"""Taking back what can be taken back: the same effects with the sides swapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.moving import grant_change, save_moves, successors, transfer
from baton.hub.offboarding.signing import signed
from baton.jobs.offboarding.steps import require_may
from baton.model.account import AccountRef
from baton.model.case import Act, Case, Item, ItemState, Role, Statement
from baton.model.effect import Intention
from baton.model.handover import HandoverAction, HoldingKind, Undo


@dataclass(frozen=True, slots=True)
class Undoing:
    """What is about to be taken back, and what cannot be."""

    run_id: str
    items: Sequence[Item]
    irreversible: Sequence[Item]


def undo(hub: Hub, case_id: str, person: str, why: str, ids: Sequence[int] = ()) -> Undoing:
    """Plan the way back of everything this case has passed on (or of these items); the next apply carries it out.

    What cannot be taken back is listed and left alone. Raises `ApprovalError` where there is nothing to take back.
    """
    require_may(Act.UNDO, Role.HR, why)
    case = find_case(hub, case_id)
    with hub.database.read() as connection:
        people = successors(hub, _done(hub, connection, case.id, ids))
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        if person == case.number:
            raise ApprovalError("a leaver decides nothing about their own handover", code="leaver")
        done = _done(hub, connection, case.id, ids)
        able = [item for item in done if item.undo is not Undo.IRREVERSIBLE]
        if not able:
            raise ApprovalError(f"{case.id} has nothing that can be taken back", code="nothing")
        run_id = save_moves(hub, connection, case, [(item, _back(hub, case, item, people)) for item in able])
        said = Statement(case.id, None, 0, b"", Act.UNDO, person, Role.HR, hub.clock.now(), why)
        hub.cases.say(connection, signed(hub, said))
    return Undoing(run_id, able, [item for item in done if item.undo is Undo.IRREVERSIBLE])


def _done(hub: Hub, connection: sa.Connection, case_id: str, ids: Sequence[int]) -> list[Item]:
    """What an effect of this case has passed on or taken away."""
    items = hub.cases.items(connection, case_id, states=[ItemState.DONE], ids=ids)
    return [item for item in items if item.effect_key]


def _back(hub: Hub, case: Case, item: Item, people: Mapping[tuple[str, str], AccountRef]) -> Intention:
    leaver = AccountRef(case.number, item.holder_id)
    now = hub.clock.now()
    if item.kind is HoldingKind.GRANT:
        return grant_change(item, HandoverAction.ENTITLE, leaver, now)
    return transfer(item, people[item.system, item.successor], leaver, now)
