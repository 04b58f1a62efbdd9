"""What must wait because its opposite was in doubt: a late copy of that request would find just what it expects.

Every transfer names the holder it expects, so a copy that arrives late is refused by what has changed since. One change
it cannot see: what was taken back is again with whom the copy expects. So whatever makes an old expectation true again
waits until no copy of the earlier request can be under way any more.

A right that is to be taken away never waits: an hour too late is worse than once too often, and the next look sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.model.effect import LATEST_COPY, Intention
from baton.model.handover import HandoverAction

_WAITING: Final = (HandoverAction.TRANSFER, HandoverAction.ENTITLE)


def after_doubts(
    hub: Hub, connection: sa.Connection, job: str, system: str, wanted: Sequence[Intention]
) -> list[Intention]:
    """The same intentions in one system, each due only when earlier doubts about the same thing are over."""
    entities = [what.number for what in wanted if what.action in _WAITING]
    doubts = hub.effects.last_doubts(connection, job, system, entities)
    return [
        replace(what, due_at=max(what.due_at, doubts[what.number] + LATEST_COPY))
        if what.action in _WAITING and what.number in doubts
        else what
        for what in wanted
    ]
