"""Bringing a case's list up to date with every system, and naming successors for what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked, policy_of
from baton.hub.offboarding.looking import Looked, look
from baton.jobs.offboarding.checklist import WATCHED, Changes, compare
from baton.jobs.offboarding.successors import propose
from baton.model.case import Case, CaseState, Item, ItemState
from baton.model.handover import HoldingKind
from baton.store.cases import ItemChange

_ANSWERED_FOR = (
    HoldingKind.CLIENT,
    HoldingKind.OPPORTUNITY,
    HoldingKind.RECEIVABLE,
    HoldingKind.ORDER,
    HoldingKind.CONTRACT,
)
"""Kinds of which it must be known at any later time who held them when."""
_READ_BACK = "read_back"
"""The code of an account or right that is no longer there when looked at."""


@dataclass
class Refreshed:
    """What a look at all systems has changed on the list."""

    case: Case
    new: int = 0
    renewed: int = 0
    gone: int = 0
    named: int = 0
    unread: Mapping[str, str] = field(default_factory=dict)


def refresh(hub: Hub, case_id: str) -> Refreshed:
    """Look everywhere, then write the differences in one transaction. A retracted case is left as it is."""
    case = find_case(hub, case_id)
    if case.state is CaseState.RETRACTED:
        return Refreshed(case)
    looked_at = hub.clock.now()
    looked = look(hub, case.number)
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        if case.checked_at is not None and case.checked_at > looked_at:
            return Refreshed(case)  # somebody has looked later than we did and written it already
        return _written(hub, connection, case, looked)


def _written(hub: Hub, connection: sa.Connection, case: Case, looked: Looked) -> Refreshed:
    listed = hub.cases.items(connection, case.id)
    first = hub.cases.next_item(connection, case.id)
    changes = compare(case, listed, looked.seen, looked.read, first, hub.clock.now())
    _write(hub, connection, changes)
    appeared = [*changes.new, *(after for _, after in changes.renewed)]
    hub.tenures.begin(connection, case, [item for item in appeared if item.kind in _ANSWERED_FOR], hub.clock.now())
    named = _name(hub, connection, case) if case.state is not CaseState.COMPLETED else 0
    case = hub.cases.change(connection, case, case.state, checked_at=hub.clock.now())
    return Refreshed(
        case, len(changes.new), len(changes.renewed), len(changes.gone), named=named, unread=dict(looked.unread)
    )


def _write(hub: Hub, connection: sa.Connection, changes: Changes) -> None:
    hub.cases.add_items(connection, changes.new)
    hub.cases.renew_items(connection, changes.renewed)
    hub.cases.move_items(connection, [_ended(item) for item in changes.gone])


def _ended(item: Item) -> ItemChange:
    """An account or right that is not there any more is what was wanted; anything else has gone without us."""
    if item.kind in WATCHED:
        return ItemChange(item, ItemState.DONE, {"code": _READ_BACK, "message": "not there any more"})
    return ItemChange(item, ItemState.GONE, {"code": "gone", "message": "the leaver no longer holds it"})


def _name(hub: Hub, connection: sa.Connection, case: Case) -> int:
    """Offer what nobody is to have yet to whom the policy says."""
    policy = policy_of(hub, case)
    items = hub.cases.items(connection, case.id)
    by_id = {item.id: item for item in items}
    answer_by = hub.clock.now() + timedelta(hours=policy.deadlines.accept_h)
    offers = [
        ItemChange(by_id[number], ItemState.OFFERED, {"successor": successor, "due_at": answer_by})
        for number, successor in propose(case, policy, items).items()
    ]
    return len(hub.cases.move_items(connection, offers))
