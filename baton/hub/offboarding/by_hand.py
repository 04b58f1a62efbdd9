"""Items that no system shows: what a policy says of a role, what a vendor tells of nobody, what lost accounts held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from baton.contracts import BlockerSource
from baton.hub.core import Hub
from baton.hub.offboarding.lost_accounts import lost_accounts
from baton.jobs.offboarding.policy import Policy
from baton.model.case import Case, Item, ItemState, content_digest
from baton.model.handover import Blocker, Holding, HoldingKind, HoldingRef, Undo

_UNKNOWN = "no system knows it"
_ACCOUNT_GONE: Final = "account_gone"


def items_by_hand(hub: Hub, connection: sa.Connection, case: Case, policy: Policy) -> list[Item]:
    """The first items of a new case, numbered from 1: those of the policy, then one for each thing to be looked at."""
    items = []
    for number, template in enumerate(policy.items, 1):
        holding = Holding(HoldingRef(template.kind, f"template-{number}"), template.title, by_hand=_UNKNOWN)
        successor = case.manager if template.to == "manager" else template.to
        items.append(_item(case, policy, number, holding, successor))
    for number, (system, told) in enumerate(untold(hub, connection, case.number), len(items) + 1):
        kind = HoldingKind.OTHER if told.ref is None else told.ref.kind
        ref = HoldingRef(kind, f"{system}/{told.code}")
        items.append(_item(case, policy, number, Holding(ref, told.title, by_hand=told.remedy), case.manager))
    return items


def untold(hub: Hub, connection: sa.Connection, number: str) -> Iterator[tuple[str, Blocker]]:
    """What nobody can be asked about, each with the name of its system.

    What the systems in which this person has an account tell of nobody, and what those may hold in which it is gone.
    """
    for name, system in hub.settings.enabled.items():
        connector = hub.registry.load(system.connector)
        if not issubclass(connector, BlockerSource) or not connector.by_hand:
            continue
        if hub.links.external_ids(connection, name, [number]):
            yield from ((name, told) for told in connector.by_hand)
    yield from ((name, _gone(name)) for name in lost_accounts(hub, connection, number))


def _gone(system: str) -> Blocker:
    return Blocker(
        _ACCOUNT_GONE,
        f"what the leaver's account in {system} held: that account was there, and is gone",
        f"it was deleted or lost outside of the hub, so {system} shows nothing of what it held: have an administrator "
        "look there for records without an owner, for documents, groups and tasks; pass them on, and confirm it here",
    )


def _item(case: Case, policy: Policy, number: int, holding: Holding, successor: str) -> Item:
    nobody = successor in ("", case.number)
    return Item(
        case_id=case.id,
        id=number,
        system="",
        ref=holding.ref,
        state=ItemState.OPEN if nobody else ItemState.OFFERED,
        version=1,
        digest=content_digest(holding, case.salt),
        title=holding.title,
        by_hand=holding.by_hand,
        undo=Undo.REVERSIBLE,
        successor="" if nobody else successor,
        due_at=case.opened_at + timedelta(hours=policy.deadlines.accept_h),
    )
