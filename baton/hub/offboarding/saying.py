"""Statements about items: naming, noting, asking, accepting, refusing, approving; signed, and each at one version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from baton.errors import ApprovalError, ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.offboarding.casework import locked, policy_of
from baton.hub.offboarding.signing import signed
from baton.jobs.offboarding.steps import after
from baton.model.case import Act, Case, Item, Role, Statement
from baton.store.cases import ItemChange


@dataclass(frozen=True, slots=True)
class Saying:
    """What one person says about one or more items of a case."""

    case_id: str
    items: Mapping[int, int]
    """Item number -> the version that the person has looked at."""
    act: Act
    person: str
    role: Role
    text: str = ""
    successor: str = ""
    """For `Act.NAME`: who is to have it."""


def say(hub: Hub, saying: Saying) -> list[Item]:
    """Store what is said and take the items where it leads; all of them or, with an `ApprovalError`, none."""
    with hub.database.write() as connection:
        case = locked(hub, connection, saying.case_id)
        items = hub.cases.items(connection, case.id, ids=sorted(saying.items))
        _require_all(saying, items)
        return [_said(hub, connection, case, item, saying) for item in items]


def _require_all(saying: Saying, items: Sequence[Item]) -> None:
    missing = sorted(saying.items.keys() - {item.id for item in items})
    if missing or not saying.items:
        named = ", ".join(map(str, missing)) or "none was named"
        message = f"{saying.case_id} has no item {named}"
        raise ConfigurationError([Fault("ITEM", "unknown_item", message)])


def _said(hub: Hub, connection: sa.Connection, case: Case, item: Item, saying: Saying) -> Item:
    version = saying.items[item.id]
    state = after(case, item, version, saying.act, saying.person, saying.role, saying.text)
    text = saying.text
    if saying.act is Act.NAME:
        _require_successor(hub, connection, case, saying.successor)
        text = f"{saying.successor} {text}".strip()
    said = Statement(
        case.id, item.id, item.version, item.digest, saying.act, saying.person, saying.role, hub.clock.now(), text
    )
    hub.cases.say(connection, signed(hub, said))
    values = _noted(hub, case, item, saying)
    if values is None:
        return item
    moved = hub.cases.move_items(connection, [ItemChange(item, state, values)])
    if not moved:
        raise ApprovalError(f"item {item.id} has just changed", code="version", remedy="look at it again, then decide")
    return moved[0]


def _require_successor(hub: Hub, connection: sa.Connection, case: Case, successor: str) -> None:
    known = hub.people.statuses(connection, [successor])
    if successor == case.number or successor not in known or not known[successor].employed:
        raise ApprovalError(
            f"{successor[:40] or 'nobody'} cannot take this over",
            code="successor",
            remedy="name somebody who works here",
        )


def _noted(hub: Hub, case: Case, item: Item, saying: Saying) -> dict[str, Any] | None:
    """What else is stored with the step; None for an act that takes the item nowhere."""
    now, deadlines = hub.clock.now(), policy_of(hub, case).deadlines
    unanswered = {"accepted_version": 0, "accepted_by": "", "approved_by": "", "code": "", "message": ""}
    if saying.act is Act.NAME:
        answer_by = now + timedelta(hours=deadlines.accept_h)
        return {**unanswered, "successor": saying.successor, "due_at": answer_by}
    if saying.act is Act.ACCEPT:
        approve_by = now + timedelta(hours=deadlines.approve_h)
        return {"accepted_version": item.version, "accepted_by": saying.person, "due_at": approve_by}
    if saying.act is Act.REFUSE:
        return {**unanswered, "successor": "", "due_at": None, "code": "refused", "message": f"by {saying.person}"}
    if saying.act is Act.APPROVE:
        by_hand = now + timedelta(hours=deadlines.by_hand_h) if item.by_hand else None
        return {"approved_by": saying.person, "due_at": by_hand}
    if saying.act in (Act.LEAVE, Act.CONFIRM):
        return {"due_at": None, "code": saying.act.value, "message": f"by {saying.person}"}
    return None
