"""Messages among the effects: whose they may be, told by the name of their entity, which is not sealed.

Whoever plans a message names its entity by whom it is to (``notice/CASE/NUMBER/…``, ``alerts/CASE/NUMBER``,
``alarm/KEY/NEWS/NUMBER``) or by the recovery case that is about them (``recovery/CASE/…``). So nobody else's need be
opened to find somebody's.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from baton.model.handover import HandoverAction
from baton.store.tables import effects, recovery_cases


def messages() -> sa.ColumnElement[bool]:
    """That an effect is a message."""
    return effects.c.action == HandoverAction.NOTIFY.value


def may_be_to(number: str) -> sa.ColumnElement[bool]:
    """That an effect is a message which may be to somebody: all of theirs, and those of numbers that begin like it.

    ``person_number`` in the payload is who it is to.
    """
    recoveries: sa.Select[Any] = sa.select(recovery_cases.c.id).where(recovery_cases.c.number == number)
    named = effects.c.number.contains(f"/{number}", autoescape=True)
    return sa.and_(messages(), sa.or_(named, effects.c.mapping_digest.in_(recoveries)))
