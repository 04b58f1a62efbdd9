"""Statements about items: naming, noting, asking, accepting, refusing, approving; signed, and each at one version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from baton.audit.checkpoint import Signer
from baton.errors import ApprovalError, ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.offboarding.casework import locked
from baton.hub.offboarding.excepting import give_back, noted
from baton.hub.offboarding.people import employed
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.signing import signed
from baton.hub.offboarding.standing import require_standing
from baton.hub.proof import signer
from baton.jobs.offboarding.checklist import WATCHED
from baton.jobs.offboarding.policy import Deadlines
from baton.jobs.offboarding.steps import TALK, after, excepts
from baton.jobs.offboarding.successors import REFUSED
from baton.model.case import Act, Case, Item, ItemState, Role, Statement
from baton.model.persons import alike
from baton.store.cases import ItemChange
from baton.store.tenures import Passing


@dataclass(frozen=True, slots=True)
class Saying:
    """What one person says about one or more items of a case."""

    case_id: str
    items: Mapping[int, int]
    """Item number -> the version that the person has looked at."""
    act: Act
    person: str
    role: Role
    """As whom: believed of nobody, see `baton.hub.offboarding.standing`."""
    text: str = ""
    successor: str = ""
    """For `Act.NAME`: who is to have it."""


def say(hub: Hub, saying: Saying) -> list[Item]:
    """Store what is said and take the items where it leads; all of them or, with an `ApprovalError`, none."""
    key = signer(hub)  # looked up once: it may lie in a vault, and a list has thousands of items
    with hub.database.write() as connection:
        case = locked(hub, connection, saying.case_id)
        require_standing(hub, connection, case, saying.person, saying.role)
        items = hub.cases.items(connection, case.id, ids=sorted(saying.items))
        _require_all(saying, items)
        states = [_led_to(case, item, saying) for item in items]
        text = saying.text
        if saying.act is Act.NAME:
            _require_successor(hub, connection, case, saying.successor)
            text = f"{saying.successor} {text}".strip()
        hub.crash_point("saying")
        hub.cases.say(connection, [_statement(hub, key, case, item, saying, text) for item in items])
        if saying.act in TALK:
            return items
        now, deadlines = hub.clock.now(), policy_of(hub, case).deadlines
        notes = [_noted(item, saying, now, deadlines) for item in items]
        back = {item.id for item, state in zip(items, states, strict=True) if state is ItemState.MOVING}
        stay = [item.state if item.id in back else state for item, state in zip(items, states, strict=True)]
        changes = [ItemChange(*each) for each in zip(items, stay, notes, strict=True)]
        moved = hub.cases.move_items(connection, changes)
        if len(moved) != len(items):
            raise ApprovalError("something has just changed", code="version", remedy="look at it again, then decide")
        if saying.act is Act.CONFIRM:
            _record_tenures(hub, connection, case, moved, saying.person)
        if not back:
            return moved
        give_back(hub, connection, case, [item for item in moved if item.id in back])
        return hub.cases.items(connection, case.id, ids=sorted(saying.items))


def _record_tenures(hub: Hub, connection: sa.Connection, case: Case, confirmed: Sequence[Item], person: str) -> None:
    """Who has said that they take what people have passed on has it from now on.

    Of what was nobody's yet, or was only offered, nobody knows who has it: nobody answers for what others say of them.
    """
    now = hub.clock.now()
    held = [item for item in confirmed if item.system and item.kind not in WATCHED]
    agreed = [item for item in held if item.accepted_by or alike(person) == alike(item.successor)]
    passed = [Passing(item, case.number, item.successor) for item in agreed if item.successor]
    hub.tenures.pass_on(connection, case, passed, now)
    had = {passing.item.id for passing in passed}
    hub.tenures.end(connection, case.number, [item for item in held if item.id not in had], now)


def _led_to(case: Case, item: Item, saying: Saying) -> ItemState:
    return after(case, item, saying.items[item.id], saying.act, saying.person, saying.role, saying.text)


def _require_all(saying: Saying, items: Sequence[Item]) -> None:
    missing = sorted(saying.items.keys() - {item.id for item in items})
    if missing or not saying.items:
        named = ", ".join(map(str, missing)) or "none was named"
        message = f"{saying.case_id} has no item {named}"
        raise ConfigurationError([Fault("ITEM", "unknown_item", message)])


def _statement(hub: Hub, key: Signer, case: Case, item: Item, saying: Saying, text: str) -> Statement:
    about = (case.id, item.id, item.version, item.digest)
    return signed(key, Statement(*about, saying.act, saying.person, saying.role, hub.clock.now(), text))


def _require_successor(hub: Hub, connection: sa.Connection, case: Case, successor: str) -> None:
    if successor == case.number or not employed(hub, connection, [successor]):
        raise ApprovalError(
            f"{successor[:40] or 'nobody'} cannot take this over",
            code="successor",
            remedy="name somebody who works here",
        )


def _noted(item: Item, saying: Saying, now: datetime, deadlines: Deadlines) -> dict[str, Any]:
    """What else is stored with the step."""
    if excepts(item, saying.act):
        return dict(noted(item, saying.person))
    unanswered = {"accepted_version": 0, "accepted_by": "", "approved_by": "", "code": "", "message": ""}
    if saying.act is Act.NAME:
        answer_by = now + timedelta(hours=deadlines.accept_h)
        return {**unanswered, "successor": saying.successor, "due_at": answer_by}
    if saying.act is Act.ACCEPT:
        approve_by = now + timedelta(hours=deadlines.approve_h)
        return {"accepted_version": item.version, "accepted_by": saying.person, "due_at": approve_by}
    if saying.act is Act.REFUSE:
        return {**unanswered, "successor": "", "due_at": None, "code": REFUSED, "message": f"by {saying.person}"}
    if saying.act is Act.APPROVE:
        by_hand = now + timedelta(hours=deadlines.by_hand_h) if item.by_hand else None
        return {"approved_by": saying.person, "due_at": by_hand}
    return {"due_at": None, "code": saying.act.value, "message": f"by {saying.person}"}  # left, or done by hand
