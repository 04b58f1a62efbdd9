"""Messages among the effects: whose they may be, told by the name of their entity, which is not sealed.

Whoever plans a message names its entity by whom it is to (``notice/CASE/NUMBER/…``, ``alerts/CASE/NUMBER``,
``prescan/CASE/NUMBER``, ``link/CASE/NUMBER/ROLE``,
``alarm/KEY/NEWS/NUMBER``; to a bare address ``@`` and its keyed digest stand for the number) or by the recovery case
that is about them (``recovery/CASE/…``). So nobody else's need be opened to find somebody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from baton.model.handover import HandoverAction
from baton.store.effects import chunked
from baton.store.tables import cases, effects, recovery_cases


def messages() -> sa.ColumnElement[bool]:
    """That an effect is a message."""
    return effects.c.action == HandoverAction.NOTIFY.value


def about_handovers_of(number: str, *which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """That an effect is a message about a handover of somebody's (or such of theirs), to whomever it is."""
    theirs: sa.Select[Any] = sa.select(cases.c.id).where(cases.c.number == number, *which)
    return sa.and_(messages(), effects.c.mapping_digest.in_(theirs))


def may_be_to(number: str) -> sa.ColumnElement[bool]:
    """That an effect is a message which may be to somebody: all of theirs, and those of numbers that begin like it.

    ``person_number`` in the payload is who it is to.
    """
    recoveries: sa.Select[Any] = sa.select(recovery_cases.c.id).where(recovery_cases.c.number == number)
    named = effects.c.number.contains(f"/{number}", autoescape=True)
    return sa.and_(messages(), sa.or_(named, effects.c.mapping_digest.in_(recoveries)))


def told_of(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """By the key of a message what the other side has told of it: ids by which it is found there, and moments."""
    found: dict[str, Mapping[str, str]] = {}
    for chunk in chunked(keys):
        query = sa.select(effects.c.key, effects.c.evidence).where(messages(), effects.c.key.in_(chunk))
        found.update((row.key, row.evidence) for row in connection.execute(query))
    return found
