"""Exceptions from what a policy takes away before the last working moment: one person asks, another one agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.offboarding.intentions import grant_change, leads_away, side
from baton.hub.offboarding.moving import save_moves
from baton.hub.offboarding.policies import policy_of
from baton.jobs.offboarding.moments import rights_end
from baton.jobs.offboarding.steps import exception_asked
from baton.model.case import Act, Case, Item, ItemState
from baton.model.effect import EffectState
from baton.model.handover import HandoverAction, Undo


def noted(item: Item, person: str) -> Mapping[str, Any]:
    """What is stored with a word for an exception. Who asks stands where the acceptance of other items stands."""
    if not exception_asked(item):
        return {"accepted_by": person, "accepted_version": item.version, "approved_by": ""}
    agreed = {"approved_by": person, "due_at": None}
    if item.state is ItemState.DONE:
        return agreed
    return {**agreed, "code": Act.LEAVE.value, "message": f"by {item.accepted_by} and {person}"}


def give_back(hub: Hub, connection: sa.Connection, case: Case, rights: Sequence[Item]) -> None:
    """Plan that the leaver gets back what had been taken away early.

    Raises `ApprovalError` where that cannot be, or is to be no more.
    """
    now = hub.clock.now()
    taken = hub.effects.by_key(connection, [item.effect_key for item in rights])
    over = rights_end(case, policy_of(hub, case), now)
    moves = []
    for item in rights:
        effect = taken.get(item.effect_key)
        gone = effect is not None and effect.state is EffectState.DONE and leads_away(effect, case)
        if effect is None or not gone or over or item.undo is Undo.IRREVERSIBLE:
            raise ApprovalError(f"item {item.id} cannot be given back (any more)", code="state")
        moves.append((item, grant_change(item, HandoverAction.ENTITLE, side(effect, "person"), now)))
    save_moves(hub, connection, case, moves)
