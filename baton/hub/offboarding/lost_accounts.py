"""Accounts that were there and are not any more: nobody can be asked what they held, since the id went with them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from baton.contracts import BlockerSource, OwnershipStore, WorkSource
from baton.hub.core import SYNC_JOB, Hub
from baton.model.account import AccountState, Action
from baton.model.effect import EffectState, Link
from baton.store.tables import effects

_SHOWS_WORK = (OwnershipStore, WorkSource, BlockerSource)
"""Capabilities of a system in which somebody has more than an account and its rights."""


def lost_accounts(hub: Hub, connection: sa.Connection, number: str) -> list[str]:
    """The systems in which an account of this person went without the hub's doing, whether one was made anew or not.

    Known by what the hub has written: an account that it had made, and that a later look at the system (a reconcile)
    has not found, or that it had to make once more. What went before a handover of theirs was completed is settled.
    A system that is switched off counts, one that has been taken out of ``systems.yaml`` does not.
    """
    systems = [
        system.name
        for system in hub.settings.systems.values()
        if issubclass(hub.registry.load(system.connector), _SHOWS_WORK)
    ]
    links = {link.system: link for link in hub.links.of_person(connection, number)}
    written = _written(hub, connection, number, [name for name in systems if name in links])
    return [name for name in systems if name in written and _lost(written[name], links[name])]


def _written(hub: Hub, connection: sa.Connection, number: str, systems: Sequence[str]) -> dict[str, list[Action]]:
    """What was done to somebody's account since their last handover, by system, in order."""
    over = [case.completed_at for case in hub.cases.of_person(connection, number) if case.completed_at is not None]
    query = sa.select(effects.c.system, effects.c.action).where(
        effects.c.system.in_(systems),
        effects.c.number == number,
        effects.c.job == SYNC_JOB,
        effects.c.state == EffectState.DONE.value,
    )
    if over:
        query = query.where(effects.c.updated_at > max(over))
    found: dict[str, list[Action]] = {}
    for system, action in connection.execute(query.order_by(effects.c.version)):
        found.setdefault(system, []).append(Action(action))
    return found


def _lost(written: Sequence[Action], link: Link) -> bool:
    there = False
    for action in written:
        if there and action is Action.PROVISION:
            return True
        there = action is not Action.REMOVE
    return there and link.state is AccountState.ABSENT
